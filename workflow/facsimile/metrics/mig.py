"""Mutual information gap."""

import numpy as np

from facsimile.metrics import _mutual_information as information
from facsimile.metrics._conventions import DLIB, EXACT, SAME
from facsimile.metrics._conventions import REFERENCE as REFEREE
from facsimile.metrics._draws import Draws

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


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    """Mean over factors of the gap between the two codes that tell most of it, in units of the factor's entropy.

    Chen et al. take samples of q(z|x) and its entropies instead of bins: another number. A perfect code does not reach 1 where
    a factor has more values than there are bins: 0.9024 on dSprites. A single code has no rival: its gap is its information.
    """
    found, entropies = information.matrix(draws, convention == EXACT)
    ordered = np.sort(np.vstack([found, np.zeros_like(found[:1])]) if len(found) == 1 else found, axis=0)
    return {"mig": float(np.mean((ordered[-1] - ordered[-2]) / entropies))}
