"""Gradient boosted trees that give what scikit-learn's GradientBoostingClassifier() gives.

The rule of a named scikit-learn version is followed exactly: 100 stages of one depth-3 tree per
class (a single one for two classes), learning rate 0.1, deviance loss (Friedman 2001, "Greedy
function approximation", algorithms 5 and 6).

Where features tie, scikit-learn cuts one of them at random. Here they share the importance, and a
fixed sequence of draws decides which is cut. If leaf steps overflow until all of them are 0,
which takes a few stages, these draws lead to one of a few different forests. Several sequences are
then tried, and the forest is returned whose importances are nearest to those of all others: that of
a call of scikit-learn is most likely to be the same. They cost no more stages than a single forest
without overflow.
"""

from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _stages as stages
from facsimile.metrics import _trees as trees
from facsimile.metrics.base.conventions import DLIB, DLIB_019, MODERN

# After so many stages without any step of a leaf, the rest of the stages need not be grown.
PATIENCE = 4
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
            raw = stages.raw_scores(block, self.start, self.features, self.thresholds, self.steps)
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
    points = np.ascontiguousarray(train.T)
    order = np.argsort(points, axis=1, kind="stable").astype(index)
    start = _start(counts / counts.sum(), rule)

    def grow(sequence: int, limit: int) -> _Grown:
        return _grow(points, order, labels, start, rule, sequence, limit)

    grown = _most_central(_several(grow))
    forest = Forest(start, *grown.trees, rule.sequential)
    predicted = _decide(grown.raw, rule.sequential)
    return Boosted(grown.importances, predicted, forest.predict(test), forest)


class _Grown(NamedTuple):
    """A forest: importances [d], raw scores [K, n]; features, thresholds and steps of its trees.

    ``stopped``: stages were left out, because the leaves of the last ones had no steps;
    ``has_ties``: features tied, so that other draws may grow other trees.
    """

    importances: npt.NDArray[np.float64]
    raw: npt.NDArray[np.float64]
    trees: tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]
    stopped: bool
    has_ties: bool

    @property
    def n_stages(self) -> int:
        return len(self.trees[0])


def _grow(
    points: npt.NDArray[np.float32],
    order: npt.NDArray[Any],
    labels: npt.NDArray[np.int64],
    start: npt.NDArray[np.float64],
    rule: Rule,
    sequence: int,
    limit: int,
) -> _Grown:
    """Grow up to ``limit`` stages on points [d, n], with a numbered sequence of draws."""
    lot = np.random.SeedSequence(sequence).generate_state(1)
    first = lot.copy()
    boost: Any = stages.boost_many if len(start) > 1 else stages.boost_two
    grown = boost(points, order, labels, start, *astuple(rule), lot, limit, PATIENCE)
    summed, raw, forest, stopped = grown
    total = summed.sum()
    importances = summed / total if total > 0 else summed
    return _Grown(importances, raw, forest, stopped, has_ties=bool(lot[0] != first[0]))


def _several(grow: Callable[[int, int], _Grown]) -> list[_Grown]:
    """Forests of several sequences of draws, if all steps overflow; otherwise a single one."""
    forests = [grow(0, stages.STAGES)]
    first = forests[0]
    left = stages.STAGES - first.n_stages
    while first.stopped and first.has_ties and left >= first.n_stages:
        another = grow(len(forests), left)
        left -= another.n_stages
        if another.stopped:  # otherwise its number of stages did not suffice
            forests.append(another)
    return forests


def _most_central(forests: list[_Grown]) -> _Grown:
    """The forest whose importances have the smallest mean distance to those of the others."""
    importances = np.stack([forest.importances for forest in forests])
    differences = np.abs(importances[:, None] - importances[None])
    return forests[int(differences.sum(axis=(1, 2)).argmin())]


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
