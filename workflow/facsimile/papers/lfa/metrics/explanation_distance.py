"""Distances between explanations and the instances of local function approximation."""

import itertools

import numpy as np

from facsimile.metrics.base.conventions import EXACT, PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.lfa import approximations, distances, explanations
from facsimile.papers.lfa.metrics import _stored

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "own_l1"
NEEDS = (
    *("inferred.points", "inferred.parameters", "inferred.layers", "inferred.classify"),
    "inferred.perturbation_seed",
)
REFERENCE = "Han et al. 2022, Which explanation should I choose?, section 5.2"
CONVENTIONS = {
    PAPER: "as in the released code: Adam fits 800 of 1,000 perturbations of each point",
    EXACT: "the minimum itself: least squares, or the mean gradient, of the same 800 perturbations",
}
SECONDS = 8.0
LABELS = {
    "own_l1": "L1 to its own instance",
    "own_cosine": "Cosine distance to its own instance",
    "own_l1_text": "L1 to its own instance, text",
    "own_share": "Nearest to its own instance",
    "l1_{existing}_{instance}": "L1, explanation and instance",
    "cosine_{existing}_{instance}": "Cosine distance, explanation and instance",
}
SCORES = {
    "own_l1": "L1 distance of a method and its own instance as released, mean over seven methods",
    "own_cosine": "the same for the cosine distance",
    "own_l1_text": "the same as `own_l1` with the weights of the text",
    "own_share": "share of the methods to which no released instance is nearer than their own, by "
    "L1; the equal ones of LIME and "
    "KernelSHAP count as one",
    "l1_{existing}_{instance}": "L1 distance of a method and an instance, mean over points; "
    "methods are lime, kernelshap, occlusion, ig, gxi, vg and sg; instances are the same, but "
    "lime_released, lime_text, kernelshap_released and kernelshap_text",
    "cosine_{existing}_{instance}": "the same for the cosine distance",
}
COPIES = {"lime": "kernelshap", "kernelshap": "lime"}


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Mean distance of each of seven explanations and each instance of the framework.

    Formula: $\frac{1}{n} \sum_i |\phi_a(x_i) - w_b(x_i)|_1$, where $\phi_a$ is a method and $w_b$
    minimises the loss of an instance; and $1 - \cos(\phi_a(x_i), w_b(x_i))$.

    Traps:
    - The released loss loses its weights by the shapes of its factors, so that the instances of
      LIME and KernelSHAP are one unweighted regression. Scores ``…_text`` have the weights.
    - Gradients of a feature and contributions of a feature have different units: |w - w x| of a
      linear function is no error.
    - Adam stops before the minimum, or moves around it, so that distances near 0 are those of the
      fit, and their order is chance: ``own_share`` of a linear network means nothing. With the
      convention ``exact`` there is no such error; the instances of the text are always exact.
    - Where all units of a ReLU network are dead, attributions are 0 and the cosine distance is 1.
    """
    network, points = _stored.network(outputs), _stored.points(outputs)
    random = _stored.random(outputs)
    existing = explanations.explain(network, points, random)
    fitted = approximations.approximate(network, points, random, _stored.fit(convention, random))
    scores = {}
    for (method, first), (instance, second) in itertools.product(existing.items(), fitted.items()):
        pair = f"{method}_{instance}"
        scores[f"l1_{pair}"] = float(distances.l1(first, second).mean())
        scores[f"cosine_{pair}"] = float(distances.cosine(first, second).mean())
    summary = {
        "own_l1": _own("l1", scores, "_released"),
        "own_l1_text": _own("l1", scores, "_text"),
        "own_cosine": _own("cosine", scores, "_released"),
        "own_share": _share(scores),
    }
    return summary | scores


def instance_of(
    method: str,
    ending: str = "_released",
) -> str:
    """Return the instance of a method; ``ending`` is that of the two which have two versions."""
    return method + ending if method in COPIES else method


def _own(
    distance: str,
    scores: dict[str, float],
    ending: str,
) -> float:
    own = [
        scores[f"{distance}_{method}_{instance_of(method, ending)}"]
        for method in explanations.METHODS
    ]
    return float(np.mean(own))


def _share(scores: dict[str, float]) -> float:
    """The share of methods to which their own instance, or its copy, is the nearest."""
    hits = []
    for method in explanations.METHODS:
        near = {
            other: scores[f"l1_{method}_{instance_of(other)}"] for other in explanations.METHODS
        }
        own = min(near[method], near[COPIES.get(method, method)])
        hits.append(own <= min(near.values()))
    return float(np.mean(hits))
