"""Linear symmetry-based disentanglement of cyclic factors."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.draws import Draws, Table

RANGE = (0.0, 1.0)
BETTER = "lower"
HEADLINE = "d_lsbd"
NEEDS = ("codes", "factors", "grid")
REFERENCE = (
    "Tonnaer et al. 2022, Quantifying and learning linear symmetry-based disentanglement; "
    "equations 4.20 to 4.24 of Tonnaer's thesis"
)
LSBD_VAE = "lsbd-vae"
CONVENTIONS = {
    PAPER: "directions scaled to the variance 1/2 over all points, so that 1 is the worst",
    LSBD_VAE: "luis-armando-perez-rey/lsbd-vae d638a42: scaled to the sample variance, so that (N - 1)/N is the worst "
    "of N points",
}
SCORES = {
    "d_lsbd": "mean over factors of the dispersion that is left after each turn is undone",
    "d_lsbd_sum": "the same added up instead, as lsbd-vae has it at commit 77d4e5f; up to the number of factors",
    "d_lsbd_{j}": "the dispersion of varying factor j alone",
    "turns_{j}": "how often the code of varying factor j goes round while the factor does so once; 0 to 10",
}
TURNS = 10
# Of the codes' variance: less is what float32 leaves of a direction that does not move.
ROUNDING = 1e-12
Matrix = npt.NDArray[np.float64]


class _Term(NamedTuple):
    dispersion: float
    turns: int


def score(draws: Draws, convention: str = PAPER) -> dict[str, float]:
    r"""How far the codes are from turning on circles, one plane for each factor, while the factors go round; 0 is best.

    Every varying factor is taken for cyclic: its $n_j$ values for the angles $\theta = 2\pi v/n_j$.

    Formula: $\frac{1}{k} \sum_j \min_{|\omega| \le 10} E_g |R(-\omega\theta_j) p_j(g) - M_{j\omega}|^2$, $R$ a rotation of the
    plane, $M_{j\omega}$ the mean of $R(-\omega\theta_j) p_j$, and $p_j(g)$ [2] the codes less their mean over factor $j$, on
    their first two principal components, each scaled to variance 1/2. That is $1 - \max_\omega |M_{j\omega}|^2$.

    Traps:
    - For a factor that is not cyclic the number has no meaning as a symmetry: a perfect linear code has
      $1 - 3/(2\pi^2) = 0.848$ for many values and 0.5 for two, and one-hot codes of three values have 0. Read ``d_lsbd_{j}`` of
      the cyclic ones.
    - Codes that are perfect to other metrics are near the bottom: a linear code of dSprites has 0.824, noise 1.000.
    - Frequencies beyond 10 are not looked for: a circle that is run through 12 times has 1 instead of 0 (64 values).
    - A third direction that moves with the factor is not seen: a helix may have 0.
    - A direction that does not move counts as missing: constant codes have 1, for which the reference divides 0 by 0.
    - The published figure's axis ends at 2.0, which the mean cannot reach and the sum over two factors can: ask which is meant.
    - A data set of objects that turn (the reference's cylinder) is scored object by object: give one object's table at a time.

    Each factor's frequency is found apart, which is the reference's search over all combinations in k(2 * 10 + 1) steps instead
    of 21^k. Raises ValueError unless the table has each combination of factor values once.
    """
    grid = _grid(draws.whole("d_lsbd"))
    terms = [_term(grid, axis) for axis in range(grid.ndim - 1)]
    points = grid[..., 0].size
    values = np.array([term.dispersion for term in terms]) * (
        (points - 1) / points if convention == LSBD_VAE else 1.0
    )
    found = {"d_lsbd": float(values.mean()), "d_lsbd_sum": float(values.sum())}
    found |= {f"d_lsbd_{j}": float(value) for j, value in enumerate(values)}
    return found | {f"turns_{j}": float(term.turns) for j, term in enumerate(terms)}


def _grid(table: Table) -> Matrix:
    """Codes [n_1, ..., n_k, d] by their factors' values; raises ValueError if some combination is not there just once."""
    if table.grid is None:
        raise ValueError(
            f"d_lsbd needs each combination of factor values once ({' x '.join(map(str, table.sizes))}), not "
            f"{len(table.codes)} rows; give the complete grid, or leave the metric out"
        )
    return table.codes[table.grid].astype(np.float64).reshape(*table.sizes, -1)


def _term(grid: Matrix, axis: int) -> _Term:
    """One factor's dispersion, in [0, 1], and the number of turns at which it is least."""
    moved = grid - grid.mean(axis=axis, keepdims=True)
    flat = moved.reshape(-1, grid.shape[-1])
    variances, directions = np.linalg.eigh(flat.T @ flat / len(flat))
    others = tuple(other for other in range(grid.ndim - 1) if other != axis)
    path = moved.mean(axis=others) @ directions[:, :-3:-1]
    still = variances[:-3:-1] <= ROUNDING * grid.reshape(-1, grid.shape[-1]).var(axis=0).sum()
    path = np.where(still, 0.0, path) / np.sqrt(2 * np.where(still, 1.0, variances[:-3:-1]))
    return _least(path)


def _least(path: Matrix) -> _Term:
    """Of a factor's mean path [n, 1 or 2] in its plane; unit variance in both directions together."""
    plane = path[:, 0] + 1j * path[:, 1] if path.shape[1] == 2 else path[:, 0].astype(np.complex128)
    turns = np.array(sorted(range(-TURNS, TURNS + 1), key=abs))
    angles = 2 * np.pi * np.arange(len(plane)) / len(plane)
    strength = np.abs(np.exp(-1j * np.outer(turns, angles)) @ plane / len(plane)) ** 2
    best = int(
        strength.round(9).argmax()
    )  # of turns that are the same for so few values, the fewest
    return _Term(max(0.0, 1.0 - float(strength[best])), abs(int(turns[best])))
