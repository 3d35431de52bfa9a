"""What one further run would give, by the runs at hand."""

import math

import numpy as np

from facsimile.statistics.estimates import LEVEL, Estimate, Floats, undefined


def estimate(values: Floats, level: float = LEVEL) -> Estimate:
    """Return the mean of ``values`` [n] and the interval of one further value.

    The interval of normal values (Student's t): mean ± t s √(1 + 1/n). That of the mean, which a
    bootstrap gives, has √(1/n) in this place; a single run often lies outside it. Equal values have
    an interval of no width. It is NaN for fewer than two values.
    """
    sample = np.asarray(values, dtype=np.float64)
    n = sample.size
    if n == 0:
        return undefined(0)
    mean = float(sample.mean())
    if n == 1:
        return Estimate(mean, math.nan, math.nan, n)
    # Every command that judges numbers imports this module, and most numbers are means.
    from scipy import special

    quantile = float(special.stdtrit(n - 1, (1 + level) / 2))
    half = quantile * float(sample.std(ddof=1)) * math.sqrt(1 + 1 / n)
    return Estimate(mean, mean - half, mean + half, n)
