"""One exact regression tree of depth three on presorted features.

It is the tree that scikit-learn's best splitter grows with ``friedman_mse``. Samples are kept in an
order array [d, n]: row f lists the samples of each node by rising feature f, and a node has the
same range of places in every row. A split moves the samples stably, so they are sorted only once.
"""

import numpy as np
from numba import njit

DEPTH = 3
NODES = 2**DEPTH - 1
LEAVES = 2**DEPTH
# sklearn/tree/_splitter.pyx: values closer than this, in float32, count as equal.
SAME = np.float32(1e-7)
# Features whose gains differ by less than this, relatively, tie: sums in another order differ by
# rounding. scikit-learn takes one of them at random; here each gets its expected importance, so
# that copies of a latent are treated alike, and one of them is cut.
TIE = 1e-9


@njit(cache=True)
def scan(values, order, start, stop, gradient, mean, weights, gains, cuts):  # type: ignore[no-untyped-def]
    """Find each feature's best cut of the places start..stop.

    Fills ``gains`` (variance reduction / n) and ``cuts`` (number of samples to the left).
    """
    size = stop - start
    for left in range(1, size):
        weights[left] = 1.0 / (left * float(size - left))
    for f in range(len(order)):
        gains[f], cuts[f] = _best_cut(values[f], order[f, start:stop], gradient, mean, weights)


@njit(cache=True)
def _best_cut(values, samples, gradient, mean, weights):  # type: ignore[no-untyped-def]
    best, cut, excess = -1.0, 0, 0.0
    for left in range(1, len(samples)):
        excess += gradient[samples[left - 1]] - mean
        gain = excess * excess * weights[left]
        # The order of the two tests matters: codes are read only where a cut would win.
        if gain > best and values[samples[left]] > values[samples[left - 1]] + SAME:
            best, cut = gain, left
    return best, cut


@njit(cache=True)
def choose(gains, credit, lot):  # type: ignore[no-untyped-def]
    """One of the features with the largest gain, drawn by ``lot``; -1 if no feature can be cut.

    Fills ``credit`` [d], which the features that tie share equally.
    """
    chosen = np.argmax(gains)
    credit[:] = 0.0
    if gains[chosen] < 0.0:
        return -1
    least = gains[chosen] * (1.0 - TIE)
    credit[gains >= least] = 1.0
    ties = int(credit.sum())
    credit /= ties
    if ties == 1:
        return chosen
    return np.flatnonzero(credit)[draw(lot, ties)]


@njit(cache=True)
def draw(lot, size):  # type: ignore[no-untyped-def]
    """A number below ``size``, the next of a fixed sequence (xorshift) with state ``lot`` [1]."""
    state = lot[0]
    state ^= state << np.uint32(13)
    state ^= state >> np.uint32(17)
    state ^= state << np.uint32(5)
    lot[0] = state
    return np.int64(state) % size


@njit(cache=True)
def impure(order, start, stop, gradient, least):  # type: ignore[no-untyped-def]
    """Mean of the gradient in a node, and whether its variance exceeds ``least``.

    Only such a node may be split.
    """
    size = stop - start
    if size < 2:
        return 0.0, False
    total, squares = 0.0, 0.0
    for place in range(start, stop):
        g = gradient[order[0, place]]
        total += g
        squares += g * g
    mean = total / size
    return mean, squares / size - mean * mean > least


@njit(cache=True)
def threshold(values, order, f, place):  # type: ignore[no-untyped-def]
    """Midpoint of two neighbouring values in double precision.

    If rounding would make it the upper value, it is the lower one.
    """
    low, high = np.float64(values[f, order[f, place]]), np.float64(values[f, order[f, place + 1]])
    middle = low / 2.0 + high / 2.0
    return low if middle == high else middle


@njit(cache=True)
def mark(order, start, cut, stop, f, node, leaf):  # type: ignore[no-untyped-def]
    """Number the children of a node: 2 * node to the left of the cut, 2 * node + 1 to its right."""
    for place in range(start, cut):
        leaf[order[f, place]] = 2 * node
    for place in range(cut, stop):
        leaf[order[f, place]] = 2 * node + 1


@njit(cache=True)
def move(order, target, start, cut, stop, leaf):  # type: ignore[no-untyped-def]
    """Copy a node's samples so that those of each child are together, in their previous order."""
    for f in range(len(order)):
        left, right = start, cut
        for place in range(start, stop):
            i = order[f, place]
            side = leaf[i] & 1
            target[f, right if side else left] = i
            right += side
            left += 1 - side


@njit(cache=True)
def split(values, order, start, stop, gradient, least, weights, importances, lot):  # type: ignore[no-untyped-def]
    """Feature (-1: none) and place at which to cut a node.

    Adds variance reduction times the number of samples to ``importances`` [d].
    """
    width = len(values)
    gains, credit, cuts = np.empty(width), np.empty(width), np.empty(width, np.int64)
    mean, divisible = impure(order, start, stop, gradient, least)
    if not divisible:
        return -1, stop
    scan(values, order, start, stop, gradient, mean, weights, gains, cuts)
    chosen = choose(gains, credit, lot)
    if chosen < 0:
        return -1, stop
    importances += (stop - start) * gains[chosen] * credit
    return chosen, start + cuts[chosen]


@njit(cache=True)
def grow(values, presorted, spare, gradient, least, leaf, features, thresholds, importances, lot):  # type: ignore[no-untyped-def]
    """Grow one tree.

    Fills ``leaf`` [n], ``features`` and ``thresholds`` [7] (-1 and inf for a node that is not
    split), and adds to ``importances`` [d].
    """
    weights = np.empty(len(gradient))
    bounds = np.zeros(LEAVES + 1, np.int64)
    bounds[1] = len(gradient)
    order = presorted
    for level in range(DEPTH):
        below = spare[level % 2]
        # Backwards, because the children's bounds overwrite those of their parents from the right.
        for node in range(2**level - 1, -1, -1):
            start, stop = bounds[node], bounds[node + 1]
            name = 2**level - 1 + node
            f, cut = split(values, order, start, stop, gradient, least, weights, importances, lot)
            features[name] = f
            thresholds[name] = threshold(values, order, f, cut - 1) if f >= 0 else np.inf
            mark(order, start, cut, stop, max(f, 0), node, leaf)
            if level < DEPTH - 1:
                move(order, below, start, cut, stop, leaf)
            bounds[2 * node + 2], bounds[2 * node + 1] = stop, cut
        order = below


@njit(cache=True)
def descend(values, features, thresholds, leaf):  # type: ignore[no-untyped-def]
    """The leaf of each sample of values [d, n]."""
    for i in range(values.shape[1]):
        node = 0
        for level in range(DEPTH):
            name = 2**level - 1 + node
            f = features[name]
            node = 2 * node + (1 if f >= 0 and values[f, i] > thresholds[name] else 0)
        leaf[i] = node
