"""Objective of a guide of the noisy cone: its mean over samples, beside quadrature."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.prog_vi.metrics import _cone_quadrature as quadrature

RANGE = (float("-inf"), float("inf"))
BETTER = "higher"
HEADLINE = "value"
NEEDS = ("inferred.objective", "inferred.parameters", "data.z")
REFERENCE = (
    "Becker et al. 2024, Probabilistic programming with programmable variational inference, Table 4"
)
CONVENTIONS = {
    PAPER: "mean over the stored estimates of the objective, 5,000 in the authors' scripts, in nats"
}
SCORES = {
    "value": "mean of the estimates, nats",
    "variance": "their variance, divided by n as in the authors' output, nats²",
    "evidence_theory": "log p(z), an upper bound of every objective, by quadrature, nats",
    "gap": "log p(z) minus the value, nats",
    "value_theory": "the largest value that the guide's family can reach, by quadrature; for ELBO "
    "and HVI, nats",
    "value_here_theory": "the value at the trained guide's own parameters, by quadrature; for ELBO "
    "and HVI, nats",
}
# Starts of the searches for the optimum. In the middle, where μ is symmetric, Nelder-Mead ends at a
# far worse value, so the search for the ELBO starts beside the ring.
BESIDE_THE_RING = (2.2, 0.0, -2.0, -1.0)
NARROW = (-1.0, -1.0)


def score(outputs: RunOutputs, convention: str = PAPER) -> dict[str, float]:
    r"""Mean of the stored estimates of a guide's objective, beside the log evidence.

    If the objective is an integral, its optimum is given as well.

    Formula: $\frac{1}{S} \sum_s \log \frac{1}{n} \sum_i \frac{p(x_{si}, z)}{\hat q(x_{si})}$.

    Traps:
    - A higher value is a tighter bound by an objective with more particles, not a better guide.
    - With one particle the estimates have a variance of 0.8, so that 5,000 of them have a standard
      error of 0.013.
    """
    z = float(outputs.data["z"][0])
    estimates = outputs.inferred["objective"].astype(np.float64)
    evidence = quadrature.log_evidence(z)
    scores = {
        "value": float(estimates.mean()),
        "variance": float(estimates.var()),
        "evidence_theory": evidence,
        "gap": evidence - float(estimates.mean()),
    }
    return scores | _exact(outputs, z)


def _exact(outputs: RunOutputs, z: float) -> dict[str, float]:
    """Quadrature of the objectives that are a single integral.

    They have one particle, and at most one auxiliary variable.
    """
    particles = outputs.params.get("particles", 1)
    auxiliary = outputs.params.get("auxiliary", 1)
    if particles != 1 or auxiliary != 1:
        return {}
    parameters = outputs.inferred["parameters"].astype(np.float64)
    objective: quadrature.Objective = quadrature.hvi
    start: tuple[float, ...] = NARROW
    if len(parameters) == 4:
        objective, start = quadrature.elbo, BESIDE_THE_RING
    return {
        "value_theory": quadrature.best(objective, start, z),
        "value_here_theory": float(objective(parameters, z)),
    }
