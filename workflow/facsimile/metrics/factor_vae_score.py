"""FactorVAE score: whether the code that varies least tells which factor a batch holds fixed."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.conventions import CORRECTED, DLIB, SAME
from facsimile.metrics.base.conventions import REFERENCE as REFEREE
from facsimile.metrics.base.draws import Draws, Table

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "factor_vae_score"
NEEDS = ("codes", "factors", "table")
REFERENCE = "Kim and Mnih 2018, Disentangling by factorising, section 4"
CONVENTIONS = {
    DLIB: f"{REFEREE}: a code counts if its standard deviation is at least 0.05; active_dimensions is the number of all codes, "
    "0 if none counts",
    **SAME,
    CORRECTED: "the same score; active_dimensions is the number of codes that count",
}
LABELS = {
    "factor_vae_score": "FactorVAE score",
}
SCORES = {
    "factor_vae_score": "accuracy on the test batches; chance is one over the number of factors",
    "active_dimensions": "number of codes, 0 to d: all of them, or with corrected those that count",
}
PRUNE = 0.05


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""Test accuracy of a majority vote: the code that varies least in a batch of 64 points predicts the factor held fixed.

    Formula: $\frac{1}{m} \sum_b [v(d_b) = f_b]$ with $d_b = \arg\min_i \mathrm{Var}_b(z_i) / \mathrm{Var}(z_i)$ the code that
    varies least in test batch $b$, $f_b$ the factor held fixed there, and $v(i)$ the factor that was fixed most often in the
    training batches in which code $i$ varied least. As many batches as there are training and test points, and as many points
    as training points for the codes' own variances.

    Traps:
    - Units matter: codes of a standard deviation below 0.05 are dropped, and with none left the score is 0. A perfect code of
      dSprites has 1, and 0 if it is multiplied by 0.04. The paper drops codes that collapsed by their KL; disentanglement_lib
      has 0 for the threshold, unless its configuration says 0.05, as that of Locatello et al. 2019 does.
    - It is at the top long before the latents are: two pairs of factors of dSprites turned by 40 degrees have 1, by 45 0.59.
    - The number of points in a batch is part of it: a perfect code of dSprites with noise of twice its size has 0.26 in batches
      of 4 points, 0.35 of 16, 0.56 of 64 and 0.88 of 256.
    - A factor that no latent holds costs one over the number of factors, and so do two factors in one latent: 0.80 on dSprites.
      A copy of a latent costs nothing.
    - Chance is one over the number of factors (0.197 for noise on dSprites), not 0.
    - disentanglement_lib's num_active_dims is the number of all codes: 5 where four of five are constant.
    - From a table that is no complete grid, the other factors vary in a batch as they do in the table.
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


def spread(
    table: Table, n: int, random: np.random.RandomState
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
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
