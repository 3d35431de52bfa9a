"""The characteristic matrix of two variables: mutual information on the best grids of every shape.

Reshef et al. 2011, "Detecting novel associations in large data sets", supporting online material:
for each number of rows, the values of one variable are divided into rows of equal size; the columns
of the other are chosen by dynamic programming among the ends of clumps of points, at most
``CLUMPS`` times as many as columns. Then the same is done with the variables swapped.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

# A grid has at most n**ALPHA cells.
ALPHA = 0.6
# Candidates for the end of a column, per column.
CLUMPS = 15.0
Vector = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


def characteristic(x: Vector, y: Vector) -> Vector:
    """Normalised mutual information of every shape of grid that is allowed.

    The result has one entry per shape, each in [0, 1].
    """
    budget = max(len(x) ** ALPHA, 4.0)
    rows_of_y, rows_of_x = _half(x, y, budget), _half(y, x, budget)
    entries = []
    for rows in range(2, int(budget // 2) + 1):
        for columns in range(2, int(budget // rows) + 1):
            entries.append(max(rows_of_y[rows, columns], rows_of_x[columns, rows]))
    return np.array(entries)


def _half(x: Vector, y: Vector, budget: float) -> Vector:
    """Normalised mutual information [rows of y, columns of x], with y in rows of equal size.

    It is the mutual information divided by the logarithm of the smaller number.
    """
    size = int(budget // 2) + 1
    normalised = np.zeros((size, size))
    by_x = np.argsort(x, kind="stable")
    by_y = np.argsort(y, kind="stable")
    _, ranks = np.unique(x, return_inverse=True)
    for rows in range(2, size):
        columns = int(budget // rows)
        row_of = np.empty(len(y), np.int64)
        row_of[by_y] = _equal_parts(y[by_y], rows)
        ends = _clumps(ranks[by_x].astype(np.int64), row_of[by_x])
        most = max(int(CLUMPS * columns), 1)
        if len(ends) > most:
            ends = _joined(ends, most)
        used_rows = int(row_of.max()) + 1
        information = _best_information(row_of[by_x], ends, used_rows, columns)
        for n in range(2, columns + 1):
            normalised[rows, n] = information[n] / np.log(min(rows, n))
    return normalised


@njit(cache=True)
def _equal_parts(values: Vector, parts: int) -> Places:
    """The part [n] of each of the sorted values.

    Parts are as equal in size as possible; equal values are in the same part.
    """
    n = len(values)
    part = np.empty(n, np.int64)
    current, filled, target, i = 0, 0, n / parts, 0
    while i < n:
        ties = 1
        while i + ties < n and values[i + ties] == values[i]:
            ties += 1
        if filled and abs(filled + ties - target) >= abs(filled - target):
            current, filled = current + 1, 0
            target = (n - i) / (parts - current)
        part[i : i + ties] = current
        filled, i = filled + ties, i + ties
    return part


def _clumps(x: Places, row: Places) -> Places:
    """Ends of the clumps [k], in the order of x.

    A clump is a run of points in one row; points with equal x are never separated.
    """
    first = np.flatnonzero(np.diff(x, prepend=-1))
    mixed = np.minimum.reduceat(row, first) != np.maximum.reduceat(row, first)
    sizes = np.diff(first, append=len(x))
    group = np.repeat(np.arange(len(first)), sizes)
    # Points with equal x in different rows form a clump of their own: a unique negative label.
    label = np.where(mixed[group], -1 - group, row)
    return _run_ends(label)


def _joined(ends: Places, most: int) -> Places:
    """Clumps merged to at most ``most`` clumps of about equal size."""
    sizes = np.diff(ends, prepend=0)
    clump = np.repeat(np.arange(len(ends)), sizes).astype(np.float64)
    return _run_ends(_equal_parts(clump, most))


def _run_ends(labels: Places) -> Places:
    """End of each run of equal labels."""
    changes = labels[1:] != labels[:-1]
    return np.flatnonzero(np.append(changes, True)) + 1


@njit(cache=True)
def _best_information(
    row: Places,
    ends: Places,
    rows: int,
    columns: int,
) -> Vector:
    """Largest mutual information with the rows for each number of columns [columns + 1]; nats."""
    n, k = len(row), len(ends)
    # Points of each row before the end of each clump.
    counts = np.zeros((k + 1, rows))
    place = 0
    for t in range(k):
        counts[t + 1] = counts[t]
        for i in range(place, ends[t]):
            counts[t + 1, row[i]] += 1
        place = ends[t]
    # Number of points in clumps s to t times the entropy of their rows.
    cost = np.zeros((k + 1, k + 1))
    for s in range(k):
        for t in range(s + 1, k + 1):
            total, inner = 0.0, 0.0
            for r in range(rows):
                c = counts[t, r] - counts[s, r]
                if c > 0:
                    total += c
                    inner += c * np.log(c)
            cost[s, t] = total * np.log(total) - inner
    # least[t]: smallest cost of the first t clumps in ``used`` columns.
    least = cost[0].copy()
    information = np.zeros(columns + 1)
    for used in range(2, columns + 1):
        if used <= k:
            for t in range(k, used - 1, -1):
                best = np.inf
                for s in range(used - 1, t):
                    best = min(best, least[s] + cost[s, t])
                least[t] = best
        information[used] = (cost[0, k] - least[k]) / n
    return information
