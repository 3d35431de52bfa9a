"""Strong generalisation: whether trees that saw one value of a factor predict another factor at all other values of it."""

from typing import NamedTuple

import numpy as np

from facsimile.metrics import _interventions, _predictors
from facsimile.metrics._interventions import Rows
from facsimile.metrics.base.conventions import DLIB, DLIB_019, MODERN
from facsimile.metrics.base.conventions import REFERENCE as REFEREE
from facsimile.metrics.base.draws import Draws, Table

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "strong_accuracy"
NEEDS = ("codes", "factors", "table")
REFERENCE = (
    "Locatello et al. 2020, Weakly-supervised disentanglement without compromises, generalization under covariate shifts; "
    "disentanglement_lib 1.5, evaluation/metrics/strong_downstream_task.py"
)
CONVENTIONS = {
    DLIB: f"{REFEREE}: gradient boosted trees, 10 experiments for each factor",
    DLIB_019: "the same numbers: up to 0.20 scikit-learn grew the same trees",
    MODERN: "the same with scikit-learn since 1.0: trees of a stage do not see each other",
}
SCORES = {
    "strong_accuracy": "accuracy on combinations that the training points lack, mean over factors and experiments",
    "strong_accuracy_train": "accuracy of the same trees on their training points",
    "accuracy": "test accuracy without any shift, mean over factors",
    "accuracy_train": "accuracy without any shift on the training points",
    "strong_generalisation_gap": "1 - strong_accuracy / accuracy: the share that is lost; lower is better, at most 1, may be "
    "negative",
}
EXPERIMENTS = 10


class Shift(NamedTuple):
    """A factor that is held at one value while another is learnt, and its values among the test points [m]."""

    factor: int
    seen: int
    unseen: Rows


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""Accuracy of boosted trees on points whose value of some other factor was never seen in training.

    Formula: $\frac{1}{10 k} \sum_{j=1}^{k} \sum_{e=1}^{10} P\big(f_{je}(z) = g_j \mid g_s \ne v\big)$, $f_{je}$ trees for
    factor $j$ grown on codes $z$ of points that all have $g_s = v$; $s \ne j$ and $v$ are drawn for each experiment $e$. The
    gap is 1 minus that over the accuracy without any shift.

    As many training and test points as there are draws, but of its own. Where the table is no grid, points with $g_s = v$, and
    with each other value, are drawn as the table has them.

    Traps:
    - Latents of noise have no gap: 0.03 +- 0.05 on dSprites (2,000 points), where VAE-like latents have 0.21. Read the accuracy
      first (0.12, the chance level, and 0.35); a gap may come out below 0.
    - Which factors and values are held is drawn, and ten experiments for each factor are few: over seeds strong_accuracy has a
      standard deviation of 0.015 and the gap of 0.04, the accuracy without shift 0.005 (the same VAE-like latents).
    - The reference draws them from NumPy's global generator, and its trees draw from the same: no two of its calls agree unless
      both are seeded. With both seeded it has our strong_accuracy to the digit where no two latents tie.
    - The training accuracy warns of nothing: 0.988 with a factor held and 0.983 without, in the same case.
    - It grows ten times as many trees as DCI: on dSprites, of 10,000 points, 35 to 105 seconds.
    """
    table = draws.whole("strong_generalisation")
    if table.width < 2:
        raise ValueError(
            "strong_generalisation holds one factor and predicts another: give two factors that vary, or more"
        )
    random = np.random.RandomState(draws.seed)
    train, test = (table.draw(n, random) for n in draws.sizes)
    plain = [_accuracies(table, train, test, factor, convention) for factor in range(table.width)]
    shifted = [
        _accuracies(table, *_points(table, train, test, shift, random), factor, convention)
        for factor, shift in shifts(table, draws.sizes[1], draws.seed)
    ]
    (seen, unseen), (seen_shifted, unseen_shifted) = (
        np.mean(plain, axis=0),
        np.mean(shifted, axis=0),
    )
    return {
        "strong_accuracy": float(unseen_shifted),
        "strong_accuracy_train": float(seen_shifted),
        "accuracy": float(unseen),
        "accuracy_train": float(seen),
        "strong_generalisation_gap": float(1 - unseen_shifted / unseen) if unseen > 0 else 0.0,
    }


def shifts(table: Table, n_test: int, seed: int) -> list[tuple[int, Shift]]:
    """Ten experiments for each factor, in the reference's order, drawn as its global generator would draw them.

    Of a generator that starts from ``seed``, which the reference leaves to chance, and that its trees draw from as well.
    """
    random = np.random.RandomState(seed)
    return [
        (factor, _shift(table, factor, n_test, random))
        for factor in range(table.width)
        for _ in range(EXPERIMENTS)
    ]


def _shift(table: Table, target: int, n_test: int, random: np.random.RandomState) -> Shift:
    factor = int(random.choice([other for other in range(table.width) if other != target]))
    seen = int(random.choice(np.arange(table.sizes[factor])))
    return Shift(
        factor, seen, random.choice(np.delete(np.arange(table.sizes[factor]), seen), size=n_test)
    )


def _points(
    table: Table, train: Rows, test: Rows, shift: Shift, random: np.random.RandomState
) -> tuple[Rows, Rows]:
    factor, seen, unseen = shift
    return (
        _interventions.intervened(table, train, factor, seen, random),
        _interventions.intervened(table, test, factor, unseen, random),
    )


def _accuracies(
    table: Table, train: Rows, test: Rows, factor: int, convention: str
) -> tuple[float, float]:
    """Of trees for one factor, on training and on test rows."""
    labels, expected = table.factors[train, factor], table.factors[test, factor]
    predicted = _predictors.boosted(table.codes[train], labels, table.codes[test], convention)
    return float(np.mean(predicted.train == labels)), float(np.mean(predicted.test == expected))
