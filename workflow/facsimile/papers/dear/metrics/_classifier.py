"""Classifiers of a binary target: one hidden layer of ELUs, trained by Adam on shuffled batches."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
RATE = 0.005
# Of Adam, as in torch.
FIRST, SECOND, TINY = 0.9, 0.999, 1e-8
REPEATS = 10  # classifiers, which differ in starting values and in the order of batches


@dataclass(frozen=True)
class Size:
    """Hidden units, and number of classifiers whose accuracies are averaged."""

    units: int
    repeats: int = REPEATS


RELEASED = Size(units=2)
LARGE = Size(units=32, repeats=1)


@dataclass(frozen=True)
class Training:
    """How long a classifier is trained.

    epochs: passes through the training points.
    batch: points in a batch; the last one of an epoch may have fewer.
    """

    epochs: int
    batch: int


def predictions(
    size: Size,
    training: Training,
    codes: Floats,
    target: Bools,
    test_codes: Floats,
    random: np.random.RandomState,
) -> Bools:
    """Train classifiers and return their predictions of further points.

    Args:
        size: of the classifiers.
        training: how long each is trained.
        codes: training points [n, d].
        target: their targets [n].
        test_codes: points to predict [m, d].
        random: draws starting values and orders.

    Returns:
        Whether the target is predicted to be 1, [repeats, m].
    """
    predicted = []
    for _ in range(size.repeats):
        hidden, output = _start(codes.shape[1], size.units, random)
        _fit(codes, target, training, hidden, output, random)
        predicted.append(_logits(test_codes, hidden, output) > 0)
    return np.array(predicted)


def _start(
    inputs: int,
    units: int,
    random: np.random.RandomState,
) -> tuple[Floats, Floats]:
    """Weights of the hidden layer [units, inputs + 1] and of the output [units + 1], biases last.

    Both are initialised as torch's Linear: uniform within 1/√inputs.
    """
    hidden = random.uniform(-1, 1, (units, inputs + 1)) / np.sqrt(inputs)
    output = random.uniform(-1, 1, units + 1) / np.sqrt(units)
    return hidden, output


def _fit(
    codes: Floats,
    target: Bools,
    training: Training,
    hidden: Floats,
    output: Floats,
    random: np.random.RandomState,
) -> None:
    """Minimise the cross entropy; changes ``hidden`` and ``output`` in place."""
    labels = target.astype(np.float64)
    weights = np.concatenate((hidden.ravel(), output))
    moments = np.zeros((2, len(weights)))
    step = 0
    for _ in range(training.epochs):
        order = random.permutation(len(codes))
        step = _epoch(codes, labels, order, training.batch, weights, moments, step)
    hidden[:] = weights[: hidden.size].reshape(hidden.shape)
    output[:] = weights[hidden.size :]


def _logits(
    codes: Floats,
    hidden: Floats,
    output: Floats,
) -> Floats:
    """Logits [n] of codes [n, d]."""
    linear = codes @ hidden[:, :-1].T + hidden[:, -1]
    activations = np.where(linear > 0, linear, np.expm1(np.minimum(linear, 0)))
    logits: Floats = activations @ output[:-1] + output[-1]
    return logits


@njit(cache=True)
def _epoch(
    codes: Floats,
    labels: Floats,
    order: npt.NDArray[np.int64],
    batch: int,
    weights: Floats,
    moments: Floats,
    step: int,
) -> int:
    """Train for one epoch in place, and return the number of steps made so far.

    ``weights`` are those of the hidden layer, a unit after the other with its bias last, then those
    of the output. Plain loops compile faster than expressions of arrays.
    """
    inputs = codes.shape[1]
    units = (len(weights) - 1) // (inputs + 2)
    output = units * (inputs + 1)  # where its weights begin
    activations = np.empty(units)
    slopes = np.empty(len(weights))
    for start in range(0, len(order), batch):
        end = min(start + batch, len(order))
        slopes[:] = 0
        for place in range(start, end):
            row = order[place]
            logit = weights[output + units]
            for unit in range(units):
                first = unit * (inputs + 1)
                linear = weights[first + inputs]
                for j in range(inputs):
                    linear += weights[first + j] * codes[row, j]
                activations[unit] = linear if linear > 0 else math.exp(linear) - 1
                logit += weights[output + unit] * activations[unit]
            slope = (1 / (1 + math.exp(-logit)) - labels[row]) / (end - start)
            slopes[output + units] += slope
            for unit in range(units):
                first = unit * (inputs + 1)
                slopes[output + unit] += slope * activations[unit]
                # The derivative of an ELU is 1 above 0, and its value plus 1 below.
                inner = slope * weights[output + unit] * (1 + min(activations[unit], 0.0))
                for j in range(inputs):
                    slopes[first + j] += inner * codes[row, j]
                slopes[first + inputs] += inner
        step += 1
        # Adam.
        rate = RATE / (1 - FIRST**step)
        scale = 1 / math.sqrt(1 - SECOND**step)
        for i in range(len(weights)):
            moments[0, i] = FIRST * moments[0, i] + (1 - FIRST) * slopes[i]
            moments[1, i] = SECOND * moments[1, i] + (1 - SECOND) * slopes[i] ** 2
            weights[i] -= rate * moments[0, i] / (math.sqrt(moments[1, i]) * scale + TINY)
    return step
