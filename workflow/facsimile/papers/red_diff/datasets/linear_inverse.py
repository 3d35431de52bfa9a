"""Linear inverse problems in 16 dimensions, with a prior of which everything is known."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays

LABELS = {
    "inverse_a1_20": "A1, noise 0.2",
    "inverse_a1_50": "A1, noise 0.5",
    "inverse_a2_20": "A2, noise 0.2",
    "inverse_a2_50": "A2, noise 0.5",
    "inverse_gaussian": "A1, Gaussian prior",
}
MEMBERS = {
    "inverse_a1_20": {"observes": "fading", "noise": 0.2, "prior": "mixture"},
    "inverse_a1_50": {"observes": "fading", "noise": 0.5, "prior": "mixture"},
    "inverse_a2_20": {"observes": "repeated", "noise": 0.2, "prior": "mixture"},
    "inverse_a2_50": {"observes": "repeated", "noise": 0.5, "prior": "mixture"},
    "inverse_gaussian": {"observes": "fading", "noise": 0.2, "prior": "gaussian"},
}
DIMENSION, COMPONENTS = 16, 2
TRUTH = (3, 2, 0.5, -0.5, 1, 0.8, -0.6, 1.1, -0.9, 0.4, 0, -1.2, 0.7, -0.3, 0.5, -0.8)
SHARES, FAR, WIDER = (0.8, 0.2), 3.0, 2.0  # of the mixture: weights, second mean and variance
Array = npt.NDArray[Any]
Law = tuple[Array, Array, Array]
CORRELATION, CENTRE = 0.6, 0.5  # of the Gaussian prior, between neighbours, and its mean


class LinearInverse(Arrays):
    """One row: y = H x + σ v, and the law that x is from.

    Prior ``mixture``: coordinates 1 and 2 are from 0.8 N(0, I) + 0.2 N((3, 3), 2 I), the others
    from N(0, 1). Prior ``gaussian`` (ours): mean 0.5, variances 1, and correlations 0.6^|i-j|.

    ``fading`` (A1) observes coordinates 3 to 16 times 0.1, 0.15, ..., 0.75; ``repeated`` (A2)
    observes each of the coordinates 1 to 4 three times.

    ``weights``, ``means`` and ``roots`` are of the prior, whose covariances are root rootᵀ; a
    weight of 0 is no component. ``matrix`` is H with rows of 0 below, ``deviation`` σ, and
    ``truth`` the x that a run observes, with noise of its own seed.
    """

    name = "linear_inverse"
    observes: ClassVar[str] = "fading"
    noise: ClassVar[float] = 0.2
    prior: ClassVar[str] = "mixture"
    rows = 1
    shapes: ClassVar = {
        "weights": (COMPONENTS,),
        "means": (COMPONENTS, DIMENSION),
        "roots": (COMPONENTS, DIMENSION, DIMENSION),
        "matrix": (DIMENSION, DIMENSION),
        "deviation": (),
        "truth": (DIMENSION,),
    }
    licence = "none needed: numbers of a formula"
    source = "the toy problems of Qiu et al. 2026, arXiv 2602.04189; the Gaussian prior is our own"

    @classmethod
    def generate(
        cls,
        source: Path | None,
    ) -> dict[str, npt.NDArray[Any]]:
        law = _mixture() if cls.prior == "mixture" else _gaussian()
        weights, means, roots = law
        arrays = {
            "weights": weights,
            "means": means,
            "roots": roots,
            "matrix": _fading() if cls.observes == "fading" else _repeated(),
            "deviation": np.array(cls.noise),
            "truth": np.array(TRUTH),
        }
        return {name: _row(values) for name, values in arrays.items()}


def _row(values: Array) -> Array:
    return values[None].astype(np.float32)


def _mixture() -> Law:
    means = np.zeros((COMPONENTS, DIMENSION))
    means[1, :2] = FAR
    root = np.eye(DIMENSION)
    wider = root.copy()
    wider[:2] *= np.sqrt(WIDER)
    return np.array(SHARES), means, np.stack([root, wider])


def _gaussian() -> Law:
    places = np.arange(DIMENSION)
    distances = np.abs(places[:, None] - places)
    root = np.linalg.cholesky(CORRELATION**distances)
    means = np.full((COMPONENTS, DIMENSION), CENTRE)
    return np.array([1.0, 0.0]), means, np.stack([root, root])


def _fading() -> Array:
    """Row i observes coordinate i + 3."""
    matrix = np.zeros((DIMENSION, DIMENSION))
    rows = np.arange(DIMENSION - 2)
    matrix[rows, rows + 2] = 0.1 + 0.05 * rows
    return matrix


def _repeated() -> Array:
    """Rows i, i + 4 and i + 8 observe coordinate i."""
    matrix = np.zeros((DIMENSION, DIMENSION))
    rows = np.arange(12)
    matrix[rows, rows % 4] = 1
    return matrix
