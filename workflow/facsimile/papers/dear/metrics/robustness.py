"""How well a target is classified once the background no longer tells of it."""

import numpy as np

from facsimile.datasets.base.table import TEST
from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.dear.datasets import noisy_pendulum
from facsimile.papers.dear.metrics import _classifier
from facsimile.papers.dear.metrics._classifier import LARGE, RELEASED, Training

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "test_worst"
NEEDS = (
    "inferred.mean",
    "data.centred",
    "data.target",
    "data.background",
    "data.part",
)
REFERENCE = (
    "Shen et al. 2022, downstream tasks; classifiers of an-seunghwan/CDG-VAE@c4729a9, "
    "DR/robustness.py"
)
CONVENTIONS = {PAPER: "the peers' classifier, and a larger one beside it"}
SECONDS = 4.2
CODES = 4  # the first latents, which are aligned to the quantities and not to the background
TRAININGS = {"": (RELEASED, Training(500, 64)), "_large": (LARGE, Training(100, 64))}
LABELS = {
    "test_average": "Test, average",
    "test_worst": "Test, worst group",
    "train_average": "Training, average",
    "train_worst": "Training, worst group",
    "test_average_large": "Test, average, larger classifier",
    "test_worst_large": "Test, worst group, larger classifier",
}
SCORES = {
    "test_average": "accuracy on test rows, where background and target are independent",
    "test_worst": "accuracy on test rows whose background is not the target",
    "train_average": "accuracy on training rows, of which 80 % have a background that is the "
    "target",
    "train_worst": "accuracy on training rows whose background is not the target",
    "test_average_large": "`test_average` of a larger classifier",
    "test_average_theory": "expected accuracy of Bayes' rule on the test rows",
    "test_average_large_theory": "the same as `test_average_theory`",
    "test_worst_large": "`test_worst` of a larger classifier",
    "train_average_large": "`train_average` of a larger classifier",
    "train_worst_large": "`train_worst` of a larger classifier",
}


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Accuracy on test rows of classifiers that are trained where the background tells the target.

    Formula: $\frac{1}{n} \sum_i [\hat y(z_i) = y_i]$ over all rows, and over those of the worst
    group, $b_i \neq y_i$; z are the first four posterior means. A background is blue with
    probability 0.8 for target 1 and 0.2 for target 0 in training, and 0.5 in test rows.

    The released classifier has 2 hidden ELUs, 500 epochs and 10 repeats; the larger one 32, 100 and
    1. Both have Adam with rate 0.005 and batches of 64.

    Traps:
    - The released classifier is too small: Bayes' rule has three boundaries along one direction,
      and its accuracy is 0.695, which the larger classifier comes close to on true labels.
    - The name "worst" is of one group that is fixed beforehand, not of the lowest accuracy.
    - Codes without any information of the background can still have a worse worst group, because
      its targets are noisier where classifiers are unsure.
    """
    n_train, n_test = outputs.sizes
    is_test = outputs.data["part"] == TEST
    train = np.flatnonzero(~is_test)[:n_train]
    test = np.flatnonzero(is_test)[:n_test]
    codes = outputs.inferred["mean"][:, :CODES].astype(np.float64)
    target = outputs.data["target"] == 1
    is_worst = (outputs.data["background"] == 1) != target
    probability = noisy_pendulum.probabilities(outputs.data["centred"])
    ceiling = np.maximum(probability, 1 - probability)[test].mean()
    scores: dict[str, float] = {}
    rows = np.concatenate((train, test))
    parts = {"train": np.isin(rows, train), "test": np.isin(rows, test)}
    random = np.random.RandomState(outputs.seed)
    for name, (size, training) in TRAININGS.items():
        scores[f"test_average{name}_theory"] = float(ceiling)
        predicted = _classifier.predictions(
            size,
            training,
            codes[train],
            target[train],
            codes[rows],
            random,
        )
        is_right = predicted == target[rows]
        for part, in_part in parts.items():
            scores[f"{part}_average{name}"] = float(is_right[:, in_part].mean())
            in_worst = in_part & is_worst[rows]
            scores[f"{part}_worst{name}"] = float(is_right[:, in_worst].mean())
    return scores
