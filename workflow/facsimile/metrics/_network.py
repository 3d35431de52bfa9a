"""CITRIS's probe: one small network that predicts all factors from any set of latents.

The latents outside the set are masked.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
WIDTH, EPOCHS, BATCH, RATE = 128, 100, 512, 4e-3
# Of Adam, as in torch.
DECAYS, TINY = (0.9, 0.999), 1e-8


def fit(
    codes: Array,
    sets: Array,
    targets: Array,
    random: np.random.RandomState,
) -> list[Array]:
    """Train tanh(W3 tanh(W2 tanh(W1 x))) and return its weights and biases, layer by layer.

    The inputs are codes [n, d] and sets of latents [s, d] of 0 and 1; the targets [n, k] are in
    [-1, 1]. Adam minimises the mean squared error, summed over factors, of every point with each
    set; batches of 512 points, 100 epochs.
    """
    inputs = _masked(codes, sets)
    sizes = (inputs.shape[2], WIDTH, WIDTH, targets.shape[1])
    weights: list[Array] = []
    for n_inputs, n_outputs in pairwise(sizes):
        weights += _linear(n_inputs, n_outputs, random)
    moments = [(np.zeros_like(weight), np.zeros_like(weight)) for weight in weights]
    step = 0
    for _ in range(EPOCHS):
        order = random.permutation(len(codes))
        for start in range(0, len(codes), BATCH):
            rows = order[start : start + BATCH]
            step += 1
            x = inputs[rows].reshape(-1, sizes[0])
            y = np.repeat(targets[rows], len(sets), axis=0)
            _adam(weights, moments, _gradient(weights, x, y), step)
    return weights


def predict(weights: list[Array], codes: Array, sets: Array) -> Array:
    """Predicted targets [n, s, k] from codes [n, d] by each of the sets [s, d].

    Each distinct input is predicted once, so that points with the same latents get the same
    prediction to the last bit: a matrix product may round equal rows differently, depending on the
    processor, and ranks would show it.
    """
    inputs = _masked(codes, sets)
    flat = inputs.reshape(-1, inputs.shape[2])
    distinct, places = np.unique(flat, axis=0, return_inverse=True)
    predicted = _layers(weights, distinct)[-1]
    return predicted[places.reshape(-1)].reshape(len(codes), len(sets), -1)


def _masked(codes: Array, sets: Array) -> Array:
    """The codes of each set, zero elsewhere, followed by the set itself [n, s, 2d]."""
    masked = codes[:, None] * sets
    repeated = np.broadcast_to(sets, (len(codes), *sets.shape))
    return np.concatenate([masked, repeated], axis=2)


def _linear(
    n_inputs: int,
    n_outputs: int,
    random: np.random.RandomState,
) -> tuple[Array, Array]:
    """Weights [n_inputs, n_outputs] and biases [n_outputs], initialised as torch's Linear.

    They are uniform within 1/sqrt(n_inputs).
    """
    bound = 1 / np.sqrt(n_inputs)
    weight = random.uniform(-bound, bound, (n_inputs, n_outputs))
    bias = random.uniform(-bound, bound, n_outputs)
    return weight.astype(np.float32), bias.astype(np.float32)


def _layers(weights: list[Array], x: Array) -> list[Array]:
    """The input and the activations of each layer."""
    activations = [x]
    for weight, bias in zip(weights[::2], weights[1::2], strict=True):
        activations.append(np.tanh(activations[-1] @ weight + bias))
    return activations


def _gradient(weights: list[Array], x: Array, y: Array) -> list[Array]:
    """Gradient of the squared error, summed over targets and averaged over rows."""
    layers = _layers(weights, x)
    slope = (layers[-1] - y) * np.float32(2 / len(x))
    gradients = []  # from the last layer to the first, biases before weights
    for i in range(len(layers) - 1, 0, -1):
        slope = slope * (1 - layers[i] ** 2)
        gradients += [slope.sum(axis=0), layers[i - 1].T @ slope]
        slope = slope @ weights[2 * i - 2].T
    return gradients[::-1]


def _adam(
    weights: list[Array],
    moments: list[tuple[Array, Array]],
    gradients: list[Array],
    step: int,
) -> None:
    """Take one step of Adam in place."""
    first, second = DECAYS
    rate = np.float32(RATE / (1 - first**step))
    scale = np.float32(1 / np.sqrt(1 - second**step))
    for weight, (mean, square), gradient in zip(weights, moments, gradients, strict=True):
        mean += np.float32(1 - first) * (gradient - mean)
        square += np.float32(1 - second) * (gradient**2 - square)
        weight -= rate * mean / (np.sqrt(square) * scale + np.float32(TINY))
