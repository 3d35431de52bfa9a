"""How often a model predicts the labels of test pictures, and how sure it is of them."""

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.table import TEST
from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "accuracy"
NEEDS = ("inferred.label_probability", "data.targets", "data.part")
REFERENCE = (
    "Joy et al. 2021, Capturing label characteristics in VAEs; class calibration of "
    "MattX20/CCVAE_Jax (3b3d4b6), analyse_experiments.ipynb"
)
CONVENTIONS = {PAPER: "rows held out for test, at the mean code"}
LABELS = {
    "accuracy": "Accuracy",
    "class_calibration": "Class calibration error",
}
SCORES = {
    "accuracy": "share of test pictures whose label is predicted; for binary labels, mean over "
    "labels",
    "class_calibration": "mean over classes of the absolute difference between summed probability "
    "and number of right predictions, per test picture; lower is better",
}
Floats = npt.NDArray[np.float64]


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Accuracy of the labels that are predicted for test pictures, and class calibration.

    Formula: with $p_i$ the probability of the true label of picture $i$ and $c_i$ 1 if it is
    predicted, else 0: $\frac{1}{n} \sum_i c_i$, and $\frac{1}{n K} \sum_{k=1}^K |\sum_{i: y_i = k}
    (p_i - c_i)|$ over the K classes.

    If exactly one label holds for each picture, the most probable one is predicted; otherwise each
    label that is more probable than not, and a class is a label.

    Traps:
    - Class calibration is divided by the number of all pictures, not of those of a class. A value
      of 0.01 for ten classes is a difference of 0.1 within each class.
    - It is 0 for a classifier that is always certain, right or wrong.
    """
    is_test = outputs.data["part"] == TEST
    targets = outputs.data["targets"][is_test]
    probability = outputs.inferred["label_probability"][is_test]
    labels_per_picture = targets.sum(axis=1)
    is_exclusive = bool((labels_per_picture == 1).all())
    if is_exclusive:
        of_truth, is_right = _exclusive(probability.astype(float), targets)
    else:
        of_truth = np.where(targets == 1, probability, 1 - probability)
        is_right = (probability > 0.5) == (targets == 1)
    difference = of_truth - is_right
    # A picture of exclusive labels counts in its own class alone.
    if is_exclusive:
        difference = difference * targets
    of_class = np.abs(difference.sum(axis=0)) / len(targets)
    return {
        "accuracy": float(is_right.mean()),
        "class_calibration": float(of_class.mean()),
    }


def _exclusive(
    probability: Floats,
    targets: npt.NDArray[np.int64],
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Probability of the true label, and whether it is the most probable one, [n, 1] each."""
    truth = targets.argmax(axis=1)[:, None]
    of_truth = np.take_along_axis(probability, truth, axis=1)
    predicted = probability.argmax(axis=1)[:, None]
    return of_truth, predicted == truth
