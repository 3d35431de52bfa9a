"""A network whose weights are ±1 at random, by the moments of its pre-activations.

Li et al. 2023, "Statistical mechanics of continual learning", on deep networks. Weight w_ij is 1
with the probability (1 + tanh βθ_ij) / 2. A pre-activation of many inputs a is taken as normal,
with mean Σ_j tanh(βθ_ij) a_j / √n and variance Σ_j (1 - tanh² βθ_ij) a_j² / n; hidden units are
ReLU.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.models.base.algorithm import Random

Singles = npt.NDArray[np.float32]
TINY = np.float32(1e-30)  # added to variances, which are 0 where all inputs are


class Moments(NamedTuple):
    """Means and variances of the weights of a layer [outputs, inputs]."""

    mean: Singles
    variance: Singles


class Pass(NamedTuple):
    """What a forward pass keeps of each layer, for the gradient.

    ``inputs`` [b, inputs]; ``noise`` and ``deviation`` of the pre-activations ``values``, [b,
    outputs] each.
    """

    inputs: Singles
    noise: Singles
    deviation: Singles
    values: Singles


def moments(
    fields: list[Singles],
    beta: float,
) -> list[Moments]:
    """Return means and variances of the weights with these fields θ, layer by layer."""
    layers = []
    for theta in fields:
        mean = np.tanh(np.float32(beta) * theta)
        layers.append(Moments(mean, 1 - mean * mean))
    return layers


def forward(
    layers: list[Moments],
    inputs: Singles,
    random: Random,
) -> list[Pass]:
    """Draw the pre-activations of each layer for inputs [b, n]; the last ones are logits."""
    passes: list[Pass] = []
    for layer in layers:
        size = np.float32(inputs.shape[1])
        mean = inputs @ layer.mean.T / np.sqrt(size)
        deviation = np.sqrt((inputs * inputs) @ layer.variance.T / size + TINY)
        noise = random.standard_normal(mean.shape, np.float32)
        values = mean + deviation * noise
        passes.append(Pass(inputs, noise, deviation, values))
        inputs = np.maximum(values, 0)
    return passes


def gradients(
    layers: list[Moments],
    passes: list[Pass],
    labels: npt.NDArray[np.int64],
    beta: float,
) -> list[Singles]:
    """Return the gradient in θ of the cross entropy of the labels [b], summed over the batch.

    The draws of the pre-activations are held fixed.
    """
    slope = probabilities(passes[-1].values)
    slope[np.arange(len(labels)), labels] -= 1
    reversed_order: list[Singles] = []
    for layer, kept in zip(reversed(layers), reversed(passes), strict=True):
        size = np.float32(kept.inputs.shape[1])
        by_deviation = kept.noise * slope / kept.deviation
        in_mean = slope.T @ kept.inputs / np.sqrt(size)
        in_variance = by_deviation.T @ (kept.inputs * kept.inputs) / size
        # d variance / dθ is -2 β mean · variance, and d deviation² = 2 deviation · d deviation.
        gradient = np.float32(beta) * layer.variance * (in_mean - in_variance * layer.mean)
        reversed_order.append(gradient)
        back = slope @ layer.mean / np.sqrt(size)
        back += kept.inputs * (by_deviation @ layer.variance) / size
        slope = back * (kept.inputs > 0)
    return reversed_order[::-1]


def probabilities(logits: Singles) -> Singles:
    """Return the softmax of logits [b, classes]."""
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(shifted / shifted.sum(1, keepdims=True))
