"""CITRIS's probe: one small network that predicts all factors from any set of latents, the others being masked."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
WIDTH, EPOCHS, BATCH, RATE = 128, 100, 512, 4e-3
DECAYS, TINY = (0.9, 0.999), 1e-8  # Adam, as torch has it


def fit(codes: Array, sets: Array, targets: Array, random: np.random.RandomState) -> list[Array]:
    """Weights of tanh(W3 tanh(W2 tanh(W1 x))) from codes [n, d], sets of latents [s, d] of 0 and 1, targets [n, k] in [-1, 1].

    Adam on the mean squared error, summed over factors, of every point with each set; batches of 512 points, 100 epochs.
    """
    inputs = _masked(codes, sets)
    sizes = (inputs.shape[2], WIDTH, WIDTH, targets.shape[1])
    weights = [part for p, q in pairwise(sizes) for part in _linear(p, q, random)]
    moments = [(np.zeros_like(weight), np.zeros_like(weight)) for weight in weights]
    step = 0
    for _ in range(EPOCHS):
        order = random.permutation(len(codes))
        for start in range(0, len(codes), BATCH):
            rows, step = order[start : start + BATCH], step + 1
            x, y = inputs[rows].reshape(-1, sizes[0]), np.repeat(targets[rows], len(sets), axis=0)
            _adam(weights, moments, _gradient(weights, x, y), step)
    return weights


def predict(weights: list[Array], codes: Array, sets: Array) -> Array:
    """Targets [n, s, k] that are predicted from codes [n, d] by each of the sets [s, d].

    Each distinct input is predicted once, so that points with the same latents get the same
    prediction to the last bit: a product of matrices may round equal rows differently, depending on
    the processor, and ranks would tell.
    """
    inputs = _masked(codes, sets)
    distinct, places = np.unique(inputs.reshape(-1, inputs.shape[2]), axis=0, return_inverse=True)
    return _layers(weights, distinct)[-1][places.reshape(-1)].reshape(len(codes), len(sets), -1)


def _masked(codes: Array, sets: Array) -> Array:
    """The codes of each set, zero elsewhere, and the set itself [n, s, 2d]."""
    return np.concatenate(
        [codes[:, None] * sets, np.broadcast_to(sets, (len(codes), *sets.shape))], axis=2
    )


def _linear(p: int, q: int, random: np.random.RandomState) -> tuple[Array, Array]:
    """Weights [p, q] and biases [q] as torch's Linear starts: uniform within 1/sqrt(p)."""
    bound = 1 / np.sqrt(p)
    weight, bias = random.uniform(-bound, bound, (p, q)), random.uniform(-bound, bound, q)
    return weight.astype(np.float32), bias.astype(np.float32)


def _layers(weights: list[Array], x: Array) -> list[Array]:
    found = [x]
    for weight, bias in zip(weights[::2], weights[1::2], strict=True):
        found.append(np.tanh(found[-1] @ weight + bias))
    return found


def _gradient(weights: list[Array], x: Array, y: Array) -> list[Array]:
    """Of the mean over rows of the squared error summed over targets."""
    layers = _layers(weights, x)
    slope, found = (layers[-1] - y) * np.float32(2 / len(x)), []
    for i in range(len(layers) - 1, 0, -1):
        slope = slope * (1 - layers[i] ** 2)
        found += [slope.sum(axis=0), layers[i - 1].T @ slope]
        slope = slope @ weights[2 * i - 2].T
    return found[::-1]


def _adam(
    weights: list[Array], moments: list[tuple[Array, Array]], gradients: list[Array], step: int
) -> None:
    first, second = DECAYS
    rate = np.float32(RATE / (1 - first**step))
    scale = np.float32(1 / np.sqrt(1 - second**step))
    for weight, (mean, square), gradient in zip(weights, moments, gradients, strict=True):
        mean += np.float32(1 - first) * (gradient - mean)
        square += np.float32(1 - second) * (gradient**2 - square)
        weight -= rate * mean / (np.sqrt(square) * scale + np.float32(TINY))
