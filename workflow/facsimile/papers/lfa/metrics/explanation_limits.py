"""How two explanations become others as the noise of their approximation vanishes."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from facsimile.metrics.base.conventions import EXACT, PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.lfa import approximations, distances
from facsimile.papers.lfa.functions import Floats
from facsimile.papers.lfa.metrics import _stored

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "least_l1"
NEEDS = (
    *("inferred.points", "inferred.parameters", "inferred.layers", "inferred.classify"),
    "inferred.perturbation_seed",
)
REFERENCE = "Han et al. 2022, Which explanation should I choose?, section 5.2"
CONVENTIONS = {
    PAPER: "as in the released code: Adam fits 800 of 1,000 perturbations of each point",
    EXACT: "the minimum itself: the mean gradient of the same 800 perturbations",
}
SECONDS = 8.0
LABELS = {
    "least_l1": "L1 at the least noise",
    "approach": "Steps on which less noise is nearer",
    "noise_l1_{s}": "Vanilla gradient, L1",
    "noise_cosine_{s}": "Vanilla gradient, cosine",
    "path_l1_{a}": "Gradient x input, L1",
    "path_cosine_{a}": "Gradient x input, cosine",
}
SCORES = {
    "least_l1": "mean of `noise_l1_1` and `path_l1_95`",
    "approach": "share of the eight steps to less noise on which the median L1 distance falls",
    "noise_l1_{s}": "median L1 distance of the vanilla gradient and the approximation with "
    "Gaussian noise of s hundredths; s is 1, 5, 10, 20 or 30",
    "noise_cosine_{s}": "the same for the cosine distance",
    "path_l1_{a}": "median L1 distance of gradient x input and the approximation with inputs "
    "scaled by U(a / 100, 1); a is 0, 50, 65, 80 or 95",
    "path_cosine_{a}": "the same for the cosine distance",
}
HUNDREDTHS = {
    "noise": (30, 20, 10, 5, 1),
    "path": (0, 50, 65, 80, 95),
}  # from the most noise to the least


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Median distances of two gradients and the approximations whose limits they are.

    Formula: $\mathrm{median}_i\, |\nabla f(x_i) - E \nabla f(x_i + \sigma \epsilon)|_1$, and
    $\mathrm{median}_i\, |x_i \nabla f(x_i) - x_i E \nabla f(u x_i)|_1$ with $u \sim U(a, 1)$.

    Traps:
    - The mean of 800 gradients has noise of its own: the distance is not 0 at any σ > 0.
    """
    network, points = _stored.network(outputs), _stored.points(outputs)
    random = _stored.random(outputs)
    gradients = network.gradients(points)
    scores = {}

    fit = _stored.fit(convention, random)
    families: dict[str, tuple[Floats, Callable[..., Floats]]] = {
        "noise": (gradients, approximations.noisy_gradients),
        "path": (points * gradients, approximations.path_gradients),
    }
    falls: list[bool] = []
    for name, (limit, approximate) in families.items():
        for level in HUNDREDTHS[name]:
            fitted = approximate(network, points, level / 100, random, fit)
            scores[f"{name}_l1_{level}"] = float(np.median(distances.l1(limit, fitted)))
            scores[f"{name}_cosine_{level}"] = float(np.median(distances.cosine(limit, fitted)))
        falls += _falls([scores[f"{name}_l1_{level}"] for level in HUNDREDTHS[name]])
    least = [scores["noise_l1_1"], scores["path_l1_95"]]
    summary = {
        "least_l1": float(np.mean(least)),
        "approach": float(np.mean(falls)),
    }
    return summary | scores


def _falls(values: Sequence[float]) -> list[bool]:
    """Whether each value is less than the one before."""
    return [after < before for before, after in itertools.pairwise(values)]
