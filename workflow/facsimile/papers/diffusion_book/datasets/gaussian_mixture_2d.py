"""Draws from a mixture of five Gaussians in the plane, in two classes."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.papers.diffusion_book import laws

LABEL = "Gaussian mixture"


class GaussianMixture2D(Arrays):
    """Points ``x`` [2] of the mixture in ``laws.py``, and the ``label`` of their class, 0 or 1."""

    name = "gaussian_mixture_2d"
    rows = 20_000
    shapes: ClassVar = {"x": (2,), "label": ()}
    licence = "none needed: generated"
    source = "our own"

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=0))
        x, components = laws.planar().sample(
            cls.rows,
            random,
        )
        return {"x": x.astype(np.float32), "label": laws.CLASS[components]}
