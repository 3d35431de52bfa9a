"""Linear structural causal models in closed form, and what scaling some of their edges does.

A row of variables is z = ε (I - A)⁻¹, where A[i, j] is the weight of the edge from i to j and the
exogenous terms ε are independent of each other. Surgery scales entries of A and leaves ε as it is.
"""

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Edge = tuple[int, int]  # (cause, effect)


def factors(
    size: int,
    edges: list[Edge],
    strength: float,
) -> Floats:
    """Return the factor of each edge's weight [size, size]: ``strength`` for ``edges``, else 1."""
    scale = np.ones((size, size))
    for cause, effect in edges:
        scale[cause, effect] = strength
    return scale


def mixing(weights: Floats) -> Floats:
    """Return (I - A)⁻¹ of weights A [k, k]: entry [i, j] is the total effect of i on j."""
    identity = np.eye(len(weights))
    total = np.linalg.inv(identity - weights)
    return np.asarray(total, dtype=np.float64)


def covariance(
    weights: Floats,
    variances: Floats,
) -> Floats:
    """Return the covariance [k, k] of the variables.

    Args:
        weights: A [k, k].
        variances: those of the exogenous terms, [k].
    """
    total = mixing(weights)
    result: Floats = total.T @ np.diag(variances) @ total
    return result


def correlation(covariances: Floats) -> Floats:
    """Return the correlations [k, k] of a covariance."""
    deviations = np.sqrt(np.diag(covariances))
    result: Floats = covariances / np.outer(deviations, deviations)
    return result


def regression(
    covariances: Floats,
    parents: npt.NDArray[np.bool_],
) -> tuple[Floats, Floats]:
    """Regress each variable on its parents by least squares.

    Args:
        covariances: of the variables, [k, k].
        parents: [i, j] is true if i is a parent of j.

    Returns:
        The weights A [k, k] and the variances [k] of what is left of each variable.
    """
    weights = np.zeros_like(covariances)
    for effect, is_parent in enumerate(parents.T):
        causes = np.flatnonzero(is_parent)
        among = covariances[np.ix_(causes, causes)]
        with_effect = covariances[causes, effect]
        weights[causes, effect] = np.linalg.solve(among, with_effect)
    residual = np.eye(len(weights)) - weights
    left = residual.T @ covariances @ residual
    return weights, np.diag(left).copy()


def parity_gap(
    effect: float,
    variance: float,
    shift: float = 0.0,
) -> float:
    """Return P(y > 0 | s = 1) - P(y > 0 | s = -1) of y = ``effect`` s + noise.

    The noise is a Gaussian of this variance, plus ``shift`` or minus it with equal probability.
    """
    deviation = np.sqrt(variance)
    with_shift = special.ndtr((effect + shift) / deviation)
    against_shift = special.ndtr((effect - shift) / deviation)
    # Both are symmetric about 0, so that P(y > 0 | s = -1) is 1 - P(y > 0 | s = 1).
    return float(with_shift + against_shift - 1)
