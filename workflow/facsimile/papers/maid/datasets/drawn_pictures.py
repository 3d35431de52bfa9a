"""Drawn pictures in the form of ``kodak_32``, for small scales without official files."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.papers.maid.datasets.kodak_denoising import with_noise

LABEL = "Drawn pictures"
ROWS, SIDE = 3, 16


class DrawnPictures(Arrays):
    """Each a ramp and a brighter rectangle. ``clean`` and ``noisy``: float32 [3, 16, 16]."""

    name = "drawn_pictures"
    rows = ROWS
    shapes: ClassVar = {"clean": (SIDE, SIDE), "noisy": (SIDE, SIDE)}
    licence = "none needed: generated"
    source = "drawn by this project"

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        ramp = np.linspace(0.1, 0.6, SIDE, dtype=np.float32)
        clean = np.stack(
            [ramp[:, None] + 0 * ramp, 0 * ramp[:, None] + ramp, ramp[::-1, None] + 0 * ramp]
        )
        for number, picture in enumerate(clean):
            picture[3 + number : 9 + number, 4 : 12 - number] += np.float32(0.3)
        return with_noise(clean)
