"""Strong generalisation: whether predictions hold at values of another factor that are new."""

from typing import NamedTuple

import numpy as np

from facsimile.metrics import _interventions, _predictors
from facsimile.metrics.base.conventions import DLIB, DLIB_019, MODERN
from facsimile.metrics.base.conventions import REFERENCE as DLIB_REFERENCE
from facsimile.metrics.base.draws import Draws, Rows, Table

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "strong_accuracy"
NEEDS = ("codes", "factors", "table")
REFERENCE = (
    "Locatello et al. 2020, Weakly-supervised disentanglement without compromises, generalization "
    "under covariate shifts; disentanglement_lib 1.5, "
    "evaluation/metrics/strong_downstream_task.py"
)
CONVENTIONS = {
    DLIB: f"{DLIB_REFERENCE}: gradient boosted trees, 10 experiments for each factor",
    DLIB_019: "the same numbers: up to 0.20 scikit-learn grew the same trees",
    MODERN: "the same with scikit-learn since 1.0: trees of a stage do not see each other",
}
SCORES = {
    "strong_accuracy": "accuracy on combinations that are not among the training points, mean over "
    "factors and experiments",
    "strong_accuracy_train": "accuracy of the same trees on their training points",
    "accuracy": "test accuracy without any shift, mean over factors",
    "accuracy_train": "accuracy without any shift on the training points",
    "strong_generalisation_gap": "1 - strong_accuracy / accuracy: the share that is lost; lower is "
    "better, at most 1, may be negative",
}
EXPERIMENTS = 10


class Shift(NamedTuple):
    """A factor that is held at one value while another is learned.

    ``seen`` is its value at the training points, ``unseen`` [m] are those at the test points.
    """

    factor: int
    seen: int
    unseen: Rows


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""Accuracy of boosted trees on points where another factor has a value not seen in training.

    Formula: $\frac{1}{10 k} \sum_{j=1}^{k} \sum_{e=1}^{10} P\big(f_{je}(z) = g_j \mid g_s \ne
    v\big)$, with $f_{je}$ trees for factor $j$ grown on codes $z$ of points that all have
    $g_s = v$; $s \ne j$ and $v$ are sampled for each experiment $e$. The gap is 1 minus that over
    the accuracy without any shift.

    The numbers of training and test points are those of the other metrics, but the points are
    sampled separately. If the table is not a grid, points with $g_s = v$, and with each other
    value, are sampled from the training and the test rows that have it.

    Traps:
    - Latents of noise have no gap: 0.03 +- 0.05 on dSprites (2,000 points), where VAE-like latents
      have 0.21. Read the accuracy first (0.12, the chance level, and 0.35); a gap may be below 0.
    - Which factors and values are held is random, and ten experiments for each factor are few: over
      seeds strong_accuracy has a standard deviation of 0.015 and the gap of 0.04, the accuracy
      without shift 0.005 (the same VAE-like latents).
    - The reference samples them from NumPy's global generator, and so do its trees: two of its runs
      agree only if both are seeded. With both seeded it gives our strong_accuracy to the last digit
      if no two latents tie.
    - The training accuracy does not warn of it: 0.988 with a factor held fixed and 0.983 without,
      in the same case.
    - It grows ten times as many trees as DCI: on dSprites, with 10,000 points, 35 to 105 seconds.
    """
    table = draws.whole("strong_generalisation")
    if table.width < 2:
        raise ValueError(
            "strong_generalisation holds one factor and predicts another: "
            "give two factors that vary, or more"
        )
    random = np.random.RandomState(draws.seed)
    n_train, n_test = draws.sizes
    sides = draws.sides("strong_generalisation")
    if draws.parts is None:
        train, test = table.draw(n_train, random), table.draw(n_test, random)
    else:
        # All rows of both sides, each once: no other points could be drawn from them.
        train, test = draws.parts[0].rows, draws.parts[1].rows
    plain, shifted = [], []
    for factor in range(table.width):
        plain.append(_accuracies(table, train, test, factor, convention))
    for factor, shift in shifts(table, n_test, draws.seed):
        shifted_train, shifted_test = _points(sides, train, test, shift, random)
        accuracies = _accuracies(table, shifted_train, shifted_test, factor, convention)
        shifted.append(accuracies)
    plain_train, plain_test = np.mean(plain, axis=0)
    strong_train, strong_test = np.mean(shifted, axis=0)
    gap = float(1 - strong_test / plain_test) if plain_test > 0 else 0.0
    return {
        "strong_accuracy": float(strong_test),
        "strong_accuracy_train": float(strong_train),
        "accuracy": float(plain_test),
        "accuracy_train": float(plain_train),
        "strong_generalisation_gap": gap,
    }


def shifts(
    table: Table,
    n_test: int,
    seed: int,
) -> list[tuple[int, Shift]]:
    """Ten experiments for each factor: the factor to predict, and the shift of another one.

    They are in the reference's order, and sampled as its global generator would sample them. Here
    the generator starts from ``seed``; the reference does not seed it, and its trees draw from it
    as well.
    """
    random = np.random.RandomState(seed)
    experiments = []
    for target in range(table.width):
        for _ in range(EXPERIMENTS):
            experiments.append((target, _shift(table, target, n_test, random)))
    return experiments


def _shift(
    table: Table,
    target: int,
    n_test: int,
    random: np.random.RandomState,
) -> Shift:
    others = [factor for factor in range(table.width) if factor != target]
    factor = int(random.choice(others))
    values = np.arange(table.sizes[factor])
    seen = int(random.choice(values))
    unseen = random.choice(np.delete(values, seen), size=n_test)
    return Shift(factor, seen, unseen)


def _points(
    sides: tuple[Table, Table],
    train: Rows,
    test: Rows,
    shift: Shift,
    random: np.random.RandomState,
) -> tuple[Rows, Rows]:
    """Training rows with the seen value of the shifted factor, test rows with the unseen ones."""
    train_table, test_table = sides
    return (
        _interventions.intervened(train_table, train, shift.factor, shift.seen, random),
        _interventions.intervened(test_table, test, shift.factor, shift.unseen, random),
    )


def _accuracies(
    table: Table, train: Rows, test: Rows, factor: int, convention: str
) -> tuple[float, float]:
    """Accuracy of trees for one factor, on training and on test rows."""
    train_labels, test_labels = table.factors[train, factor], table.factors[test, factor]
    predicted = _predictors.boosted(table.codes[train], train_labels, table.codes[test], convention)
    train_accuracy = np.mean(predicted.train == train_labels)
    test_accuracy = np.mean(predicted.test == test_labels)
    return float(train_accuracy), float(test_accuracy)
