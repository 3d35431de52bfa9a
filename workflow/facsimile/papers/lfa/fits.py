"""Two ways to fit the linear functions of an instance: its exact minimum, and the released Adam.

Both are given the same 1,000 perturbations of each point, and fit the first 800.
"""

import itertools
from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from facsimile.papers.lfa.functions import Floats

PERTURBATIONS = 1000
FITTED = 800  # the others choose the setting of Adam
EPOCHS = 50
BATCH = 128
# Learning rate, factor by which it falls, and the epochs at which it does.
SETTINGS = tuple(itertools.product((1.0, 0.5), (0.5, 0.1), ((30, 40), (40, 45))))
DECAYS = (0.9, 0.999)
EPSILON = 1e-8
Singles = npt.NDArray[np.float32]


class Fit(Protocol):
    """A way to minimise the two losses of the framework, at p points at once."""

    def regression(
        self,
        inputs: Floats,
        targets: Floats,
        bias: bool,
    ) -> Floats:
        """Return slopes [p, d] of linear functions of inputs [p, n, d] near targets [p, n]."""

    def mean(self, gradients: Floats) -> Floats:
        """Return the vectors [p, d] that are nearest to gradients [p, n, d]."""


class Exact:
    """The minimum itself: least squares, and the mean."""

    def regression(
        self,
        inputs: Floats,
        targets: Floats,
        bias: bool,
    ) -> Floats:
        """Return slopes [p, d], with equal weights."""
        equal = np.ones(FITTED)
        rows = []
        for x, y in zip(inputs[:, :FITTED], targets[:, :FITTED], strict=True):
            rows.append(slopes(x, y, equal, bias))
        return np.array(rows)

    def mean(self, gradients: Floats) -> Floats:
        """Return the mean gradients [p, d]."""
        return np.asarray(gradients[:, :FITTED].mean(1))


class Adam:
    """The released fit: Adam with eight settings, of which held-out perturbations choose one.

    What is kept is the last state of the chosen setting, as in the released code, which stores a
    reference to its "best state". A setting is chosen by the least loss after any of its epochs.
    All points and settings share the order of the batches, but not their perturbations.
    """

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random

    def regression(
        self,
        inputs: Floats,
        targets: Floats,
        bias: bool,
    ) -> Floats:
        """Return slopes [p, d]; in the released loss all errors have the same weight."""
        points, number, features = inputs.shape
        start = self._start(points, features)
        x, y = inputs.astype(np.float32), targets.astype(np.float32)[:, :, None]
        if bias:
            x = np.concatenate([x, np.ones((points, number, 1), np.float32)], axis=2)
            start = np.concatenate([start, np.zeros((points, 1), np.float32)], axis=1)

        def gradient(w: Singles, batch: npt.NDArray[np.intp]) -> Singles:
            rows = x[:, batch]
            errors = rows @ w.swapaxes(1, 2) - y[:, batch]
            return np.asarray(errors.swapaxes(1, 2) @ rows)

        def loss(w: Singles) -> Singles:
            errors = x[:, FITTED:] @ w.swapaxes(1, 2) - y[:, FITTED:]
            return np.asarray((errors**2).sum(1))

        return self._minimise(gradient, loss, start)[:, :features]

    def mean(self, gradients: Floats) -> Floats:
        """Return vectors [p, d] by the mean gradient of each batch."""
        # With rows first, a batch is contiguous: three times as fast.
        values = np.ascontiguousarray(gradients.swapaxes(0, 1), np.float32)
        held_out = values[FITTED:].mean(0)[:, None]

        def gradient(w: Singles, batch: npt.NDArray[np.intp]) -> Singles:
            means = values[batch].mean(0)[:, None]
            return np.asarray(2 * len(batch) * (w - means))

        def loss(w: Singles) -> Singles:
            return np.asarray(((w - held_out) ** 2).sum(2))

        points, _, features = gradients.shape
        return self._minimise(gradient, loss, self._start(points, features))

    def _start(
        self,
        points: int,
        features: int,
    ) -> Singles:
        """Glorot's uniform starting values [p, d] of one output."""
        bound = np.sqrt(6 / (features + 1))
        return self._random.uniform(-bound, bound, (points, features)).astype(np.float32)

    def _minimise(
        self,
        gradient: Callable[[Singles, npt.NDArray[np.intp]], Singles],
        loss: Callable[[Singles], Singles],
        start: Singles,
    ) -> Floats:
        """The last state [p, k] of the best setting.

        ``gradient`` returns derivatives [p, s, k] by the states [p, s, k] of s settings, on a batch
        of rows; ``loss`` the losses [p, s] on held-out rows.
        """
        w = np.repeat(start[:, None], len(SETTINGS), axis=1)
        first, second = np.zeros_like(w), np.zeros_like(w)
        least = np.full(w.shape[:2], np.inf)
        step = 0
        for epoch in range(EPOCHS):
            rates = _rates(epoch)
            order = self._random.permutation(FITTED)
            for batch in np.split(order, range(BATCH, FITTED, BATCH)):
                step += 1
                change = gradient(w, batch)
                first += (1 - DECAYS[0]) * (change - first)
                second += (1 - DECAYS[1]) * (change**2 - second)
                size = np.sqrt(second / (1 - DECAYS[1] ** step)) + EPSILON
                w = w - rates * first / (1 - DECAYS[0] ** step) / size
            least = np.minimum(least, loss(w))
        return w[np.arange(len(w)), least.argmin(1)].astype(np.float64)


def _rates(epoch: int) -> Singles:
    """The learning rates [s, 1] in an epoch."""
    rates = []
    for rate, factor, milestones in SETTINGS:
        falls = sum(epoch >= milestone for milestone in milestones)
        rates.append(rate * factor**falls)
    return np.array(rates, np.float32)[:, None]


def slopes(
    inputs: Floats,
    values: Floats,
    weights: Floats,
    bias: bool = True,
) -> Floats:
    """Return the slopes [d] of a weighted linear regression.

    Args:
        inputs: inputs [n, d].
        values: targets [n].
        weights: of each squared error [n].
        bias: whether there is an intercept.
    """
    roots = np.sqrt(weights)
    columns = np.column_stack([inputs, np.ones(len(inputs))]) if bias else inputs
    solution = np.linalg.lstsq(columns * roots[:, None], values * roots, rcond=None)[0]
    return np.asarray(solution[: inputs.shape[1]])
