"""Samples of an inverse problem beside its exact posterior."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.red_diff import stein
from facsimile.papers.red_diff.inverse import Inverse, covariance, inverse, rms
from facsimile.statistics.diffusion.gaussian_mixture import Floats, GaussianMixture

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "rmse"
SECONDS = 0.25
NEEDS = (
    "inferred.samples",
    "inferred.observation",
    "data.weights",
    "data.means",
    "data.roots",
    "data.matrix",
    "data.deviation",
    "data.truth",
)
REFERENCE = (
    "Qiu et al. 2026, Beyond accuracy: evaluating posterior fidelity of diffusion inverse solvers; "
    "Gorham & Mackey 2017, Measuring sample quality with kernels"
)
CONVENTIONS = {
    PAPER: "V-statistic, c = 1 / (1 + median of all singular values of H)",
    stein.RANK: "V-statistic, c = 1 / (1 + median of the singular values above 0)",
    stein.UNIT: "V-statistic, c = 1 whatever H is",
}
LABELS = {
    "rmse": "RMSE",
    "rmse_{n}": "RMSE, first n samples",
    "ksd": "KSD²",
    "ksd_{n}": "KSD², first n samples",
    "ksd_unbiased": "KSD², unbiased",
    "exact_rmse": "RMSE of the exact posterior",
    "bias": "Bias",
    "spread_hidden": "Spread, unobserved",
    "spread_seen": "Spread, observed",
    "weight": "Weight of the second mode",
    "weight_error": "Error of the second mode's weight",
    "sliced_w2": "Sliced W₂²",
    "from_least_squares": "Distance from least squares",
    "first_{i}": "Sample i, coordinate 1",
    "second_{i}": "Sample i, coordinate 2",
}
SCORES = {
    "rmse": "root of the mean squared error of samples, over samples and coordinates",
    "rmse_theory": "of the exact posterior only: its value without sampling",
    "rmse_{n}": "the same of the first n samples",
    "ksd": "squared kernel Stein discrepancy from the exact posterior, mean over all pairs",
    "ksd_theory": "of the exact posterior only: mean over draws of so many samples",
    "ksd_{n}": "the same of the first n samples",
    "ksd_unbiased": "the same over pairs of different samples; 0 on average for exact ones",
    "exact_rmse": "what `rmse` would be for the exact posterior",
    "bias": "root mean squared difference of the samples' mean from the posterior's",
    "spread_hidden": "standard deviation over that of the posterior, mean over coordinates that "
    "no observation depends on",
    "spread_seen": "the same for the other coordinates",
    "weight": "mean probability that a sample is from the second component of the posterior",
    "weight_theory": "of the exact posterior only: weight of that component",
    "weight_error": "absolute difference of `weight` and the weight of that component",
    "sliced_w2": "squared 2-Wasserstein distance from the posterior, mean over directions",
    "from_least_squares": "largest difference of a sample from the least squares of least norm",
    "first_{i}": "coordinate 1 of a sample, for figures",
    "second_{i}": "coordinate 2 of a sample, for figures",
}
FEW = 100  # samples of the peer's smaller table
DIRECTIONS = 64
SHOWN = 25


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""How near samples are to the truth, and how near to the exact posterior.

    Formula: RMSE $= (\frac{1}{n d} \sum_i |x_i - x^*|^2)^{1/2}$; KSD²
    $= \frac{1}{n^2} \sum_{i,j} k_p(x_i, x_j)$ with the Stein kernel of
    $(c^2 + |x - y|^2)^{-1/2}$ and the exact posterior's score.

    Traps:
    - A small RMSE is no good posterior: the mean of the posterior has the smallest.
    - As a mean over all pairs, KSD² is above 0 for the exact posterior, too, by an amount that is
      known (`ksd_theory`): 0.36 for 500 samples of A1 with noise 0.2. `ksd_unbiased` has no such
      floor.
    - KSD hardly sees the weights of distant modes; `weight_error` does.
    - Coordinates weigh by the posterior's precision in KSD, and equally in `sliced_w2`.
    """
    problem = inverse(outputs.data)
    samples = outputs.inferred["samples"].astype(np.float64)
    observation = outputs.inferred["observation"].astype(np.float64)
    law = problem.posterior(observation)
    c = stein.scale(problem, convention)
    ksd, unbiased = stein.discrepancies(samples, law, c)
    from_least_squares = samples - problem.inverse @ observation
    scores = {
        "rmse": rms(samples - problem.truth),
        "exact_rmse": exact_rmse(law, problem.truth),
        "ksd": ksd,
        "ksd_unbiased": unbiased,
        "bias": rms(samples.mean(0) - law.mean),
        "sliced_w2": sliced(samples, law),
        "from_least_squares": float(np.abs(from_least_squares).max()),
    }
    if len(samples) >= FEW:
        few = samples[:FEW]
        scores[f"rmse_{FEW}"] = rms(few - problem.truth)
        scores[f"ksd_{FEW}"], _ = stein.discrepancies(few, law, c)
    scores |= _spreads(samples, law, problem)
    scores |= _modes(samples, law)
    if outputs.model == "exact_posterior":
        n = len(samples)
        scores["rmse_theory"] = scores["exact_rmse"]
        scores["ksd_theory"] = stein.expected(law, c, n)
        if "weight" in scores:
            scores["weight_theory"] = float(law.weights[1])
    return scores | _shown(samples)


def exact_rmse(
    law: GaussianMixture,
    truth: Floats,
) -> float:
    """Return the root of the mean over the law of |x - truth|² / d."""
    offset = law.mean - truth
    total = np.trace(covariance(law)) + offset @ offset
    return float(np.sqrt(total / len(truth)))


def sliced(
    samples: Floats,
    law: GaussianMixture,
) -> float:
    """Return the mean over fixed directions of W₂² of the samples [n, d] from a law.

    Against the law's quantiles at (i - 1/2) / n; d times the mean is comparable with |x|².
    """
    n, dimension = samples.shape
    shares = (np.arange(n) + 0.5) / n
    distances = []
    for direction in _directions(dimension):
        ordered = np.sort(samples @ direction)
        exact = law.along(direction).quantiles(shares)
        distances.append(rms(ordered - exact) ** 2)
    return float(np.mean(distances))


def _directions(dimension: int) -> Floats:
    """Random directions [m, d] of length 1, the same for all runs."""
    bits = np.random.Philox(key=0)
    random = np.random.Generator(bits)
    drawn = random.standard_normal((DIRECTIONS, dimension))
    lengths = np.linalg.norm(drawn, axis=1)
    directions: Floats = drawn / lengths[:, None]
    return directions


def _spreads(
    samples: Floats,
    law: GaussianMixture,
    problem: Inverse,
) -> dict[str, float]:
    variances = np.diag(covariance(law))
    ratios = samples.std(0) / np.sqrt(variances)
    parts = {"spread_hidden": problem.hidden, "spread_seen": ~problem.hidden}
    scores = {}
    for name, chosen in parts.items():
        if chosen.any():
            scores[name] = float(ratios[chosen].mean())
    return scores


def _modes(
    samples: Floats,
    law: GaussianMixture,
) -> dict[str, float]:
    if len(law.weights) == 1:
        return {}
    shares = law.responsibilities(samples)
    weight = float(shares[:, 1].mean())
    error = abs(weight - float(law.weights[1]))
    return {"weight": weight, "weight_error": error}


def _shown(samples: Floats) -> dict[str, float]:
    scores = {}
    for i, sample in enumerate(samples[:SHOWN]):
        scores[f"first_{i}"] = float(sample[0])
        scores[f"second_{i}"] = float(sample[1])
    return scores
