"""KL divergence from exact predictive distributions to those of a model, by observed points."""

import math

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.pfn.gaussian_process import Floats, Prior

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "kl"
NEEDS = (
    "inferred.nll",
    "inferred.kl",
    "inferred.least_kl",
    "inferred.parameters",
    "data.prior",
    "data.observed",
    "data.target",
    "data.mean",
    "data.variance",
)
REFERENCE = "Müller et al. 2022, Transformers can do Bayesian inference, section 5.1"
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
    prior = Prior(*data["prior"][0].astype(np.float64))
    mean, variance = data["mean"].astype(np.float64), data["variance"].astype(np.float64)
    target = data["target"].astype(np.float64)[:, None]
    squared = (target - mean) ** 2 / variance
    exact_nll = 0.5 * (squared + np.log(2 * math.pi * variance))
    per_set = {
        ("kl", ""): inferred["kl"],
        ("nll", ""): inferred["nll"],
        ("nll", "_theory"): exact_nll,
    }
    scores = {}
    for (name, ending), values in per_set.items():
        per_number = values.mean(0, dtype=np.float64)
        scores[name + ending] = float(per_number.mean())
        for n, value in zip(data["observed"][0], per_number, strict=True):
            scores[f"{name}_{n}{ending}"] = float(value)
    of_prior = kl_of_prior(mean, variance, prior).mean()
    scores["share"] = 1 - scores["kl"] / float(of_prior)
    scores["least_kl"] = float(inferred["least_kl"].mean(dtype=np.float64))
    scores["parameters"] = float(inferred["parameters"])
    return scores


def kl_of_prior(
    mean: Floats,
    variance: Floats,
    prior: Prior,
) -> Floats:
    """Return the KL divergence, in nats, from Gaussians to that of an observation without others.

    Args:
        mean: means of the Gaussians.
        variance: their variances, of the same shape.
        prior: the Gaussian process.
    """
    ratio = variance / prior.scale**2
    return np.asarray(0.5 * (ratio - 1 - np.log(ratio) + (mean / prior.scale) ** 2))
