"""Interventional robustness score."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base import mutual_information as information
from facsimile.metrics.base.conventions import CORRECTED, DLIB, SAME
from facsimile.metrics.base.conventions import REFERENCE as REFEREE
from facsimile.metrics.base.draws import Codes, Draws

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "irs"
NEEDS = ("codes", "factors")
REFERENCE = (
    "Suter et al. 2019, Robustly disentangled causal mechanisms, section 4 (arXiv 1811.00007)"
)
CONVENTIONS = {
    DLIB: f"{REFEREE}: factors in 20 bins of equal width, 99 % quantile; active_dimensions is the sum of the codes",
    **SAME,
    "paper": "every value of a factor apart, the largest deviation instead of the 99 % quantile",
    CORRECTED: "as dlib, and active_dimensions is the number of codes that vary",
}
LABELS = {
    "irs": "IRS",
}
SCORES = {
    "irs": "mean over codes, weighed by their largest deviation, no unit",
    "active_dimensions": "number of codes that vary, 0 to d; with dlib their sum over all points, in units of the codes",
}
QUANTILE = 0.99
Matrix = npt.NDArray[np.float64]


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""Mean over codes, weighed by their largest deviation, of 1 - the least share of it that remains while a factor is held.

    Formula: $\sum_i w_i \max_j \big(1 - \frac{1}{|V_j|} \sum_{v \in V_j} Q_{n: g_{nj} = v} |z_{ni} - \bar z_{i|v}| \,/\,
    w_i\big) \,/ \sum_i w_i$, $w_i = \max_n |z_{ni} - \bar z_i|$, $z$ the codes [n, d], $\bar z_{i|v}$ their mean where factor
    $g_j$ [n] is in bin $v$ of $V_j$, $Q$ the 99 % quantile (``paper``: the maximum).

    Traps:
    - Noise is not 0: it has 0.37 on dSprites by the 99 % quantile and 0.24 by the maximum; VAEs have 0.39 to 0.56, and
      ``paper`` 0.05 to 0.07 less.
    - It weighs codes by their size: noise of standard deviation 0.01, 1 and 10 in five codes beside a perfect code of 1 gives
      0.970, 0.537 and 0.382.
    - One far point is taken for the scale of a code: 50 times further out it makes a perfect code better (0.986 to 0.9995).
    - Factors are in 20 bins, so that of 32 or 40 values two share a bin: a perfect code has 0.986 on dSprites; with ``paper``
      1.
    - The mean over values weighs each value alike, however many points have it; on a table that is no grid, that is not the
      paper's expectation.
    - ``active_dimensions`` is what disentanglement_lib calls num_active_dims: it adds the values of the codes up where their
      number was meant. Codes that do not vary are dropped; with none left the score is 0.
    - The reference drops codes of no variance in float32, whose rounding keeps a constant 0.7: with next to no weight (3e-6 of
      a score), but in the sum.
    """
    codes = draws.train.codes
    active = codes[:, np.ptp(codes, axis=0) > 0]
    counted = active.shape[1] if convention in (CORRECTED, "paper") else active.sum()
    if not active.size:
        return {"irs": 0.0, "active_dimensions": 0.0}
    matrix, largest = robustness(
        active, values(draws, convention), 1.0 if convention == "paper" else QUANTILE
    )
    return {
        "irs": float(np.average(matrix.max(axis=1), weights=largest)),
        "active_dimensions": float(counted),
    }


def values(draws: Draws, convention: str) -> npt.NDArray[np.int64]:
    """Factors [n, k] as they are held: in bins, or value by value in the paper."""
    factors = draws.train.factors
    if convention == "paper":
        return factors
    return np.stack(
        [information.discretise(column.astype(np.float64)) for column in factors.T], axis=1
    )


def robustness(
    codes: Codes, factors: npt.NDArray[np.int64], quantile: float
) -> tuple[Matrix, Matrix]:
    """1 - remaining deviation over largest deviation [d, k] of each code while each factor is held, and the largest [d]."""
    largest = np.abs(codes - codes.mean(axis=0)).max(axis=0)
    remaining = [
        np.mean(
            [_deviation(codes[column == value], quantile) for value in np.unique(column)], axis=0
        )
        for column in factors.T
    ]
    return 1.0 - np.stack(remaining, axis=1) / largest[:, None], largest


def _deviation(codes: Codes, quantile: float) -> Matrix:
    return np.quantile(np.abs(codes - codes.mean(axis=0)), quantile, axis=0).astype(np.float64)
