"""Modularity: whether each code tells of one factor only."""

import numpy as np

from facsimile.metrics import _mutual_information as information
from facsimile.metrics._conventions import CORRECTED, DLIB, EXACT, SAME
from facsimile.metrics._conventions import REFERENCE as REFEREE
from facsimile.metrics._draws import Draws

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "modularity"
NEEDS = ("codes", "factors")
REFERENCE = "Ridgeway and Mozer 2018, Learning deep disentangled embeddings with the F-statistic loss, section 3"
CONVENTIONS = {
    DLIB: f"{REFEREE}: mutual information in 20 bins; a code that tells nothing of any factor counts as 0",
    **SAME,
    EXACT: "the same over the whole table instead of draws: independent variables have no mutual information by chance",
    CORRECTED: "codes that tell nothing of any factor (constant ones) are left out of the mean; 0 if none is left",
}


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    """Mean over codes of 1 - Σ_{other factors} I² / (I_max² (k - 1)).

    An exactly constant code counts as 0, a nearly constant one gets what its finite-sample information gives, often high: dead
    latents move this score either way. With one factor every informative code is modular.
    """
    squared, _ = information.matrix(draws, convention == EXACT)
    squared = np.square(squared)
    largest = squared.max(axis=1)
    others = squared.sum(axis=1) - largest
    room = largest * max(squared.shape[1] - 1, 1)
    informative = largest > 0
    if convention == CORRECTED:
        return {"modularity": float(np.mean(1 - others[informative] / room[informative])) if informative.any() else 0.0}
    per_code = np.where(informative, 1 - others / np.where(informative, room, 1), 0.0)
    return {"modularity": float(per_code.mean())}
