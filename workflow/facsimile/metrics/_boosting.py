"""Gradient boosted trees that give what scikit-learn's GradientBoostingClassifier() gives.

The rule of a named scikit-learn version is followed exactly: 100 stages of one depth-3 tree per
class (a single one for two classes), learning rate 0.1, deviance loss (Friedman 2001, "Greedy
function approximation", algorithms 5 and 6). scikit-learn breaks ties between features at random;
here features that tie share the importance, and a fixed sequence of draws decides which is cut.
"""

from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from facsimile.metrics import _trees as trees
from facsimile.metrics.base.conventions import DLIB, DLIB_019, MODERN

STAGES = 100
RATE = 0.1
# Where features tie, scikit-learn cuts one of them at random; here a fixed sequence decides.
# Where leaf steps overflow, ties choose between a few different answers, all of which
# scikit-learn gives from call to call. This seed was selected among 1 to 8 because with it the
# answers are those that were recorded of scikit-learn 0.20.3 (tests/goldens/many_values).
TIE_SEED = 5
# After a larger step of a leaf, products and running sums would lose their digits.
LARGE_STEP = 4.0
LARGE_SUM = 1e100
# Share of its previous value below which a running sum has lost too many digits.
CANCELLED = 1.0 / 64.0
# Raw scores so large that the rounding of their logarithmic sum changes probabilities.
LARGE_RAW = 1e4
# Above this probability, what remains to 1 is computed with the rounding of scikit-learn.
NEARLY_ONE = 1.0 - 1e-9
# Points predicted at a time, so that they and their scores stay in the cache.
BLOCK = 4096


@dataclass(frozen=True)
class Rule:
    """Differences between scikit-learn's versions.

    ``sequential``: a class's residuals include the trees of the previous classes in the same stage,
    and the raw scores begin at the class frequencies (up to 0.20). Otherwise all residuals are
    those at the beginning of the stage, and scores begin at the logarithms (since 0.21).
    ``per_tree``: importances are normalised in each tree before they are averaged (up to 0.19).
    ``least_impurity``: a node of smaller variance is not split (1e-7 up to 0.24, the rounding error
    of a double since 1.0).
    """

    sequential: bool = True
    per_tree: bool = False
    least_impurity: float = 1e-7


# The GradientBoostingClassifier() of each convention of the reference.
RULES = {
    DLIB: Rule(),
    DLIB_019: Rule(per_tree=True),
    MODERN: Rule(sequential=False, least_impurity=float(np.finfo(np.float64).eps)),
}


class Forest(NamedTuple):
    """Fitted trees, which can predict further points.

    ``start`` [K] is the raw score of each class before the first tree; ``features`` and
    ``thresholds`` are [stages, K, nodes], ``steps`` [stages, K, leaves]. K is 1 for two classes;
    a score of 0 then means class 0 if ``zero_is_first`` (up to scikit-learn 0.20), else class 1.
    """

    start: npt.NDArray[np.float64]
    features: npt.NDArray[np.int64]
    thresholds: npt.NDArray[np.float64]
    steps: npt.NDArray[np.float64]
    zero_is_first: bool = True

    def predict(self, codes: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        """The class of each code [m, d]."""
        classes = []
        for start in range(0, max(len(codes), 1), BLOCK):
            block = np.ascontiguousarray(codes[start : start + BLOCK].T)
            raw = _raw(block, self.start, self.features, self.thresholds, self.steps)
            classes.append(_decide(raw, self.zero_is_first))
        return np.concatenate(classes)


class Boosted(NamedTuple):
    """Importances [d], which sum to 1; classes predicted for training and test rows; the trees."""

    importances: npt.NDArray[np.float64]
    train: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]
    forest: Forest


def fit(
    train: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    test: npt.NDArray[np.float32],
    rule: Rule,
) -> Boosted:
    """Fit codes [n, d] to labels [n] in 0..K-1 and predict ``test`` [m, d].

    Raises ValueError unless there are two classes or more, each with a training row.
    """
    classes = int(labels.max()) + 1
    counts = np.bincount(labels, minlength=classes)
    if classes < 2 or not counts.all():
        raise ValueError(
            "boosting needs two classes or more, each with a training row; "
            f"rows per class: {counts.tolist()}"
        )
    # 16-bit indices halve the memory traffic; they are enough for every size of the study.
    index = np.uint16 if len(labels) <= 2**16 else np.uint32
    train = np.ascontiguousarray(train.T)
    order = np.argsort(train, axis=1, kind="stable").astype(index)
    lot = np.full(1, TIE_SEED, np.uint32)
    boost: Any = _boost_two if classes == 2 else _boost_many
    start = _start(counts / counts.sum(), rule)
    grown = boost(train, order, labels, start, *astuple(rule), lot)
    summed, raw, features, thresholds, steps = grown
    forest = Forest(start, features, thresholds, steps, rule.sequential)
    total = summed.sum()
    importances = summed / total if total > 0 else summed
    return Boosted(importances, _decide(raw, rule.sequential), forest.predict(test), forest)


def of_one_class(train: npt.NDArray[np.float32], test: npt.NDArray[np.float32]) -> Boosted:
    """The result if all labels are equal: no trees, no importance, and class 0 for every point."""
    nodes = (0, 1, trees.NODES)
    forest = Forest(
        start=np.full(1, -1.0),
        features=np.empty(nodes, np.int64),
        thresholds=np.empty(nodes),
        steps=np.empty((0, 1, trees.LEAVES)),
    )
    return Boosted(
        importances=np.zeros(train.shape[1]),
        train=np.zeros(len(train), np.int64),
        test=np.zeros(len(test), np.int64),
        forest=forest,
    )


def _start(frequencies: npt.NDArray[np.float64], rule: Rule) -> npt.NDArray[np.float64]:
    """Raw score of each class before the first tree."""
    if len(frequencies) == 2:
        return np.log(frequencies[1:] / frequencies[:1])
    tiny = float(np.finfo(np.float32).eps)
    return frequencies if rule.sequential else np.log(np.clip(frequencies, tiny, 1 - tiny))


def _decide(raw: npt.NDArray[np.float64], zero_is_first: bool) -> npt.NDArray[np.int64]:
    """The class of each point, from raw scores [K, n]."""
    if len(raw) > 1:
        return raw.argmax(axis=0)
    second = raw[0] > 0 if zero_is_first else raw[0] >= 0
    return second.astype(np.int64)


@njit(cache=True)
def _no_trees(classes):  # type: ignore[no-untyped-def]
    nodes = (STAGES, classes, trees.NODES)
    return np.empty(nodes, np.int64), np.empty(nodes), np.empty((STAGES, classes, trees.LEAVES))


@njit(cache=True)
def _raw(codes, start, features, thresholds, steps):  # type: ignore[no-untyped-def]
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
def _leaf_steps(leaf, labels, k, gradient, sequential, scale):  # type: ignore[no-untyped-def]
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
def _boost_many(train, order, labels, start, sequential, per_tree, least, lot):  # type: ignore[no-untyped-def]
    width, n = train.shape
    classes = len(start)
    raw = np.empty((classes, n))
    raw[:] = start.reshape(-1, 1)
    features, thresholds, steps = _no_trees(classes)
    odds, totals, base = np.empty((classes, n)), np.empty(n), np.empty(n)
    gradients = np.empty((classes, n))
    leaf = np.empty(n, np.uint8)
    spare = np.empty((2, width, n), order.dtype)
    summed = np.zeros(width)
    _softmax(raw, base, odds, totals)
    large = False  # whether any step was large so far
    for stage in range(STAGES):
        for k in range(classes):
            if not sequential and k == 0:
                for other in range(classes):
                    if _residuals(labels, other, odds, totals, gradients[other]) or large:
                        _round_residuals(
                            labels, other, raw, base, odds, totals, False, gradients[other]
                        )
            if sequential and (_residuals(labels, k, odds, totals, gradients[k]) or large):
                _round_residuals(labels, k, raw, base, odds, totals, True, gradients[k])
            importances = np.zeros(width)
            trees.grow(
                train,
                order,
                spare,
                gradients[k],
                least,
                leaf,
                features[stage, k],
                thresholds[stage, k],
                importances,
                lot,
            )
            _add_importances(importances, per_tree, summed)
            steps[stage, k] = _leaf_steps(
                leaf, labels, k, gradients[k], sequential, RATE * (classes - 1) / classes
            )
            _add_steps(steps[stage, k], leaf, raw[k])
            large = large or np.abs(steps[stage, k]).max() > LARGE_STEP
            if large:
                _follow_large(steps[stage, k], leaf, raw, base, odds, totals, k)
            else:
                _follow(steps[stage, k], leaf, raw, base, odds, totals, k)
        _resum(odds, totals)
    return summed, raw, features, thresholds, steps


@njit(cache=True)
def _boost_two(train, order, labels, start, sequential, per_tree, least, lot):  # type: ignore[no-untyped-def]
    width, n = train.shape
    raw = np.full((1, n), start[0])
    features, thresholds, steps = _no_trees(1)
    leaf = np.empty(n, np.uint8)
    spare = np.empty((2, width, n), order.dtype)
    summed = np.zeros(width)
    for stage in range(STAGES):
        chances = 1.0 / (1.0 + np.exp(-raw[0]))
        gradient = labels - chances
        importances = np.zeros(width)
        trees.grow(
            train,
            order,
            spare,
            gradient,
            least,
            leaf,
            features[stage, 0],
            thresholds[stage, 0],
            importances,
            lot,
        )
        _add_importances(importances, per_tree, summed)
        steps[stage, 0] = _leaf_steps(leaf, labels, 1, gradient, sequential, RATE)
        _add_steps(steps[stage, 0], leaf, raw[0])
    return summed, raw, features, thresholds, steps
