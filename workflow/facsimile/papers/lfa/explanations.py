"""Seven explanations of a function at a point, in the definitions of Captum.

Each function takes one point x [d] and returns one attribution per feature [d]. The baseline, where
there is one, is 0. Han et al. 2022, "Which explanation should I choose?", Table 1.
"""

import functools

import numpy as np
from scipy import special

from facsimile.papers.lfa.fits import PERTURBATIONS, slopes
from facsimile.papers.lfa.functions import Floats, Function

SIGMA = 0.1  # of the noise of SmoothGrad
CERTAIN = 1e6  # the weight of the full and of the empty mask, instead of infinity
METHODS = {
    "lime": "LIME",
    "kernelshap": "KernelSHAP",
    "occlusion": "Occlusion",
    "ig": "Integrated gradients",
    "gxi": "Gradient x input",
    "vg": "Vanilla gradient",
    "sg": "SmoothGrad",
}


def explain(
    function: Function,
    points: Floats,
    random: np.random.Generator,
) -> dict[str, Floats]:
    """Return attributions [n, d] of points [n, d] by each of ``METHODS``."""
    attributions: dict[str, list[Floats]] = {method: [] for method in METHODS}
    for x in points:
        attributions["lime"].append(lime(function, x, random))
        attributions["kernelshap"].append(kernelshap(function, x, random))
        attributions["occlusion"].append(occlusion(function, x))
        attributions["ig"].append(integrated_gradients(function, x))
        attributions["gxi"].append(x * vanilla_gradient(function, x))
        attributions["vg"].append(vanilla_gradient(function, x))
        attributions["sg"].append(smoothgrad(function, x, random))
    return {method: np.array(rows) for method, rows in attributions.items()}


def vanilla_gradient(
    function: Function,
    x: Floats,
) -> Floats:
    """Return the gradient, with its sign."""
    return function.gradients(x[None])[0]


def smoothgrad(
    function: Function,
    x: Floats,
    random: np.random.Generator,
    sigma: float = SIGMA,
) -> Floats:
    """Return the mean gradient at x + N(0, sigma²)."""
    noise = random.normal(scale=sigma, size=(PERTURBATIONS, len(x)))
    return np.asarray(function.gradients(x + noise).mean(0))


def integrated_gradients(
    function: Function,
    x: Floats,
) -> Floats:
    """Return x times the mean gradient between 0 and x, by Gauss-Legendre quadrature."""
    shares, weights = _quadrature()
    gradients = function.gradients(shares[:, None] * x)
    return np.asarray(x * (weights @ gradients))


@functools.cache
def _quadrature() -> tuple[Floats, Floats]:
    """Nodes and weights of an integral from 0 to 1, as many as perturbations."""
    nodes, weights = special.roots_legendre(PERTURBATIONS)
    return (nodes + 1) / 2, weights / 2


def occlusion(
    function: Function,
    x: Floats,
) -> Floats:
    """Return by how much the value falls if a feature is set to 0, of each feature."""
    without = x * (1 - np.eye(len(x)))
    return np.asarray(function.values(x[None]) - function.values(without))


def lime(
    function: Function,
    x: Floats,
    random: np.random.Generator,
) -> Floats:
    """Return the slopes of a linear regression on masks, each feature kept with probability 1/2.

    A mask z has the weight exp(-|x - x z|² / 2).
    """
    masks = random.integers(0, 2, (PERTURBATIONS, len(x))).astype(np.float64)
    squared = ((x - x * masks) ** 2).sum(1)
    return slopes(masks, function.values(x * masks), np.exp(-squared / 2))


def kernelshap(
    function: Function,
    x: Floats,
    random: np.random.Generator,
) -> Floats:
    """Return the slopes of a linear regression on masks whose sizes follow the Shapley kernel.

    The full and the empty mask are among them, with the weight ``CERTAIN``.
    """
    features = len(x)
    sizes = np.arange(1, features)
    # Of all masks of a size together: the kernel times their number.
    share = 1 / (sizes * (features - sizes))
    drawn = random.choice(sizes, PERTURBATIONS - 2, p=share / share.sum())
    ranks = random.random((PERTURBATIONS - 2, features)).argsort(1).argsort(1)
    ends = np.stack([np.ones(features), np.zeros(features)])
    masks = np.concatenate([ends, ranks < drawn[:, None]]).astype(np.float64)
    weights = np.ones(PERTURBATIONS)
    weights[:2] = CERTAIN
    return slopes(masks, function.values(x * masks), weights)
