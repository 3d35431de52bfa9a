"""The kernel Stein discrepancy with an inverse multiquadric kernel, (c² + |x - y|²)^(-1/2)."""

import numpy as np

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
    if convention == RANK:
        values = values[values > values[0] * SMALL]
    # The median of values that are 0 up to rounding is 0.
    median = float(np.median(values))
    return 1 / (1 + (median if median > values[0] * SMALL else 0.0))


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
    distances = np.maximum(squares[:, None] + squares - 2 * inner, 0.0)
    q = c**2 + distances
    along = scores @ x.T  # scores of rows, points of columns
    own = np.diag(along)
    # (s_x - s_y)·(x - y) = s_x·x + s_y·y - s_x·y - s_y·x
    cross = own[:, None] + own - along - along.T
    dimension = x.shape[1]
    kernel: Floats = scores @ scores.T / np.sqrt(q)
    kernel += (cross + dimension) / q**1.5 - 3 * distances / q**2.5
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
    total, own = float(kernel.sum()), float(np.trace(kernel))
    return total / n**2, (total - own) / (n * (n - 1))


def expected(
    law: GaussianMixture,
    c: float,
    n: int,
) -> float:
    """Return the mean V-statistic of n independent draws from the law itself.

    Only pairs of a point with itself count: (E |∇ log p|² / c + d / c³) / n.
    """
    dimension = law.means.shape[1]
    return (mean_squared_score(law) / c + dimension / c**3) / n


def mean_squared_score(law: GaussianMixture) -> float:
    """Return E |∇ log p(x)|² under p, by quadrature in the coordinates that tell components apart.

    Raises ValueError if these are more than two, or correlated with the others.
    """
    differs = np.any(law.means != law.means[0], axis=0)
    differs |= np.any(law.covariances != law.covariances[0], axis=(0, 1))
    rest = np.trace(np.linalg.inv(law.covariances[0][np.ix_(~differs, ~differs)]))
    if not differs.any():
        return float(rest)
    is_tied = np.any(law.covariances[:, differs][:, :, ~differs])
    if differs.sum() > MOST or is_tied:
        raise ValueError(
            f"components may differ in at most {MOST} coordinates that are independent of the "
            f"others, not in {int(differs.sum())}"
        )
    block = GaussianMixture(
        law.weights,
        law.means[:, differs],
        law.covariances[:, differs][:, :, differs],
    )
    return float(rest) + _by_quadrature(block)


def _by_quadrature(block: GaussianMixture) -> float:
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    dimension = block.means.shape[1]
    grid = np.stack(np.meshgrid(*[nodes] * dimension, indexing="ij"), -1).reshape(-1, dimension)
    shares = np.stack(np.meshgrid(*[weights] * dimension, indexing="ij"), -1).reshape(-1, dimension)
    shares = shares.prod(1) / shares.prod(1).sum()
    total = 0.0
    roots = np.linalg.cholesky(block.covariances)
    for weight, mean, root in zip(block.weights, block.means, roots, strict=True):
        scores = block.score(mean + grid @ root.T)
        total += weight * float(shares @ np.square(scores).sum(1))
    return total
