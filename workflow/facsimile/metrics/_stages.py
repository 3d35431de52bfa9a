"""The stages of gradient boosting: a tree per class, the steps of its leaves, the residuals.

``_boosting`` is the interface, and says which rule is followed.
"""

import numpy as np
from numba import njit

from facsimile.metrics import _trees as trees

STAGES = 100
RATE = 0.1
# After a larger step of a leaf, products and running sums would lose their digits.
LARGE_STEP = 4.0
LARGE_SUM = 1e100
# Share of its previous value below which a running sum has lost too many digits.
CANCELLED = 1.0 / 64.0
# Raw scores so large that the rounding of their logarithmic sum changes probabilities.
LARGE_RAW = 1e4
# Above this probability, what remains to 1 is computed with the rounding of scikit-learn.
NEARLY_ONE = 1.0 - 1e-9


@njit(cache=True)
def _no_trees(stages, classes):  # type: ignore[no-untyped-def]
    nodes = (stages, classes, trees.NODES)
    return np.empty(nodes, np.int64), np.empty(nodes), np.empty((stages, classes, trees.LEAVES))


@njit(cache=True)
def raw_scores(codes, start, features, thresholds, steps):  # type: ignore[no-untyped-def]
    """Raw score of each class [K, m] for codes [d, m]."""
    classes, m = len(start), codes.shape[1]
    raw, leaf = np.empty((classes, m)), np.empty(m, np.uint8)
    for k in range(classes):
        raw[k] = start[k]
        for stage in range(len(features)):
            trees.descend(codes, features[stage, k], thresholds[stage, k], leaf)
            _add_steps(steps[stage, k], leaf, raw[k])
    return raw


@njit(cache=True)
def _add_importances(importances, per_tree, summed):  # type: ignore[no-untyped-def]
    total = importances.sum()
    if total > 0.0:
        summed += importances / total if per_tree else importances


@njit(cache=True)
def leaf_steps(leaf, labels, k, gradient, sequential, scale):  # type: ignore[no-untyped-def]
    """Newton step of each leaf: sum of residuals over sum of p(1-p), 0 if the latter vanishes.

    scikit-learn recovers p from the residuals, so that a p below the rounding error of 1 counts as
    0 for rows of class k; without that, leaves of few values would take other steps.
    """
    above, below = np.zeros(trees.LEAVES), np.zeros(trees.LEAVES)
    for i in range(len(leaf)):
        label = 1.0 if labels[i] == k else 0.0
        chance = label - gradient[i]
        other = 1.0 - label + gradient[i] if sequential else 1.0 - chance
        above[leaf[i]] += gradient[i]
        below[leaf[i]] += chance * other
    for j in range(trees.LEAVES):
        above[j] = scale * above[j] / below[j] if abs(below[j]) >= 1e-150 else 0.0
    return above


@njit(cache=True)
def _add_steps(steps, leaf, raw):  # type: ignore[no-untyped-def]
    for i in range(len(raw)):
        raw[i] += steps[leaf[i]]


@njit(cache=True)
def _softmax_row(raw, base, odds, totals, i):  # type: ignore[no-untyped-def]
    highest = raw[:, i].max()
    base[i] = highest
    totals[i] = 0.0
    for k in range(raw.shape[0]):
        odds[k, i] = np.exp(raw[k, i] - highest)
        totals[i] += odds[k, i]


@njit(cache=True)
def _softmax(raw, base, odds, totals):  # type: ignore[no-untyped-def]
    """Odds exp(raw - base) of each class and row [K, n], and their totals; base is the maximum."""
    for i in range(raw.shape[1]):
        _softmax_row(raw, base, odds, totals, i)


@njit(cache=True)
def _resum(odds, totals):  # type: ignore[no-untyped-def]
    """Add up the totals once per stage, so that running sums do not accumulate rounding errors."""
    totals[:] = 0.0
    for k in range(odds.shape[0]):
        for i in range(odds.shape[1]):
            totals[i] += odds[k, i]


@njit(cache=True)
def _follow(steps, leaf, raw, base, odds, totals, k):  # type: ignore[no-untyped-def]
    """Update the softmax after class k moved by its leaves' steps, all of them small.

    This takes eight exponentials in place of n.
    """
    ratios = np.exp(steps)
    for i in range(len(leaf)):
        before = odds[k, i]
        odds[k, i] = before * ratios[leaf[i]]
        totals[i] += odds[k, i] - before
        if not 1.0 / LARGE_SUM < totals[i] < LARGE_SUM:
            _softmax_row(raw, base, odds, totals, i)


@njit(cache=True)
def _follow_large(steps, leaf, raw, base, odds, totals, k):  # type: ignore[no-untyped-def]
    """The same for any steps: one exponential for each row that moved far or is far from 0."""
    ratios = np.exp(np.minimum(steps, LARGE_STEP))
    for i in range(len(leaf)):
        step, before, total = steps[leaf[i]], odds[k, i], totals[i]
        if abs(step) <= LARGE_STEP and abs(base[i]) <= LARGE_RAW:
            odds[k, i] = before * ratios[leaf[i]]
        elif step != 0.0:
            odds[k, i] = np.exp(raw[k, i] - base[i])
        totals[i] += odds[k, i] - before
        lowest = max(total * CANCELLED, 1.0 / LARGE_SUM)
        if not lowest < totals[i] < LARGE_SUM:
            _softmax_row(raw, base, odds, totals, i)


@njit(cache=True)
def _residuals(labels, k, odds, totals, gradient):  # type: ignore[no-untyped-def]
    """Fill the residuals [n] of class k; returns how many rows have it with near certainty."""
    certain = 0
    for i in range(len(labels)):
        chance = odds[k, i] / totals[i]
        gradient[i] = (1.0 if labels[i] == k else 0.0) - chance
        certain += chance > NEARLY_ONE
    return certain


@njit(cache=True)
def _round_residuals(labels, k, raw, base, odds, totals, sequential, gradient):  # type: ignore[no-untyped-def]
    """Replace residuals that depend on how scikit-learn rounds.

    Up to 0.20 it subtracts the rounded logarithm of the sum from the raw score: a probability may
    be 1 for two classes of large scores, or differ from 1 by a rounding error.
    """
    for i in range(len(labels)):
        large = abs(base[i]) > LARGE_RAW
        certain = odds[k, i] > NEARLY_ONE * totals[i]
        if certain and not large:
            _softmax_row(raw, base, odds, totals, i)
        if certain or large:
            chance = odds[k, i] / totals[i]
            if sequential:
                chance = np.exp(raw[k, i] - (np.log(totals[i]) + base[i]))
            gradient[i] = (1.0 if labels[i] == k else 0.0) - chance


@njit(cache=True)
def _rounded_residuals(labels, k, raw, base, odds, totals, sequential, large, gradient):  # type: ignore[no-untyped-def]
    if _residuals(labels, k, odds, totals, gradient) or large:
        _round_residuals(labels, k, raw, base, odds, totals, sequential, gradient)


@njit(cache=True)
def boost_many(train, order, labels, start, sequential, per_tree, least, lot, limit, patience):  # type: ignore[no-untyped-def]
    """Grow stages of one tree per class.

    If no leaf of a stage has a step, all further stages have the same residuals. After ``patience``
    such stages the others, up to ``STAGES``, count as their mean. At most ``limit`` are grown.

    Returns importances [d], raw scores [K, n], features, thresholds and steps of the trees, and
    whether the last ``patience`` stages had no step.
    """
    width, n = train.shape
    classes = len(start)
    raw = np.empty((classes, n))
    raw[:] = start.reshape(-1, 1)
    features, thresholds, steps = _no_trees(limit, classes)
    odds, totals, base = np.empty((classes, n)), np.empty(n), np.empty(n)
    gradients = np.empty((classes, n))
    leaf = np.empty(n, np.uint8)
    spare = np.empty((2, width, n), order.dtype)
    summed, summed_idle = np.zeros(width), np.zeros(width)
    _softmax(raw, base, odds, totals)
    large = False  # whether any step was large so far
    stage, idle = 0, 0  # stages grown, and how many of the last ones had no step
    while stage < limit and idle < patience:
        of_stage = np.zeros(width)
        if not sequential:
            for k in range(classes):
                _rounded_residuals(labels, k, raw, base, odds, totals, False, large, gradients[k])
        for k in range(classes):
            if sequential:
                _rounded_residuals(labels, k, raw, base, odds, totals, True, large, gradients[k])
            cut, at, step = features[stage, k], thresholds[stage, k], steps[stage, k]
            importances = np.zeros(width)
            trees.grow(train, order, spare, gradients[k], least, leaf, cut, at, importances, lot)
            _add_importances(importances, per_tree, of_stage)
            scale = RATE * (classes - 1) / classes
            step[:] = leaf_steps(leaf, labels, k, gradients[k], sequential, scale)
            _add_steps(step, leaf, raw[k])
            large = large or np.abs(step).max() > LARGE_STEP
            if large:
                _follow_large(step, leaf, raw, base, odds, totals, k)
            else:
                _follow(step, leaf, raw, base, odds, totals, k)
        _resum(odds, totals)
        summed += of_stage
        idle = 0 if np.any(steps[stage] != 0.0) else idle + 1
        summed_idle = summed_idle + of_stage if idle > 0 else np.zeros(width)
        stage += 1
    if idle > 0:
        summed += summed_idle * ((STAGES - stage) / idle)
    grown = features[:stage].copy(), thresholds[:stage].copy(), steps[:stage].copy()
    return summed, raw, grown, idle == patience


@njit(cache=True)
def boost_two(train, order, labels, start, sequential, per_tree, least, lot, limit, patience):  # type: ignore[no-untyped-def]
    """The same for two classes, with one tree per stage and always ``limit`` stages."""
    width, n = train.shape
    raw = np.full((1, n), start[0])
    features, thresholds, steps = _no_trees(limit, 1)
    leaf = np.empty(n, np.uint8)
    spare = np.empty((2, width, n), order.dtype)
    summed = np.zeros(width)
    for stage in range(limit):
        chances = 1.0 / (1.0 + np.exp(-raw[0]))
        gradient = labels - chances
        cut, at, step = features[stage, 0], thresholds[stage, 0], steps[stage, 0]
        importances = np.zeros(width)
        trees.grow(train, order, spare, gradient, least, leaf, cut, at, importances, lot)
        _add_importances(importances, per_tree, summed)
        step[:] = leaf_steps(leaf, labels, 1, gradient, sequential, RATE)
        _add_steps(step, leaf, raw[0])
    return summed, raw, (features, thresholds, steps), False
