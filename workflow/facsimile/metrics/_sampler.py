"""Which rows of a table of latents are drawn: from a complete grid of factors as disentanglement_lib draws, else from its rows.

Both kinds answer row numbers for a numpy RandomState: ``rows`` independent draws, ``batches`` that share the value of one factor,
``pairs`` of rows that share the value of one factor, pair by pair. Labels [n] say which factor was held.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


class Sampler(Protocol):
    """Draws row numbers."""

    def rows(self, state: np.random.RandomState, n: int) -> Rows:
        """``n`` independent draws."""

    def batches(self, state: np.random.RandomState, n: int, batch: int) -> tuple[Rows, Rows]:
        """Labels [n] and rows [n, batch]."""

    def pairs(self, state: np.random.RandomState, n: int, batch: int) -> tuple[Rows, Rows, Rows]:
        """Labels [n] and rows [n, batch] twice."""


class Grid:
    """Every combination of factor values is one row. The calls to the generator are disentanglement_lib's, in its order.

    A combination is drawn factor by factor, uniformly; its held factor is overwritten afterwards.
    """

    def __init__(self, sizes: tuple[int, ...], row_of: Rows) -> None:
        self._sizes = sizes
        self._row_of = row_of
        self._strides = np.cumprod((1, *sizes[:0:-1]))[::-1]

    def rows(self, state: np.random.RandomState, n: int) -> Rows:
        """``n`` independent draws."""
        return self._row_of[self._combinations(state, n) @ self._strides]

    def batches(self, state: np.random.RandomState, n: int, batch: int) -> tuple[Rows, Rows]:
        """Labels [n] and rows [n, batch]: all of a batch have the held factor's value of its first row."""
        labels, drawn = np.empty(n, np.int64), np.empty((n, batch), np.int64)
        for i in range(n):
            labels[i] = held = state.randint(len(self._sizes))
            values = self._combinations(state, batch)
            values[:, held] = values[0, held]
            drawn[i] = values @ self._strides
        return labels, self._row_of[drawn]

    def pairs(self, state: np.random.RandomState, n: int, batch: int) -> tuple[Rows, Rows, Rows]:
        """Labels [n] and rows [n, batch] twice: row by row the second has the first's value of the held factor."""
        labels, first, second = np.empty(n, np.int64), np.empty((n, batch), np.int64), np.empty((n, batch), np.int64)
        for i in range(n):
            labels[i] = held = state.randint(len(self._sizes))
            one, other = self._combinations(state, batch), self._combinations(state, batch)
            other[:, held] = one[:, held]
            first[i], second[i] = one @ self._strides, other @ self._strides
        return labels, self._row_of[first], self._row_of[second]

    def _combinations(self, state: np.random.RandomState, n: int) -> Rows:
        values = np.empty((n, len(self._sizes)), np.int64)
        for j, size in enumerate(self._sizes):
            values[:, j] = state.randint(size, size=n)
        return values


class Scattered:
    """Any other table: rows with replacement. A held factor's value is that of a drawn row; its fellows are the rows with that value.

    The other factors are then as they occur in the table, independent of the held one only if they are so there.
    """

    def __init__(self, factors: Rows) -> None:
        self._factors = factors
        self._count = len(factors)
        self._groups = [[np.flatnonzero(column == value) for value in range(column.max() + 1)] for column in factors.T]

    def rows(self, state: np.random.RandomState, n: int) -> Rows:
        """``n`` independent draws."""
        return state.randint(self._count, size=n).astype(np.int64)

    def batches(self, state: np.random.RandomState, n: int, batch: int) -> tuple[Rows, Rows]:
        """Labels [n] and rows [n, batch]; raises ValueError if a value has one row only."""
        labels, drawn = state.randint(len(self._groups), size=n).astype(np.int64), np.empty((n, batch), np.int64)
        for i, (held, seen) in enumerate(zip(labels, self.rows(state, n), strict=True)):
            fellows = self._fellows(held, seen)
            drawn[i] = fellows[state.randint(len(fellows), size=batch)]
        return labels, drawn

    def pairs(self, state: np.random.RandomState, n: int, batch: int) -> tuple[Rows, Rows, Rows]:
        """Labels [n] and rows [n, batch] twice; raises ValueError if a value has one row only."""
        labels, first = state.randint(len(self._groups), size=n).astype(np.int64), self.rows(state, n * batch).reshape(n, batch)
        place, second = state.random_sample((n, batch)), np.empty((n, batch), np.int64)
        for i, held in enumerate(labels):
            for j, seen in enumerate(first[i]):
                fellows = self._fellows(held, seen)
                second[i, j] = fellows[int(place[i, j] * len(fellows))]
        return labels, first, second

    def _fellows(self, held: int, seen: int) -> Rows:
        value = self._factors[seen, held]
        fellows = self._groups[held][value]
        if len(fellows) < 2:
            raise ValueError(
                f"value {value} of the varying factor {held} has a single row, so nothing can vary while it is held; "
                "give more rows, or leave out the metrics that hold factors: beta_vae_score and factor_vae_score"
            )
        return fellows


def of(factors: Rows, sizes: tuple[int, ...]) -> Sampler:
    """The sampler of a table of numbered factors [n, k]: a grid if every combination is there once, in whatever order."""
    if len(factors) != np.prod(sizes, dtype=np.float64):
        return Scattered(factors)
    place = np.ravel_multi_index(tuple(factors.T), sizes)
    row_of = np.full(len(factors), -1, np.int64)
    row_of[place] = np.arange(len(factors))
    return Scattered(factors) if (row_of < 0).any() else Grid(sizes, row_of)
