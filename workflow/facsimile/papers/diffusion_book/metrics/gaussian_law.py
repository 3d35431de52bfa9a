"""Distance of a sampler's law from Gaussian data, without sampling."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.diffusion_book import gaussian_law, laws, methods
from facsimile.papers.diffusion_book.gaussian_law import Factors
from facsimile.statistics.diffusion.gaussian_mixture import Floats

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "w2"
FIXED_SECONDS = 0.01
NEEDS = ("inferred.evaluations", "inferred.variance")
REFERENCE = "Lai et al. 2025, The principles of diffusion models"
CONVENTIONS = {PAPER: "squared distance, not its root"}
LABELS = {
    "w2": "W₂²",
    "w2_{n}": "W₂² after n evaluations",
}
SCORES = {
    "w2": "squared 2-Wasserstein distance after the most evaluations of the denoiser",
    "w2_{n}": "squared 2-Wasserstein distance after n evaluations of the denoiser",
    "w2_theory": "by the factors of each step",
    "w2_{n}_theory": "by the factors of each step, after n evaluations",
}


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Squared 2-Wasserstein distance of N(0, diag v) from the data's N(0, diag l).

    Formula: $W_2^2 = \sum_j (\sqrt{v_j} - \sqrt{l_j})^2$. For ours, $v$ comes from the responses of
    the sampler to impulses. In closed form it is a product of factors: of DDIM, for instance,
    $(a_u a_t l + s_u s_t) / (a_t^2 l + s_t^2)$ for a step from t to u.

    Traps:
    - Second-order samplers evaluate the denoiser twice in a step: n counts evaluations, not steps.
    - Large variances dominate the sum: it says little about the small ones.
    """
    variances = laws.variances()
    counts = outputs.inferred["evaluations"].tolist()
    scores = {}
    for n, variance in zip(
        counts,
        outputs.inferred["variance"],
        strict=True,
    ):
        scores[f"w2_{n}"] = _distance(variance, variances)
        scores[f"w2_{n}_theory"] = _distance(_expected(outputs, n), variances)
    last = counts[-1]
    for ending in ("", "_theory"):
        scores["w2" + ending] = scores[f"w2_{last}{ending}"]
    return scores


def _distance(variance: Floats, truth: Floats) -> float:
    return float(((np.sqrt(variance) - np.sqrt(truth)) ** 2).sum())


def _expected(outputs: RunOutputs, evaluations: int) -> Floats:
    params = outputs.params
    schedule = methods.schedule_of(params.get("schedule", 0))
    number = params["sampler"]
    sampler = methods.sampler_of(number)
    times = methods.times(
        sampler,
        schedule,
        params.get("grid", 0),
        evaluations,
    )
    name = methods.SAMPLER_NAMES[int(number)]
    return gaussian_law.variance(
        name,
        Factors(schedule, laws.variances()),
        times,
    )
