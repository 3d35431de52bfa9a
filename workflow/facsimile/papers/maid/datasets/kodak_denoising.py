"""Small grey pictures of Kodak's with noise, as for the denoising by fields of experts."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from facsimile.datasets.base.archived import ArchivedArrays
from facsimile.datasets.kodak import FILES, photograph
from facsimile.papers.maid.datasets.bilevel_quadratic import Stream

LABELS = {
    "kodak_32": "Kodak, 8 pictures of 32 × 32",
    "kodak_256": "Kodak, 20 pictures of 256 × 256",
}
MEMBERS = {
    "kodak_32": {"rows": 8, "side": 32},
    "kodak_256": {"rows": 20, "side": 256},
}
FIRST = 4  # kodim05.png; the released script leaves out five files of a list in no stated order
NOISE = np.float32(0.1)
SEED = 31


class KodakDenoising(ArchivedArrays):
    """Photographs scaled to squares, and then grey, as by the released script.

    ``clean`` and ``noisy``: float32 [n, side, side], the former in [0, 1]. Noise has a standard
    deviation of 0.1, from the random numbers of torch with the script's seed.
    """

    files = FILES
    licence = "released by Eastman Kodak for unrestricted use, says r0k.us"
    source = "http://r0k.us/graphics/kodak"
    side: ClassVar[int]

    def __init_subclass__(cls) -> None:
        if "side" in vars(cls):
            cls.shapes = {"clean": (cls.side, cls.side), "noisy": (cls.side, cls.side)}
            cls.files = FILES[FIRST : FIRST + cls.rows]

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        paths = cls.downloaded(source)
        pictures = []
        for official in cls.files:
            small = photograph(paths[official.name]).resize(
                (cls.side, cls.side),
                Image.Resampling.BILINEAR,
            )
            grey = np.asarray(small.convert("L"), np.float32)
            pictures.append(grey / np.float32(255))
        clean: npt.NDArray[np.float32] = np.stack(pictures)[: cls.rows].astype(np.float32)
        return with_noise(clean)


def with_noise(clean: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[Any]]:
    """Return pictures [n, side, side], and the same with noise."""
    noise = Stream(SEED).normal(clean.size).reshape(clean.shape)
    return {"clean": clean, "noisy": clean + NOISE * noise}
