"""Gaussian vectors x and y with a spread of variances, for linear models whose optima are known."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays

X_SCALES = (2.0, 1.5, 1.1, 0.8, 0.5, 0.3)  # standard deviations along the principal axes of x
Y_SCALES = (1.8, 1.3, 0.9, 0.6, 0.4)  # and along those of the part of y that x does not explain
SEED = 2


class LinearGaussian(Arrays):
    """100 draws of x [6] and of y [5] = B x + e.

    As many rows and dimensions as the matrix checks of the authors of *Beyond Vanilla Variational Autoencoders* have. Theirs
    have one variance for all directions, so that all units collapse nearly at once; here they collapse one by one.
    """

    name = "linear_gaussian"
    rows = 100
    shapes: ClassVar = {"x": (6,), "y": (5,)}
    licence = "none needed: generated"
    source = "our own; sizes of thotranhuu99/Posterior_collapse_CVAE_HVAE, matrix_CVAE.py and matrix_HVAE_*.py"

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=SEED))
        x = _gaussian(random, X_SCALES)
        residual = _gaussian(random, Y_SCALES)
        y = x @ random.normal(0, 0.3, (len(X_SCALES), len(Y_SCALES))) + residual
        return {"x": x.astype(np.float32), "y": y.astype(np.float32)}


def _gaussian(random: np.random.Generator, scales: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """Draws [100, d] with these standard deviations along random axes."""
    axes = np.linalg.qr(random.normal(size=(len(scales), len(scales))))[0]
    drawn: npt.NDArray[np.float64] = (
        random.normal(size=(LinearGaussian.rows, len(scales))) * np.array(scales) @ axes.T
    )
    return drawn
