"""One exact regression tree of depth three on presorted features, as sklearn's best-first splitter with ``friedman_mse`` grows it.

Samples are kept in an order array [n, d]: column f lists the samples of each node by rising feature f. All features of a node
share one segment of rows, so the scan walks d features side by side: the weight of a cut is computed once for all of them and
their running sums do not wait for each other. A split moves the samples stably, so nothing is sorted after the first time.
"""

import numpy as np
from numba import njit

DEPTH = 3
NODES = 2**DEPTH - 1
LEAVES = 2**DEPTH
# sklearn/tree/_splitter.pyx: values nearer than this, in float32, are one value.
SAME = np.float32(1e-7)


@njit(cache=True)
def scan(values, order, start, stop, gradient, mean, gains, cuts, sums):  # type: ignore[no-untyped-def]
    """For each feature the best cut of the rows start..stop: ``gains`` = variance reduction / n, ``cuts`` = samples to the left."""
    size = stop - start
    width = order.shape[1]
    gains[:] = -1.0
    sums[:] = 0.0
    for left in range(1, size):
        row = start + left - 1
        weight = 1.0 / (left * float(size - left))
        expected = left * mean
        for f in range(width):
            sums[f] += gradient[order[row, f]]
            excess = sums[f] - expected
            gain = excess * excess * weight
            # The order of the two tests matters: codes are read only where a cut would win.
            if gain > gains[f] and values[order[row + 1, f], f] > values[order[row, f], f] + SAME:
                gains[f] = gain
                cuts[f] = left


@njit(cache=True)
def choose(gains, preference):  # type: ignore[no-untyped-def]
    """The feature of the largest gain, -1 if none can be cut; equal gains go to the first in ``preference`` (sklearn's is random)."""
    best, chosen = -1.0, -1
    for f in preference:
        if gains[f] >= 0.0 and (chosen < 0 or gains[f] > best * (1.0 + 1e-12)):
            best, chosen = gains[f], f
    return chosen


@njit(cache=True)
def impure(order, start, stop, gradient, least):  # type: ignore[no-untyped-def]
    """Mean of the gradient in a node, and whether its variance exceeds ``least`` so that it may be split."""
    size = stop - start
    if size < 2:
        return 0.0, False
    total, squares = 0.0, 0.0
    for row in range(start, stop):
        g = gradient[order[row, 0]]
        total += g
        squares += g * g
    mean = total / size
    return mean, squares / size - mean * mean > least


@njit(cache=True)
def threshold(values, order, row, f):  # type: ignore[no-untyped-def]
    """Half-way between two neighbours in double precision, the lower one where rounding would reach the upper."""
    low, high = np.float64(values[order[row, f], f]), np.float64(values[order[row + 1, f], f])
    middle = low / 2.0 + high / 2.0
    return low if middle == high else middle


@njit(cache=True)
def mark(order, start, cut, stop, f, node, leaf):  # type: ignore[no-untyped-def]
    """Number the children of a node: 2 node to the left of the cut, 2 node + 1 to its right."""
    for row in range(start, cut):
        leaf[order[row, f]] = 2 * node
    for row in range(cut, stop):
        leaf[order[row, f]] = 2 * node + 1


@njit(cache=True)
def move(order, target, start, cut, stop, leaf, places):  # type: ignore[no-untyped-def]
    """Copy a node's rows so that each child's are together, in the order they had."""
    width = order.shape[1]
    places[0, :width] = start
    places[1, :width] = cut
    for row in range(start, stop):
        for f in range(width):
            i = order[row, f]
            side = leaf[i] & 1
            target[places[side, f], f] = i
            places[side, f] += 1


@njit(cache=True)
def grow(values, presorted, spare, gradient, preferences, least, leaf, features, thresholds, importances):  # type: ignore[no-untyped-def]
    """Grow one tree; fills leaf [n], features and thresholds [7] (-1, inf: not split), adds weighted variance reductions [d]."""
    width = presorted.shape[1]
    gains, sums = np.empty(width), np.empty(width)
    cuts = np.zeros(width, np.int64)
    places = np.empty((2, width), np.int64)
    bounds = np.zeros(LEAVES + 1, np.int64)
    bounds[1] = len(gradient)
    order = presorted
    for level in range(DEPTH):
        below = spare[level % 2]
        # Backwards, because the children's bounds overwrite those of their parents from the right.
        for node in range(2**level - 1, -1, -1):
            start, stop = bounds[node], bounds[node + 1]
            name = 2**level - 1 + node
            mean, open_ = impure(order, start, stop, gradient, least)
            chosen, cut = -1, stop
            features[name], thresholds[name] = -1, np.inf
            if open_:
                scan(values, order, start, stop, gradient, mean, gains, cuts, sums)
                chosen = choose(gains, preferences[name])
            if chosen >= 0:
                cut = start + cuts[chosen]
                features[name] = chosen
                thresholds[name] = threshold(values, order, cut - 1, chosen)
                importances[chosen] += (stop - start) * gains[chosen]
            mark(order, start, cut, stop, max(chosen, 0), node, leaf)
            if level < DEPTH - 1:
                move(order, below, start, cut, stop, leaf, places)
            bounds[2 * node + 2], bounds[2 * node + 1] = stop, cut
        order = below


@njit(cache=True)
def descend(values, features, thresholds, leaf):  # type: ignore[no-untyped-def]
    """The leaf of each sample of values [n, d]."""
    for i in range(values.shape[0]):
        node = 0
        for level in range(DEPTH):
            name = 2**level - 1 + node
            f = features[name]
            node = 2 * node + (1 if f >= 0 and values[i, f] > thresholds[name] else 0)
        leaf[i] = node
