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
    PAPER: "directions scaled to a variance of 1/2 over all points, so that 1 is the worst value",
    LSBD_VAE: "luis-armando-perez-rey/lsbd-vae d638a42: scaled by the sample variance, so that "
    "(N - 1)/N is the worst value for N points",
}
LABELS = {"d_lsbd": "D_LSBD", "d_lsbd_sum": "D_LSBD, sum over factors"}
SCORES = {
    "d_lsbd": "mean over factors of the dispersion that remains after each rotation is undone",
    "d_lsbd_sum": "the sum over factors instead, as lsbd-vae has it at commit 77d4e5f; up to the "
    "number of factors",
    "d_lsbd_{j}": "the dispersion of varying factor j alone",
    "turns_{j}": "number of turns of the code while varying factor j goes round once; 0 to 10",
}
TURNS = 10
# Share of the codes' variance below which a direction does not move, up to float32's rounding.
ROUNDING = 1e-12
Matrix = npt.NDArray[np.float64]


class _Term(NamedTuple):
    """One factor's dispersion, in [0, 1], and the number of turns at which it is smallest."""

    dispersion: float
    turns: int


def score(draws: Draws, convention: str = PAPER) -> dict[str, float]:
    r"""How far the codes are from rotating in one plane per factor as factors change; 0 is best.

    Every varying factor is treated as cyclic: its $n_j$ values stand for the angles
    $\theta = 2\pi v/n_j$.

    Formula: $\frac{1}{k} \sum_j \min_{|\omega| \le 10} E_g |R(-\omega\theta_j) p_j(g) -
    M_{j\omega}|^2$, with $R$ a rotation of the plane, $M_{j\omega}$ the mean of
    $R(-\omega\theta_j) p_j$, and $p_j(g)$ [2] the codes minus their mean over factor $j$, on their
    first two principal components, each scaled to variance 1/2. That is
    $1 - \max_\omega |M_{j\omega}|^2$.

    Traps:
    - For a factor that is not cyclic the number is meaningless as a symmetry: a perfect linear code
      scores $1 - 3/(2\pi^2) = 0.848$ for many values and 0.5 for two, and one-hot codes of three
      values score 0. Read ``d_lsbd_{j}`` of the cyclic factors.
    - Codes that other metrics consider perfect score badly: a linear code of dSprites 0.824, noise
      1.000.
    - Frequencies above 10 are not tried: a circle that is traversed 12 times scores 1 in place of 0
      (64 values).
    - A third direction that moves with the factor is not noticed: a helix may score 0.
    - A direction that does not move counts as missing: constant codes score 1, for which the
      reference divides 0 by 0.
    - The published figure's axis ends at 2.0, which the mean cannot reach and the sum over two
      factors can: check which of the two a number is.
    - A data set of rotating objects (the reference's cylinder) is scored object by object: pass the
      table of one object at a time.

    Each factor's frequency is found separately, which gives the result of the reference's search
    over all combinations in k(2 * 10 + 1) steps in place of 21^k. Raises ValueError unless the
    table has each combination of factor values once.
    """
    grid = _grid(draws.whole("d_lsbd"))
    terms = [_term(grid, axis) for axis in range(grid.ndim - 1)]
    points = grid[..., 0].size
    scale = (points - 1) / points if convention == LSBD_VAE else 1.0
    dispersions = np.array([term.dispersion for term in terms]) * scale
    scores = {
        "d_lsbd": float(dispersions.mean()),
        "d_lsbd_sum": float(dispersions.sum()),
    }
    for j, dispersion in enumerate(dispersions):
        scores[f"d_lsbd_{j}"] = float(dispersion)
    for j, term in enumerate(terms):
        scores[f"turns_{j}"] = float(term.turns)
    return scores


def _grid(table: Table) -> Matrix:
    """Codes [n_1, ..., n_k, d] by their factors' values.

    Raises ValueError unless each combination of values occurs exactly once.
    """
    if table.grid is None:
        sizes = " x ".join(map(str, table.sizes))
        raise ValueError(
            f"d_lsbd needs each combination of factor values once ({sizes}), not "
            f"{len(table.codes)} rows; give the complete grid, or leave the metric out"
        )
    codes = table.codes[table.grid].astype(np.float64)
    return codes.reshape(*table.sizes, -1)


def _term(grid: Matrix, axis: int) -> _Term:
    """Dispersion and number of turns of the factor that varies along ``axis``."""
    width = grid.shape[-1]
    moved = grid - grid.mean(axis=axis, keepdims=True)
    flat = moved.reshape(-1, width)
    # eigh sorts in rising order: the last two directions, backwards, are the first components.
    variances, directions = np.linalg.eigh(flat.T @ flat / len(flat))
    variances = variances[:-3:-1]
    directions = directions[:, :-3:-1]
    others = tuple(other for other in range(grid.ndim - 1) if other != axis)
    path = moved.mean(axis=others) @ directions
    total_variance = grid.reshape(-1, width).var(axis=0).sum()
    constant = variances <= ROUNDING * total_variance
    scale = np.sqrt(2 * np.where(constant, 1.0, variances))
    return _least_dispersion(np.where(constant, 0.0, path) / scale)


def _least_dispersion(path: Matrix) -> _Term:
    """The smallest dispersion over all numbers of turns.

    ``path`` [n, 1 or 2] is a factor's mean path in its plane, of unit variance in both directions
    together.
    """
    plane = path[:, 0].astype(np.complex128)
    if path.shape[1] == 2:
        plane = path[:, 0] + 1j * path[:, 1]
    turns = np.array(sorted(range(-TURNS, TURNS + 1), key=abs))
    angles = 2 * np.pi * np.arange(len(plane)) / len(plane)
    rotations = np.exp(-1j * np.outer(turns, angles))
    means = rotations @ plane / len(plane)
    strength = np.abs(means) ** 2
    # With few values several numbers of turns are equivalent: rounding makes the fewest win.
    best = int(strength.round(9).argmax())
    dispersion = max(0.0, 1.0 - float(strength[best]))
    return _Term(dispersion, abs(int(turns[best])))
