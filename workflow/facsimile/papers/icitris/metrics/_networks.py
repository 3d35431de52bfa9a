"""Networks of normals, one per variable, trained by AdamW without a framework."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
RATE, DECAY, WARM_UP = 2e-3, 1e-4, 100
CLIP = 0.1  # largest norm of the gradients
DECAYS, TINY = (0.9, 0.999), 1e-8
LAYERS = 3
HALF_LOG = 0.5 * np.log(2 * np.pi)


@dataclass
class Adam:
    """Moments of one array, and the updates that Adam makes of its gradients."""

    decays: tuple[float, float]
    first: Array | float = 0.0
    second: Array | float = 0.0
    steps: int = 0

    def update(self, gradient: Array) -> Array:
        """Return the update for a learning rate of 1."""
        one, two = self.decays
        self.steps += 1
        self.first = one * self.first + (1 - one) * gradient
        self.second = two * self.second + (1 - two) * gradient**2
        mean = self.first / (1 - one**self.steps)
        square = self.second / (1 - two**self.steps)
        updated: Array = mean / (np.sqrt(square) + TINY)
        return updated


@dataclass
class Networks:
    """One network per variable: three layers with SiLU, which end in means and log deviations.

    Weights are [k, inputs, outputs], biases [k, 1, outputs].
    """

    weights: list[Array]
    biases: list[Array]
    moments: list[Adam] = field(default_factory=list)
    steps: int = 0

    @classmethod
    def drawn(
        cls,
        variables: int,
        sizes: tuple[int, ...],
        random: np.random.RandomState,
    ) -> "Networks":
        """Random weights; He's rule, with inputs times outputs in the place of inputs.

        That is how PyTorch applies it to arrays of three dimensions, as in the released code.
        """
        weights, biases = [], []
        for n_inputs, n_outputs in pairwise(sizes):
            bound = np.sqrt(6 / (n_inputs * n_outputs))
            shape = (variables, n_inputs, n_outputs)
            drawn = random.uniform(-bound, bound, shape)
            weights.append(drawn.astype(np.float32))
            start = np.zeros((variables, 1, n_outputs))
            biases.append(start.astype(np.float32))
        moments = [Adam(DECAYS) for _ in range(2 * LAYERS)]
        return cls(weights, biases, moments)

    def outputs(self, inputs: Array) -> Array:
        """Means and log standard deviations [k, n, 2 d] for inputs [k, n, m]."""
        return self._sums(inputs)[-1]

    def train(
        self,
        inputs: Array,
        targets: Array,
        counts: Array,
    ) -> None:
        """One step of AdamW on a batch; arguments as of ``gradients``."""
        self._step(self.gradients(inputs, targets, counts))

    def gradients(
        self,
        inputs: Array,
        targets: Array,
        counts: Array,
    ) -> list[Array]:
        """Gradients of the sum of ``counts`` times negative log likelihoods.

        One per layer and kind: weights, biases, weights, ...

        Args:
            inputs: [k, n, m].
            targets: what the outputs are distributions of, [n, d].
            counts: how much the likelihood of each target counts, [k, n, d].
        """
        sums = self._sums(inputs)
        mean, log_deviation = np.split(
            sums[-1],
            2,
            axis=2,
        )
        error = mean - targets
        scaled = error * np.exp(-2 * log_deviation)
        slopes = (counts * scaled, counts * (1 - error * scaled))
        slope = np.concatenate(slopes, axis=2)
        gradients: list[Array] = []
        for layer in reversed(range(LAYERS)):
            seen = _silu(sums[layer - 1]) if layer else inputs
            of_weights = np.swapaxes(seen, 1, 2) @ slope
            of_biases = slope.sum(axis=1, keepdims=True)
            gradients += [of_biases, of_weights]
            if layer:
                slope = slope @ np.swapaxes(self.weights[layer], 1, 2)
                slope = slope * _slope_of_silu(sums[layer - 1])
        return gradients[::-1]

    def _sums(self, inputs: Array) -> list[Array]:
        """What each layer returns, before SiLU."""
        sums: list[Array] = []
        for weights, biases in zip(
            self.weights,
            self.biases,
            strict=True,
        ):
            seen = _silu(sums[-1]) if sums else inputs
            sums.append(seen @ weights + biases)
        return sums

    def _step(self, gradients: list[Array]) -> None:
        """AdamW with clipping and a linear warm-up; gradients of weights and biases in turns."""
        norm = np.sqrt(sum(float((gradient**2).sum()) for gradient in gradients))
        scale = min(1.0, CLIP / (norm + 1e-6))
        rate = RATE * min(1.0, self.steps / WARM_UP)
        self.steps += 1
        for layer in range(LAYERS):
            for place, arrays in enumerate((self.weights, self.biases)):
                position = 2 * layer + place
                update = self.moments[position].update(scale * gradients[position])
                kept = arrays[layer] * (1 - rate * DECAY)
                arrays[layer] = (kept - rate * update).astype(np.float32)


def negative_log_likelihoods(outputs: Array, targets: Array) -> Array:
    """In nats, [k, n, d], of targets [n, d] under outputs [k, n, 2 d] of networks."""
    mean, log_deviation = np.split(outputs, 2, axis=2)
    scaled = (targets - mean) * np.exp(-log_deviation)
    losses: Array = log_deviation + scaled**2 / 2 + np.float32(HALF_LOG)
    return losses


def _sigmoid(values: Array) -> Array:
    chances: Array = 1 / (1 + np.exp(-values))
    return chances


def _silu(values: Array) -> Array:
    return values * _sigmoid(values)


def _slope_of_silu(values: Array) -> Array:
    chances = _sigmoid(values)
    return chances * (1 + values * (1 - chances))
