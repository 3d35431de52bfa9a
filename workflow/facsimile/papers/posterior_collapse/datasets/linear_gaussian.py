"""Gaussian vectors x and y with different variances, for linear models whose optima are known."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays

# Standard deviations along the principal axes of x.
X_SCALES = (2.0, 1.5, 1.1, 0.8, 0.5, 0.3)
# Standard deviations along the principal axes of the part of y that x does not explain.
Y_SCALES = (1.8, 1.3, 0.9, 0.6, 0.4)
SEED = 2


class LinearGaussian(Arrays):
    """100 draws of x [6] and of y [5] = B x + e.

    They have as many rows and dimensions as the matrix checks by the authors of *Beyond Vanilla
    Variational Autoencoders*. There, the variance is the same in all directions, so all units
    collapse at nearly the same point; here, they collapse one by one.
    """

    name = "linear_gaussian"
    rows = 100
    shapes: ClassVar = {"x": (6,), "y": (5,)}
    licence = "none needed: generated"
    source = (
        "our own; sizes of thotranhuu99/Posterior_collapse_CVAE_HVAE, "
        "matrix_CVAE.py and matrix_HVAE_*.py"
    )

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=SEED))
        x = _gaussian(random, X_SCALES)
        residual = _gaussian(random, Y_SCALES)
        shape = (len(X_SCALES), len(Y_SCALES))
        coefficients = random.normal(0, 0.3, shape)
        y = x @ coefficients + residual
        return {
            "x": x.astype(np.float32),
            "y": y.astype(np.float32),
        }


def _gaussian(
    random: np.random.Generator,
    scales: tuple[float, ...],
) -> npt.NDArray[np.float64]:
    """Draws [100, d] with these standard deviations along random axes."""
    d = len(scales)
    axes, _ = np.linalg.qr(random.normal(size=(d, d)))
    along_axes = random.normal(size=(LinearGaussian.rows, d)) * np.array(scales)
    draws: npt.NDArray[np.float64] = along_axes @ axes.T
    return draws
