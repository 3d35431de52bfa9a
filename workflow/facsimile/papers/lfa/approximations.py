"""Explanations as local function approximations: the instances of the framework.

A linear function g(z) = w z + b is fitted to a function f near a point x, with noise z and a loss
(Han et al. 2022, "Which explanation should I choose?", Definition 1 and Table 1). The loss compares
values, or gradients; ``fits.py`` has the ways to minimise it.
"""

import numpy as np
from scipy import special

from facsimile.papers.lfa import explanations
from facsimile.papers.lfa.explanations import CERTAIN
from facsimile.papers.lfa.fits import FITTED, PERTURBATIONS, Fit, slopes
from facsimile.papers.lfa.functions import Floats, Function

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
    fit: Fit,
) -> dict[str, Floats]:
    """Return the slopes w [p, d] at points [p, d] of each of ``INSTANCES``.

    The text defines the instances of LIME and KernelSHAP as minima, so that these are exact,
    whatever ``fit`` is.
    """
    fitted = {}
    # The released instances differ in their draws alone.
    for method, kernel in (("lime", exponential_kernel), ("kernelshap", shapley_kernel)):
        shape = (len(points), PERTURBATIONS, points.shape[1])
        masks = random.integers(0, 2, shape).astype(np.float64)
        values = np.array([function.values(x * z) for x, z in zip(points, masks, strict=True)])
        fitted[f"{method}_released"] = fit.regression(masks, values, bias=True)
        weighted = []
        for x, z, y in zip(points, masks[:, :FITTED], values[:, :FITTED], strict=True):
            weighted.append(slopes(z, y, kernel(x, z)))
        fitted[f"{method}_text"] = np.array(weighted)
    fitted["occlusion"] = _occlusions(function, points, random, fit)
    fitted["ig"] = path_gradients(function, points, 0.0, random, fit)
    fitted["gxi"] = path_gradients(function, points, HIGHEST_LIMIT, random, fit)
    fitted["vg"] = noisy_gradients(function, points, LEAST_SIGMA, random, fit)
    fitted["sg"] = noisy_gradients(function, points, explanations.SIGMA, random, fit)
    return fitted


def noisy_gradients(
    function: Function,
    points: Floats,
    sigma: float,
    random: np.random.Generator,
    fit: Fit,
) -> Floats:
    """Return w [p, d] near the gradients at x + z, with z ~ N(0, sigma²), of points x [p, d]."""
    gradients = []
    for x in points:
        noise = random.normal(scale=sigma, size=(PERTURBATIONS, len(x)))
        gradients.append(function.gradients(x + noise))
    return fit.mean(np.array(gradients))


def path_gradients(
    function: Function,
    points: Floats,
    low: float,
    random: np.random.Generator,
    fit: Fit,
) -> Floats:
    """Return w [p, d] near the gradients of f(x z) by z, with z = (a, …, a), of points x [p, d].

    a ~ U(low, 1). With low = 0 these are integrated gradients, near 1 gradient x input.
    """
    gradients = []
    for x in points:
        shares = random.uniform(low, 1, size=(PERTURBATIONS, 1))
        gradients.append(x * function.gradients(shares * x))
    return fit.mean(np.array(gradients))


def _occlusions(
    function: Function,
    points: Floats,
    random: np.random.Generator,
    fit: Fit,
) -> Floats:
    """Slopes [p, d] of the fall of the value by which single feature is set to 0."""
    falls = np.array([explanations.occlusion(function, x) for x in points])
    features = points.shape[1]
    removed = random.integers(0, features, (len(points), PERTURBATIONS))
    one_hot = np.eye(features)[removed]
    targets = np.take_along_axis(falls, removed, axis=1)
    return fit.regression(one_hot, targets, bias=False)


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
