"""Negative log-likelihood of true states by filters, with intervals over series and over steps."""

import math

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (float("-inf"), float("inf"))
BETTER = "lower"
HEADLINE = "nll"
NEEDS = ("inferred.log_density", "inferred.log_density_of_moments")
REFERENCE = "Whittle et al. 2026, Distribution transformers, Table 3"
CONVENTIONS = {PAPER: "mean over all steps of all series that a run is tested on"}
LABELS = {
    "nll": "NLL of states",
    "nll_median": "Median",
    "nll_half_width": "Half-width, series",
    "nll_half_width_of_steps": "Half-width, steps",
    "nll_of_moments": "NLL by a Gaussian",
    "nll_of_moments_half_width": "Half-width, Gaussian, series",
}
SCORES = {
    "nll": "mean of minus the log-density of the true state, nats",
    "nll_median": "median over all steps of all series, nats",
    "nll_half_width": "1.96 standard errors of the mean, series independent of each other, nats",
    "nll_half_width_of_steps": "the same as if all steps were independent of each other, nats",
    "nll_of_moments": "`nll` by the Gaussian with the filter's mean and covariance, nats",
    "nll_of_moments_half_width": "1.96 standard errors of `nll_of_moments`, over series, nats",
}
Floats = npt.NDArray[np.float64]


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Mean of minus the log-density of the true states.

    Formula: $-E \log q(x_t \mid z_1, \dots, z_t)$, where $x_t$ is the state at step $t$ and $z_t$
    what is measured of it.

    Traps:
    - Steps of one series are not independent: a filter that has lost the state is wrong for many
      steps. The released test takes them as independent, which makes its interval up to six times
      too narrow.
    - The mean is decided by the few series in which a filter loses the state; the median is not.
    """
    negative = -outputs.inferred["log_density"].astype(np.float64)
    of_moments = -outputs.inferred["log_density_of_moments"].astype(np.float64)
    return {
        "nll": float(negative.mean()),
        "nll_median": float(np.median(negative)),
        "nll_half_width": half_width(negative.mean(1)),
        "nll_half_width_of_steps": half_width(negative.ravel()),
        "nll_of_moments": float(of_moments.mean()),
        "nll_of_moments_half_width": half_width(of_moments.mean(1)),
    }


def half_width(values: Floats) -> float:
    """Return 1.96 standard errors of the mean of independent values."""
    return float(1.96 * values.std(ddof=1) / math.sqrt(len(values)))
