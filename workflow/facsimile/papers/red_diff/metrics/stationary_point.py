"""Where RED-diff comes to rest with a Gaussian prior, beside the closed form."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.red_diff.inverse import inverse, rms

RANGE = (float("-inf"), float("inf"))
BETTER = "lower"
HEADLINE = "distance"
SECONDS = 0.01
NEEDS = (
    "inferred.centre",
    "inferred.stationary",
    "inferred.observation",
    "data.weights",
    "data.means",
    "data.roots",
    "data.matrix",
    "data.deviation",
    "data.truth",
)
REFERENCE = (
    "Mardani et al. 2024, A variational perspective on solving inverse problems, Algorithm 1"
)
CONVENTIONS = {PAPER: "mean over samples and over the second half of the steps"}
LABELS = {
    "point_{j}": "μ, coordinate j",
    "distance": "Distance from the stationary point",
    "from_posterior": "Distance from the posterior mean",
    "from_posterior_theory": "The same of the stationary point",
}
SCORES = {
    "point_{j}": "coordinate j of μ",
    "point_{j}_theory": "the same where the mean gradient of the loss vanishes",
    "distance": "largest difference of a coordinate from the stationary point",
    "from_posterior": "root mean squared difference of μ from the mean of the posterior",
    "from_posterior_theory": "the same of the stationary point",
}


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Mean of μ late in a run, and the point at which the mean gradient of the loss vanishes.

    Formula: for a prior $N(m, S)$ and times that are drawn uniformly, the point solves
    $c H^\top (H \mu - y) + \lambda \operatorname{mean}_t (1 - \bar\alpha_t)
    (\bar\alpha_t S + (1 - \bar\alpha_t) I)^{-1} (\mu - m) = 0$, with c = 2 for sums of squares.

    Traps:
    - It is not the mean of the posterior: the second term is not λ S⁻¹ (μ - m), and σ² is not in
      it.
    - Times that descend end where the prior's term is nearly 0, so that the end of such a run is
      not this point.
    """
    centre, point, observation = (
        outputs.inferred[name].astype(np.float64)
        for name in ("centre", "stationary", "observation")
    )
    mean = inverse(outputs.data).posterior(observation).mean
    scores = {
        "distance": float(np.abs(centre - point).max()),
        "from_posterior": rms(centre - mean),
        "from_posterior_theory": rms(point - mean),
    }
    for ending, values in {"": centre, "_theory": point}.items():
        for j, value in enumerate(values.tolist(), 1):
            scores[f"point_{j}{ending}"] = value
    return scores
