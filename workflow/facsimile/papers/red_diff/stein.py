"""The kernel Stein discrepancy with an inverse multiquadric kernel, (c² + |x - y|²)^(-1/2)."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.conventions import PAPER
from facsimile.papers.red_diff.inverse import Inverse
from facsimile.statistics.diffusion.gaussian_mixture import Floats, GaussianMixture

NODES = 80  # of quadrature in each of at most two dimensions
MOST = 2
UNIT, RANK = "unit-scale", "rank-scale"
SMALL = 1e-10  # of the largest singular value: what is below is 0


def scale(
    problem: Inverse,
    convention: str = PAPER,
) -> float:
    """Return c = 1 / (1 + the median singular value of H), as Qiu et al. 2026 choose it.

    Of all singular values, or of those above 0 (``rank-scale``), which differ where observations
    are repeated; or 1 (``unit-scale``).
    """
    if convention == UNIT:
        return 1.0
    values = np.linalg.svd(problem.matrix, compute_uv=False)
    is_positive = values > values[0] * SMALL
    # Of values that are 0 up to rounding, the median is to be 0.
    exact = np.where(is_positive, values, 0.0)
    chosen = exact[is_positive] if convention == RANK else exact
    return float(1 / (1 + np.median(chosen)))


def stein_kernel(
    x: Floats,
    scores: Floats,
    c: float,
) -> Floats:
    """Return the Stein kernel [n, n] of points [n, d] and the law's scores [n, d] there.

    Its mean is 0 if one of the points is from the law and independent of the other one.
    """
    inner = x @ x.T
    squares = np.diag(inner)
    distances = squares[:, None] + squares - 2 * inner
    distances = np.maximum(distances, 0.0)
    q = c**2 + distances
    along = scores @ x.T  # scores of rows, points of columns
    own = np.diag(along)
    # (s_x - s_y)·(x - y) = s_x·x + s_y·y - s_x·y - s_y·x
    cross = own[:, None] + own - along - along.T
    dimension = x.shape[1]
    kernel: Floats = scores @ scores.T / np.sqrt(q)
    kernel += (cross + dimension) / q**1.5
    kernel -= 3 * distances / q**2.5
    return kernel


def discrepancies(
    x: Floats,
    law: GaussianMixture,
    c: float,
) -> tuple[float, float]:
    """Return the squared discrepancy of points [n, d] from a law: V- and U-statistic.

    The V-statistic is a mean over all pairs, and never negative. The U-statistic leaves out pairs
    of a point with itself, and is 0 on average for points that are from the law.
    """
    kernel = stein_kernel(x, law.score(x), c)
    n = len(x)
    total = float(kernel.sum())
    others = total - float(np.trace(kernel))
    return total / n**2, others / (n * (n - 1))


def expected(
    law: GaussianMixture,
    c: float,
    n: int,
) -> float:
    """Return the mean V-statistic of n independent draws from the law itself.

    Only pairs of a point with itself count: (E |∇ log p|² / c + d / c³) / n.
    """
    dimension = law.means.shape[1]
    own = mean_squared_score(law) / c + dimension / c**3
    return own / n


def mean_squared_score(law: GaussianMixture) -> float:
    """Return E |∇ log p(x)|² under p, by quadrature in the coordinates that tell components apart.

    Raises ValueError if these are more than two, or correlated with the others.
    """
    differs = _differing(law.means, axes=0)
    differs |= _differing(law.covariances, axes=(0, 1))
    same = ~differs
    rest = np.linalg.inv(law.covariances[0][same][:, same])
    score = float(np.trace(rest))
    if not differs.any():
        return score
    tied = law.covariances[:, differs][:, :, same]
    if differs.sum() > MOST or np.any(tied):
        raise ValueError(
            f"components may differ in at most {MOST} coordinates that are independent of the "
            f"others, not in {int(differs.sum())}"
        )
    block = GaussianMixture(
        law.weights,
        law.means[:, differs],
        law.covariances[:, differs][:, :, differs],
    )
    return score + _by_quadrature(block)


def _differing(
    values: Floats,
    axes: int | tuple[int, int],
) -> npt.NDArray[np.bool_]:
    """For which last index the components [k, ...] are not all equal."""
    return np.any(values != values[0], axis=axes)


def _by_quadrature(block: GaussianMixture) -> float:
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    dimension = block.means.shape[1]
    grid = _grid(nodes, dimension)
    shares = _grid(weights / weights.sum(), dimension).prod(1)
    roots = np.linalg.cholesky(block.covariances)
    parts = []
    for mean, root in zip(block.means, roots, strict=True):
        scores = block.score(mean + grid @ root.T)
        squares = np.square(scores).sum(1)
        parts.append(shares @ squares)
    return float(block.weights @ parts)


def _grid(
    values: Floats,
    dimension: int,
) -> Floats:
    """All combinations of values [n**dimension, dimension]."""
    axes = np.meshgrid(*[values] * dimension, indexing="ij")
    return np.stack([axis.ravel() for axis in axes], axis=1)
