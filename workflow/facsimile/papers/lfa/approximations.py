"""Explanations as local function approximations: the instances of the framework, in closed form.

A linear function g(z) = w z + b is fitted to a function f near a point x, with noise z and a loss
(Han et al. 2022, "Which explanation should I choose?", Definition 1 and Table 1). The authors fit
it by Adam, on 800 of 1,000 perturbations. Here its least squares are solved: by regression if the
loss compares values; by the mean gradient if it compares gradients.
"""

import numpy as np
from scipy import special

from facsimile.papers.lfa import explanations
from facsimile.papers.lfa.explanations import CERTAIN, slopes
from facsimile.papers.lfa.functions import Floats, Function

FITTED = 800  # perturbations; the others of 1,000 choose the authors' learning rate
LEAST_SIGMA = 0.01  # the noise that stands for none, of the vanilla gradient
HIGHEST_LIMIT = 0.95  # the lower limit of the path that stands for 1, of gradient x input
# The released loss multiplies weights [b] by errors [b, 1], a matrix [b, b], so that each error
# has the same weight. LIME and KernelSHAP are then one regression.
INSTANCES = {
    "lime_released": "LIME, as released",
    "kernelshap_released": "KernelSHAP, as released",
    "lime_text": "LIME, text",
    "kernelshap_text": "KernelSHAP, text",
    "occlusion": "Occlusion",
    "ig": "Integrated gradients",
    "gxi": "Gradient x input",
    "vg": "Vanilla gradient",
    "sg": "SmoothGrad",
}


def approximate(
    function: Function,
    points: Floats,
    random: np.random.Generator,
) -> dict[str, Floats]:
    """Return the slopes w [n, d] at points [n, d] of each of ``INSTANCES``."""
    fitted: dict[str, list[Floats]] = {instance: [] for instance in INSTANCES}
    for x in points:
        # The released instances differ in their draws alone.
        for method, kernel in (("lime", exponential_kernel), ("kernelshap", shapley_kernel)):
            masks = random.integers(0, 2, (FITTED, len(x))).astype(np.float64)
            values = function.values(x * masks)
            equal = np.ones(FITTED)
            fitted[f"{method}_released"].append(slopes(masks, values, equal))
            fitted[f"{method}_text"].append(slopes(masks, values, kernel(x, masks)))
        # Without a bias, and with one feature at a time, the regression is exact.
        fitted["occlusion"].append(explanations.occlusion(function, x))
        fitted["ig"].append(path_gradient(function, x, 0.0, random))
        fitted["gxi"].append(path_gradient(function, x, HIGHEST_LIMIT, random))
        fitted["vg"].append(noisy_gradient(function, x, LEAST_SIGMA, random))
        fitted["sg"].append(noisy_gradient(function, x, explanations.SIGMA, random))
    return {instance: np.array(rows) for instance, rows in fitted.items()}


def noisy_gradient(
    function: Function,
    x: Floats,
    sigma: float,
    random: np.random.Generator,
) -> Floats:
    """Return the w that is nearest to the gradients at x + z, with z ~ N(0, sigma²)."""
    noise = random.normal(scale=sigma, size=(FITTED, len(x)))
    return np.asarray(function.gradients(x + noise).mean(0))


def path_gradient(
    function: Function,
    x: Floats,
    low: float,
    random: np.random.Generator,
) -> Floats:
    """Return the w that is nearest to the gradients of f(x z) by z, with z = (a, …, a).

    a ~ U(low, 1). With low = 0 these are integrated gradients, near 1 gradient x input.
    """
    shares = random.uniform(low, 1, size=(FITTED, 1))
    return np.asarray(x * function.gradients(shares * x).mean(0))


def exponential_kernel(
    x: Floats,
    masks: Floats,
) -> Floats:
    """Return the weights exp(-|x - x z|²) [n] of masks [n, d].

    The width is that of the released code; Captum's LIME has half the exponent.
    """
    squared = ((x - x * masks) ** 2).sum(1)
    return np.asarray(np.exp(-squared))


def shapley_kernel(
    x: Floats,
    masks: Floats,
) -> Floats:
    """Return the Shapley weights [n] of masks [n, d]; full and empty ones have ``CERTAIN``.

    (d - 1) / (C(d, k) k (d - k)) for a mask of k features.
    """
    features = len(x)
    sizes = masks.sum(1)
    is_end = (sizes == 0) | (sizes == features)
    inner = np.where(is_end, 1, sizes)
    counts = special.comb(features, inner)
    weights = (features - 1) / (counts * inner * (features - inner))
    return np.where(is_end, CERTAIN, weights)
