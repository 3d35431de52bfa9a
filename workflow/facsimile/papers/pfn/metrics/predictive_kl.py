"""KL divergence from exact predictive distributions to those of a model, by observed points."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "kl"
NEEDS = (
    "inferred.nll",
    "inferred.exact_nll",
    "inferred.kl",
    "inferred.least_kl",
    "inferred.kl_of_prior",
    "inferred.parameters",
    "data.observed",
)
REFERENCE = "Müller et al. 2022, Transformers can do Bayesian inference, sections 5.1 and 5.2"
CONVENTIONS = {PAPER: "one target per set; mean over all sets of the data set"}
LABELS = {
    "kl": "KL",
    "kl_{n}": "KL after n points, nats",
    "nll": "NLL",
    "nll_{n}": "NLL after n points, nats",
    "share": "Share of the information",
    "least_kl": "Least KL",
    "parameters": "Parameters",
}
SCORES = {
    "kl": "mean over numbers of observed points of `kl_{n}`",
    "kl_{n}": "mean KL from the exact predictive distribution after n points, nats",
    "nll": "mean over numbers of observed points of `nll_{n}`",
    "nll_{n}": "mean of minus the log-density of the target after n points, nats",
    "nll_theory": "of the exact predictive distribution, on the same targets, nats",
    "nll_{n}_theory": "of the exact predictive distribution after n points, nats",
    "least_kl": "mean of the least KL of the density's family, nats",
    "share": "1 - KL / KL of the prior: the part that is used of what the points tell",
    "parameters": "number of parameters that are trained",
}


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Mean over sets of the KL divergence from the exact predictive distribution of the target.

    Formula: $E\, KL(p(y \mid x, D_n) \| q(y \mid x, D_n))$, and $-E \log q(y \mid x, D_n)$, which
    is the same plus the entropy of $p$.

    Traps:
    - The negative log-likelihood of a Gaussian has a standard deviation of 0.71 nats over targets,
      0.022 for a mean over 1,000. The divergence is an integral over all targets and has none.
    - Densities of less noisy observations are higher: compare likelihoods at equal noise.
    - A density of buckets cannot follow a Gaussian that is narrower than a bucket: ``least_kl``.
    """
    data, inferred = outputs.data, outputs.inferred
    per_set = {
        ("kl", ""): inferred["kl"],
        ("nll", ""): inferred["nll"],
        ("nll", "_theory"): inferred["exact_nll"],
    }
    scores = {}
    for (name, ending), values in per_set.items():
        per_number = values.mean(0, dtype=np.float64)
        scores[name + ending] = float(per_number.mean())
        for n, value in zip(data["observed"][0], per_number, strict=True):
            scores[f"{name}_{n}{ending}"] = float(value)
    of_prior = inferred["kl_of_prior"].mean(dtype=np.float64)
    scores["share"] = 1 - scores["kl"] / float(of_prior)
    scores["least_kl"] = float(inferred["least_kl"].mean(dtype=np.float64))
    scores["parameters"] = float(inferred["parameters"])
    return scores
