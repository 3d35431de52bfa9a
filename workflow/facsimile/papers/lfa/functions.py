"""The functions that are explained: values and gradients of a network of dense layers."""

import itertools
from typing import Protocol

import numpy as np
import numpy.typing as npt

WIDTH = 8  # units of a hidden layer
Floats = npt.NDArray[np.float64]


class Function(Protocol):
    """A function of d features whose gradient is known."""

    def values(self, x: Floats) -> Floats:
        """Return the values [n] at points [n, d]."""

    def gradients(self, x: Floats) -> Floats:
        """Return the gradients [n, d] at points [n, d]."""


def widths(
    features: int,
    layers: int,
) -> list[int]:
    """Return inputs, units of each hidden layer and outputs of the paper's networks."""
    return [features, *[WIDTH] * (layers - 1), 1]


def sizes(
    features: int,
    layers: int,
) -> list[int]:
    """Return how many numbers weight and bias of each layer have, in turn."""
    numbers = []
    units = widths(features, layers)
    for before, after in itertools.pairwise(units):
        numbers += [after * before, after]
    return numbers


class DenseNetwork:
    """Dense layers with one output.

    With ``classify``, ReLU between layers and a logistic function at the end, so that the value is
    a probability; otherwise tanh between layers, and the value of the last layer.

    Args:
        features: number of inputs.
        layers: number of layers; hidden ones have ``WIDTH`` units.
        parameters: weights [out, in] and biases [out] of the layers in turn, as one vector.
        classify: whether the value is a probability.

    Raises:
        ValueError: the vector does not have the size of these layers.
    """

    def __init__(
        self,
        features: int,
        layers: int,
        parameters: Floats,
        classify: bool,
    ) -> None:
        self._classify = classify
        self._layers: list[tuple[Floats, Floats]] = []
        start = 0
        expected = sum(sizes(features, layers))
        if len(parameters) != expected:
            raise ValueError(
                f"{len(parameters)} parameters, but {layers} layers with {features} inputs have "
                f"{expected}"
            )
        units = widths(features, layers)
        for before, after in itertools.pairwise(units):
            middle = start + after * before
            weight = parameters[start:middle].reshape(after, before)
            start = middle + after
            self._layers.append((weight, parameters[middle:start]))

    def values(self, x: Floats) -> Floats:
        """Return the values [n] at points [n, d]."""
        return self._forward(x)[-1][:, 0]

    def gradients(self, x: Floats) -> Floats:
        """Return the gradients [n, d] at points [n, d], by backpropagation."""
        *hidden, output = self._forward(x)
        gradient = np.ones((len(x), 1))
        if self._classify:
            gradient = output * (1 - output)
        for index in reversed(range(len(self._layers))):
            weight, _ = self._layers[index]
            gradient = gradient @ weight
            if index > 0:
                units = hidden[index - 1]
                # Both derivatives are functions of the activation itself.
                gradient = gradient * ((units > 0) if self._classify else 1 - units**2)
        return gradient

    def _forward(self, x: Floats) -> list[Floats]:
        """The units [n, width] after each layer."""
        units = []
        for index, (weight, bias) in enumerate(self._layers):
            x = x @ weight.T + bias
            if index < len(self._layers) - 1:
                x = np.maximum(x, 0) if self._classify else np.tanh(x)
            elif self._classify:
                x = 1 / (1 + np.exp(-x))
            units.append(x)
        return units
