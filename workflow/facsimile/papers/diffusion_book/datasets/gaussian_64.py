"""Draws from a Gaussian in 64 dimensions, with variances from 4 to 0.0004."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.papers.diffusion_book import laws

LABEL = "64-D Gaussian"


class Gaussian64(Arrays):
    """Points ``x`` [64] of N(0, diag), whose variances are in ``laws.py``."""

    name = "gaussian_64"
    rows = 2000
    shapes: ClassVar = {"x": (laws.DIMENSIONS,)}
    licence = "none needed: generated"
    source = "our own"

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=0))
        normals = random.standard_normal((cls.rows, laws.DIMENSIONS))
        return {"x": (normals * np.sqrt(laws.variances())).astype(np.float32)}
