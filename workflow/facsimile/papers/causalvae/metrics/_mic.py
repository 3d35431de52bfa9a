"""The characteristic matrix of two variables: their mutual information on the best grids of every shape.

Reshef et al. 2011, "Detecting novel associations in large data sets", supporting online material: for each number of
rows the values of one variable are parted into rows of equal size, the columns of the other are chosen by dynamic programming
among the ends of clumps of points, at most ``CLUMPS`` times as many as columns; then the same with the variables swapped.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

ALPHA, CLUMPS = (
    0.6,
    15.0,
)  # a grid has at most n**ALPHA cells; candidates for a column's end, in columns
Vector = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


def characteristic(x: Vector, y: Vector) -> Vector:
    """Normalised mutual information of every shape of grid that is allowed: [cells], each in [0, 1]."""
    budget = max(len(x) ** ALPHA, 4.0)
    one, other = _half(x, y, budget), _half(y, x, budget)
    shapes = [
        (rows, columns)
        for rows in range(2, int(budget // 2) + 1)
        for columns in range(2, int(budget // rows) + 1)
    ]
    return np.array([max(one[rows, columns], other[columns, rows]) for rows, columns in shapes])


def _half(x: Vector, y: Vector, budget: float) -> Vector:
    """[rows of y, columns of x]: mutual information over the logarithm of the smaller, with y in rows of equal size."""
    size = int(budget // 2) + 1
    found = np.zeros((size, size))
    by_x, by_y = np.argsort(x, kind="stable"), np.argsort(y, kind="stable")
    _, ranks = np.unique(x, return_inverse=True)
    for rows in range(2, size):
        columns = int(budget // rows)
        row_of = np.empty(len(y), np.int64)
        row_of[by_y] = _equal(y[by_y], rows)
        ends = _clumps(ranks[by_x].astype(np.int64), row_of[by_x])
        most = max(int(CLUMPS * columns), 1)
        ends = _joined(ends, most) if len(ends) > most else ends
        information = _best(row_of[by_x], ends, int(row_of.max()) + 1, columns)
        for n in range(2, columns + 1):
            found[rows, n] = information[n] / np.log(min(rows, n))
    return found


@njit(cache=True)
def _equal(values: Vector, parts: int) -> Places:
    """The part [n] of each of sorted values: as equal in size as values that are alike and stay together allow."""
    n = len(values)
    part = np.empty(n, np.int64)
    current, filled, wanted, i = 0, 0, n / parts, 0
    while i < n:
        alike = 1
        while i + alike < n and values[i + alike] == values[i]:
            alike += 1
        if filled and abs(filled + alike - wanted) >= abs(filled - wanted):
            current, filled = current + 1, 0
            wanted = (n - i) / (parts - current)
        part[i : i + alike] = current
        filled, i = filled + alike, i + alike
    return part


def _clumps(x: Places, row: Places) -> Places:
    """Where clumps end [k], in the order of x: runs of points of one row; points alike in x are never parted."""
    first = np.flatnonzero(np.diff(x, prepend=-1))
    mixed = np.minimum.reduceat(row, first) != np.maximum.reduceat(row, first)
    of = np.repeat(np.arange(len(first)), np.diff(first, append=len(x)))
    label = np.where(mixed[of], -1 - of, row)
    return np.flatnonzero(np.append(label[1:] != label[:-1], True)) + 1


def _joined(ends: Places, most: int) -> Places:
    """Clumps joined to at most so many of about equal size."""
    of = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0)).astype(np.float64)
    part = _equal(of, most)
    return np.flatnonzero(np.append(part[1:] != part[:-1], True)) + 1


@njit(cache=True)
def _best(row: Places, ends: Places, rows: int, columns: int) -> Vector:
    """[columns + 1]: the most mutual information that so many columns have with the rows, in nats."""
    n, k = len(row), len(ends)
    counts = np.zeros((k + 1, rows))
    place = 0
    for t in range(k):
        counts[t + 1] = counts[t]
        for i in range(place, ends[t]):
            counts[t + 1, row[i]] += 1
        place = ends[t]
    cost = np.zeros((k + 1, k + 1))  # points times the entropy of their rows, in clumps s to t
    for s in range(k):
        for t in range(s + 1, k + 1):
            total, inner = 0.0, 0.0
            for r in range(rows):
                c = counts[t, r] - counts[s, r]
                if c > 0:
                    total += c
                    inner += c * np.log(c)
            cost[s, t] = total * np.log(total) - inner
    least = cost[0].copy()
    found = np.zeros(columns + 1)
    for used in range(2, columns + 1):
        if used <= k:
            for t in range(k, used - 1, -1):
                best = np.inf
                for s in range(used - 1, t):
                    best = min(best, least[s] + cost[s, t])
                least[t] = best
        found[used] = (cost[0, k] - least[k]) / n
    return found
