"""KL divergence from mixtures that are known exactly to a method's answers."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "expected_kl"
NEEDS = ("inferred.kl", "inferred.kl_error")
REFERENCE = "Whittle et al. 2026, Distribution transformers, Table 7"
CONVENTIONS = {PAPER: "mean over all problems that a run is tested on"}
LABELS = {
    "expected_kl": "Expected KL",
    "expected_kl_half_width": "Half-width",
    "expected_kl_error": "Error of sampling",
    "median_kl": "Median KL",
}
SCORES = {
    "expected_kl": "mean KL divergence from the posterior to the answer, nats",
    "expected_kl_half_width": "1.96 standard errors of the mean over problems, nats",
    "expected_kl_error": "1.96 standard errors from the samples of each posterior alone, nats",
    "median_kl": "median of the divergences, nats",
}


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Mean divergence from posteriors to answers.

    Formula: $E_{p} \log (p / q)$, where $p$ is the posterior and $q$ the answer, as a mean over
    samples of $p$.

    Traps:
    - Weights from a Dirichlet distribution with small parameters are unequal, so that many
      posteriors have almost one component. With two components, the median divergence of one
      Gaussian is near 0, and the mean is 0.2.
    """
    kl = outputs.inferred["kl"].astype(np.float64)
    error = outputs.inferred["kl_error"].astype(np.float64)
    return {
        "expected_kl": float(kl.mean()),
        "expected_kl_half_width": float(1.96 * kl.std(ddof=1) / np.sqrt(len(kl))),
        "expected_kl_error": float(1.96 * np.sqrt((error**2).sum()) / len(error)),
        "median_kl": float(np.median(kl)),
    }
