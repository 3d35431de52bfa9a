"""Mutual information gap."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base import mutual_information as information
from facsimile.metrics.base.conventions import DLIB, EXACT, SAME
from facsimile.metrics.base.conventions import REFERENCE as REFEREE
from facsimile.metrics.base.draws import Draws

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "mig"
NEEDS = ("codes", "factors")
REFERENCE = "Chen et al. 2018, Isolating sources of disentanglement in VAEs, eq. 6"
CONVENTIONS = {
    DLIB: f"{REFEREE}: codes in 20 bins of equal width over the range of the training draws, means only",
    **SAME,
    EXACT: "the same bins over the whole table instead of draws: no sampling noise (the study has -0.007 to +0.013)",
}
LABELS = {
    "mig": "MIG",
}
SCORES = {
    "mig": "mean over factors of the gap of mutual information over the factor's entropy, no unit"
}
Matrix = npt.NDArray[np.float64]


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""Mean over factors of the gap between the two codes that tell most of it, in units of the factor's entropy.

    Formula: $\frac{1}{k} \sum_{j=1}^{k} \frac{1}{H(g_j)} \big(I(\hat z_{(1)}; g_j) - I(\hat z_{(2)}; g_j)\big)$, $\hat z$ the
    codes [n, d] in 20 bins, $(1)$ and $(2)$ the two codes with the largest mutual information with factor $g_j$ [n], $H$ its
    entropy.

    Traps:
    - A perfect code does not reach 1 where a factor has more values than there are bins: 0.9024 on dSprites (40 orientations
      and 32 positions in 20 bins) of the whole table, 0.8957 of 10,000 points.
    - Bins are of equal width over the range of the draws: one point of 10,000 that lies 50 times further out takes a perfect
      code from 0.896 to 0.107, and its cube, which tells as much, has 0.826.
    - A second code of the same factor closes the gap, also where both are needed: cosine and sine of dSprites' orientation in
      the place of its index give 0.737.
    - It depends on the number of points: 0.765 of 500 for a perfect code, and 1,000 give 0.000 to 0.007 less than 10,000 for
      VAEs.
    - Chen et al. take samples of q(z|x) and its entropies instead of bins: another number, metric ``chen_mig``.
    - A single code has no rival: its gap is its information.
    """
    found, entropies = information.matrix(draws, convention == EXACT)
    return {"mig": float(np.mean(gap(found) / entropies))}


def gap(found: Matrix) -> Matrix:
    """Difference [k] of the two largest entries of each column of [d, k]; of a single code, which has no rival, its entry."""
    ordered = np.sort(
        np.vstack([found, np.zeros_like(found[:1])]) if len(found) == 1 else found, axis=0
    )
    difference: Matrix = ordered[-1] - ordered[-2]
    return difference
