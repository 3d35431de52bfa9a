"""Modularity: whether each code is informative about one factor only."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base import mutual_information as information
from facsimile.metrics.base.conventions import CORRECTED, DLIB, EXACT, SAME
from facsimile.metrics.base.conventions import REFERENCE as DLIB_REFERENCE
from facsimile.metrics.base.draws import Draws

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "modularity"
FIXED_SECONDS = 0.015
SECONDS = 0.06
NEEDS = ("codes", "factors")
REFERENCE = (
    "Ridgeway and Mozer 2018, Learning deep disentangled embeddings with the F-statistic loss, "
    "section 3"
)
CONVENTIONS = {
    DLIB: f"{DLIB_REFERENCE}: mutual information in 20 bins; a code without mutual information "
    "counts as 0",
    **SAME,
    EXACT: "the same over the whole table in place of sampled points: independent variables have "
    "no mutual information by chance",
    CORRECTED: "codes without mutual information (constant ones) are left out of the mean; 0 if "
    "none is left",
}
# The whole table, not only training points.
CONVENTION_NEEDS = {EXACT: ("table",)}
LABELS = {
    "modularity": "Modularity",
}
SCORES = {
    "modularity": "mean over codes of 1 minus the share of squared mutual information with other "
    "factors; no unit"
}
Matrix = npt.NDArray[np.float64]


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""Whether each code is informative about one factor only.

    It is 1 minus the squared mutual information with the other factors, relative to that with the
    best one; mean over codes.

    Formula: $\frac{1}{d} \sum_{i=1}^{d} \Big(1 - \frac{\sum_{j \neq j^*} I_{ij}^2}{(k - 1)\,
    I_{ij^*}^2}\Big)$, with $I$ the mutual information [d, k] of binned codes and factors, and
    $j^* = \arg\max_j I_{ij}$.

    Traps:
    - Noise does not score 0: ten codes of noise score 0.665 with 10,000 points on dSprites and
      0.678 with all 737,280; 18 VAEs of 1,000 steps score 0.85 to 0.94, and eight that others
      trained to the end 0.83 to 0.88.
    - A code that is exactly constant counts as 0, a nearly constant one gets the score of its
      finite-sample information: five constant codes beside a perfect one give 0.5, five of noise
      0.829 however small the noise is. ``corrected`` only leaves the constant ones out.
    - Few points share information by chance: VAEs on dSprites score 0.08 to 0.29 less with 1,000
      than with 10,000, and those of 1,000 steps 0.006 to 0.013 more with ``exact``.
    - It only counts whether a code belongs to one factor, not whether every factor is encoded: a
      representation with the shape in all codes scores 1.
    - With one factor every informative code is modular.
    """
    mutual_information, _ = information.matrix(draws, convention == EXACT)
    return {"modularity": mean(mutual_information, convention == CORRECTED)}


def mean(matrix: Matrix, corrected: bool = False) -> float:
    """Modularity of a matrix [d, k], averaged over its rows; rows of zeros count 0.

    The modularity of a row is 1 minus the sum of the other entries' squares over the largest value
    that this sum can have. With ``corrected`` rows of zeros are left out; 0 if none is left.
    """
    squared = np.square(matrix)
    largest = squared.max(axis=1)
    others = squared.sum(axis=1) - largest
    limit = largest * max(squared.shape[1] - 1, 1)
    informative = largest > 0
    if corrected:
        if not informative.any():
            return 0.0
        return float(np.mean(1 - others[informative] / limit[informative]))
    # A row of zeros has no share; its divisor of 1 only avoids a division by zero.
    per_row = 1 - others / np.where(informative, limit, 1)
    return float(np.where(informative, per_row, 0.0).mean())
