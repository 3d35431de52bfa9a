"""Likelihood of exact samples, and KL divergence from a model to the distribution of an energy."""

import math

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (float("-inf"), float("inf"))
BETTER = "lower"
HEADLINE = "kl"
NEEDS = (
    "inferred.log_q",
    "inferred.sample_log_q",
    "inferred.sample_log_f",
    "data.x",
    "data.log_p",
    "data.log_z",
)
REFERENCE = "Liu, Ramadge and Adams 2024, Generative marginalization models, Table 4"
CONVENTIONS = {PAPER: "bits per site for likelihoods, nats for divergences"}
LABELS = {
    "kl": "KL",
    "kl_per_site": "KL per spin",
    "kl_without_log_z": "KL without log Z",
    "nll": "NLL, bits per spin",
    "forward_kl": "KL from p",
}
SCORES = {
    "kl": "KL divergence from p = f / Z to the model q, E log q - E log f + log Z over samples of "
    "q, nats",
    "kl_per_site": "`kl` divided by the number of sites, nats",
    "kl_per_site_theory": "0, which q = p has",
    "kl_without_log_z": "`kl` minus log Z, which the paper prints, nats",
    "kl_without_log_z_theory": "-log Z, which q = p has, nats",
    "nll": "mean of -log q over exact samples of p, bits per site",
    "nll_theory": "the same of p, bits per site",
    "forward_kl": "KL divergence from q to p, mean of log p - log q over exact samples, nats",
}


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Means over samples of the model, and over exact samples of the distribution.

    Formula: $KL(q \| f/Z) = E_q[\log q(x) - \log f(x)] + \log Z$,
    $NLL = -E_p \log_2 q(x) / D$ with $D$ sites.

    Traps:
    - A KL without log Z has no zero: its least value is -log Z, -78.69 for the torus of 10 x 10
      sites.
    - Independent spins already have a KL of 2.24 nats there, and a KL without log Z of -76.45.
    - An any-order model is evaluated in another order than it is sampled in, as in the released
      code. Then the mean of log q is at most that of the mixture over orders, and the KL can be
      below 0.
    """
    data, inferred = outputs.data, outputs.inferred
    log_q = inferred["log_q"].astype(np.float64)
    log_p = data["log_p"].astype(np.float64)
    log_z = float(data["log_z"][0])
    sample_log_q = inferred["sample_log_q"].astype(np.float64)
    without_log_z = float((sample_log_q - inferred["sample_log_f"]).mean())
    sites = data["x"].shape[1]
    bits = sites * math.log(2)
    return {
        "kl": without_log_z + log_z,
        "kl_per_site": (without_log_z + log_z) / sites,
        "kl_per_site_theory": 0.0,
        "kl_without_log_z": without_log_z,
        "kl_without_log_z_theory": -log_z,
        "nll": float(-log_q.mean() / bits),
        "nll_theory": float(-log_p.mean() / bits),
        "forward_kl": float((log_p - log_q).mean()),
    }
