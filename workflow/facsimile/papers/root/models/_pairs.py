"""Pairs of a low and a high design of functions drawn from a Gaussian process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from facsimile.datasets.base.letter_logits import LetterLogits
from facsimile.models.base import offline_designs
from facsimile.papers.root.models._letter_process import (
    Kernel,
    LetterGrid,
    PosteriorMean,
    fitted,
)

Floats = npt.NDArray[np.float64]
LENGTH = VARIANCE = 6.25
SPREAD = 0.25  # both are uniform within so much
NOISE = 0.01
CLIMB_RATE = 0.05
LEAST_GAP = 0.001
HIGHEST, LOWEST, RANDOM = 0, 1, 2
CANDIDATES = 1_024  # rows with the highest or the lowest score, from which searches start


@dataclass(frozen=True)
class Offline:
    """The offline rows: encoding, numbers in the grid, coordinates [n, d], standardised scores [n].

    ``highest`` is the standardised score of the table's best design, 1 on the scale of the table,
    which the released code knows, too.
    """

    encoding: LetterLogits
    grid: LetterGrid
    numbers: npt.NDArray[np.int64]
    x: Floats
    y: Floats
    highest: float

    @classmethod
    def of(
        cls,
        data: Mapping[str, npt.NDArray[Any]],
    ) -> "Offline":
        """Take the offline rows of a data set."""
        rows = offline_designs.is_offline(data)
        if not rows.any():
            raise ValueError("the data set has no offline rows: its array offline is 1 nowhere")
        encoding = offline_designs.letter_logits(data)
        sequences = data["sequence"][rows].astype(np.int64)
        grid = LetterGrid.of(encoding, sequences.shape[1])
        x, y = (data[name][rows].astype(np.float64) for name in ("x", "y"))
        return cls(encoding, grid, grid.index(sequences), x, y, float(data["y"].max()))

    def posterior(
        self,
        rows: npt.NDArray[np.integer],
        kernel: Kernel,
    ) -> PosteriorMean:
        """The posterior mean of a process that has seen these offline rows."""
        weights = fitted(self.grid, kernel, self.numbers[rows], self.y[rows])
        return PosteriorMean.of(self.grid, kernel, weights)

    def starts(
        self,
        kind: int,
    ) -> npt.NDArray[np.intp]:
        """Rows from which searches start: the highest, the lowest, or all."""
        if kind == RANDOM:
            return np.arange(len(self.y))
        return offline_designs.best_rows(self.y if kind == HIGHEST else -self.y, CANDIDATES)


@dataclass(frozen=True)
class Pairs:
    """High and low designs [n, d] and the function's values there [n]."""

    high: Floats
    low: Floats
    y_high: Floats
    y_low: Floats


def drawn_kernel(random: np.random.Generator) -> Kernel:
    """A kernel with length scale and variance uniform in 6.25 ± 0.25."""
    length, variance = random.uniform(-SPREAD, SPREAD, 2)
    return Kernel(LENGTH + length, VARIANCE + variance, NOISE)


def searched(
    posterior: PosteriorMean,
    starts: Floats,
    steps: int,
) -> Pairs:
    """Descend and ascend from each start [n, d]; pairs of almost equal values are left out."""
    x = torch.from_numpy(starts)
    ends, values = [], []
    for rate in (CLIMB_RATE, -CLIMB_RATE):
        end = offline_designs.ascend(posterior, x, rate, steps)
        ends.append(end.numpy())
        values.append(posterior(end).numpy())
    high, low = ends
    y_high, y_low = values
    kept = y_high - y_low > LEAST_GAP
    return Pairs(high[kept], low[kept], y_high[kept], y_low[kept])


def joined(parts: list[Pairs]) -> Pairs:
    """All pairs of several functions."""
    arrays = {}
    for name in Pairs.__dataclass_fields__:
        arrays[name] = np.concatenate([getattr(part, name) for part in parts])
    return Pairs(**arrays)
