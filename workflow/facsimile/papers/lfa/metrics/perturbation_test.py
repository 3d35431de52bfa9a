"""How much predictions change if features with large or small attributions are zeroed."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.lfa import explanations
from facsimile.papers.lfa.functions import DenseNetwork, Floats
from facsimile.papers.lfa.metrics import _stored

RANGE = (float("-inf"), float("inf"))
BETTER = "higher"
HEADLINE = "top_lead"
NEEDS = (
    *("inferred.points", "inferred.parameters", "inferred.layers", "inferred.classify"),
    "inferred.perturbation_seed",
)
REFERENCE = "Han et al. 2022, Which explanation should I choose?, section 5.4"
CONVENTIONS = {PAPER: "features are set to 0; mean over points"}
SECONDS = 2.0
LABELS = {
    "top_lead": "Lead of contributions, largest zeroed",
    "bottom_lead": "Lead of contributions, smallest zeroed",
    "top_lime_{k}": "LIME, k largest",
    "top_kernelshap_{k}": "KernelSHAP, k largest",
    "top_occlusion_{k}": "Occlusion, k largest",
    "top_ig_{k}": "Integrated gradients, k largest",
    "top_gxi_{k}": "Gradient x input, k largest",
    "top_vg_{k}": "Vanilla gradient, k largest",
    "top_sg_{k}": "SmoothGrad, k largest",
    "bottom_lime_{k}": "LIME, k smallest",
    "bottom_kernelshap_{k}": "KernelSHAP, k smallest",
    "bottom_occlusion_{k}": "Occlusion, k smallest",
    "bottom_ig_{k}": "Integrated gradients, k smallest",
    "bottom_gxi_{k}": "Gradient x input, k smallest",
    "bottom_vg_{k}": "Vanilla gradient, k smallest",
    "bottom_sg_{k}": "SmoothGrad, k smallest",
}
SCORES = {
    "top_lead": "change if the k features with the largest attributions are zeroed, mean over k "
    "from 1 to 11: mean of LIME, KernelSHAP, occlusion, integrated gradients and gradient x input, "
    "minus mean of the two gradients",
    "bottom_lead": "the same for the smallest attributions; a good method has less",
    "top_lime_{k}": "absolute change if the k largest by LIME are zeroed",
    "top_kernelshap_{k}": "absolute change if the k largest by KernelSHAP are zeroed",
    "top_occlusion_{k}": "absolute change if the k largest by occlusion are zeroed",
    "top_ig_{k}": "absolute change if the k largest by integrated gradients are zeroed",
    "top_gxi_{k}": "absolute change if the k largest by gradient x input are zeroed",
    "top_vg_{k}": "absolute change if the k largest by vanilla gradient are zeroed",
    "top_sg_{k}": "absolute change if the k largest by SmoothGrad are zeroed",
    "bottom_lime_{k}": "absolute change if the k smallest by LIME are zeroed",
    "bottom_kernelshap_{k}": "absolute change if the k smallest by KernelSHAP are zeroed",
    "bottom_occlusion_{k}": "absolute change if the k smallest by occlusion are zeroed",
    "bottom_ig_{k}": "absolute change if the k smallest by integrated gradients are zeroed",
    "bottom_gxi_{k}": "absolute change if the k smallest by gradient x input are zeroed",
    "bottom_vg_{k}": "absolute change if the k smallest by vanilla gradient are zeroed",
    "bottom_sg_{k}": "absolute change if the k smallest by SmoothGrad are zeroed",
}
MOST = 11  # features that are zeroed
GRADIENTS = ("vg", "sg")  # the others are contributions: their unit is that of the prediction


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Mean absolute change of the prediction after setting k features to 0.

    Formula: $\frac{1}{n} \sum_i |f(x_i) - f(x_i \circ m_i)|$, where $m_i$ is 0 at the k features
    of the largest (top) or smallest (bottom) absolute attribution.

    Traps:
    - Equal attributions are in the order of the features. Where all units of a ReLU network are
      dead, all gradients are 0, and this order decides.
    """
    network, points = _stored.network(outputs), _stored.points(outputs)
    random = _stored.random(outputs)
    most = min(MOST, points.shape[1])
    scores: dict[str, float] = {}
    means: dict[tuple[str, str], float] = {}
    for method, attributions in explanations.explain(network, points, random).items():
        rising = np.abs(attributions).argsort(axis=1, kind="stable")
        falling = (-np.abs(attributions)).argsort(axis=1, kind="stable")
        for end, order in (("top", falling), ("bottom", rising)):
            changes = [_change(network, points, order[:, :k]) for k in range(1, most + 1)]
            for k, change in enumerate(changes, 1):
                scores[f"{end}_{method}_{k}"] = change
            means[end, method] = float(np.mean(changes))
    return {f"{end}_lead": _lead(means, end) for end in ("top", "bottom")} | scores


def _change(
    network: DenseNetwork,
    points: Floats,
    zeroed: np.ndarray,
) -> float:
    """Mean absolute change of the values at points [n, d] without the features [n, k]."""
    perturbed = points.copy()
    np.put_along_axis(perturbed, zeroed, 0, axis=1)
    difference = network.values(points) - network.values(perturbed)
    return float(np.abs(difference).mean())


def _lead(
    means: dict[tuple[str, str], float],
    end: str,
) -> float:
    gradients = [means[end, method] for method in GRADIENTS]
    others = [means[end, method] for method in explanations.METHODS if method not in GRADIENTS]
    return float(np.mean(others) - np.mean(gradients))
