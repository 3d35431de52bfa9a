"""FactorVAE score: whether the code that varies least tells which factor a batch holds fixed."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics._conventions import CORRECTED, DLIB, SAME
from facsimile.metrics._conventions import REFERENCE as REFEREE
from facsimile.metrics._draws import Draws, Table

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "factor_vae_score"
NEEDS = ("codes", "factors", "table")
REFERENCE = "Kim and Mnih 2018, Disentangling by factorising, section 4"
CONVENTIONS = {
    DLIB: f"{REFEREE}: a code counts if its standard deviation is at least 0.05; active_dimensions is the number of all codes",
    **SAME,
    CORRECTED: "the same score; active_dimensions is the number of codes that count",
}
PRUNE = 0.05


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    """Test accuracy of a majority vote: the code of least normalised variance in 64 points predicts the factor held fixed.

    As many batches as there are training and test points, and as many points as training points for the codes' own variances.
    The paper drops collapsed codes by their KL; here those of a standard deviation below 0.05 are dropped, and with no code
    left the score is 0.
    """
    table, random = draws.whole("factor_vae_score"), np.random.RandomState(draws.seed)
    n_train, n_test = draws.sizes
    overall, active = spread(table, n_train, random)
    if not active.any():
        return {"factor_vae_score": 0.0, "active_dimensions": 0.0}
    counted = active.sum() if convention == CORRECTED else active.size
    found = votes(table, n_train, draws.batch, overall, active, random)
    chosen = found.argmax(axis=0)
    tested = votes(table, n_test, draws.batch, overall, active, random)
    right = tested[chosen, np.arange(tested.shape[1])].sum()
    return {"factor_vae_score": float(right / tested.sum()), "active_dimensions": float(counted)}


def spread(table: Table, n: int, random: np.random.RandomState) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Variance [d] of each code over ``n`` points, and which codes are active [d]."""
    overall = table.codes[table.draw(n, random)].var(axis=0, ddof=1)
    return overall, np.sqrt(overall) >= PRUNE


def votes(
    table: Table,
    n: int,
    size: int,
    overall: npt.NDArray[np.float32],
    active: npt.NDArray[np.bool_],
    random: np.random.RandomState,
) -> npt.NDArray[np.int64]:
    """How often [k, active codes], in ``n`` batches of ``size`` points with one factor fixed, each code varied least."""
    votes = np.zeros((table.width, int(active.sum())), np.int64)
    for _ in range(n):
        factor = random.randint(table.width)
        batch = table.codes[table.draw_fixed(size, factor, random)]
        votes[factor, np.argmin(batch.var(axis=0, ddof=1)[active] / overall[active])] += 1
    return votes
