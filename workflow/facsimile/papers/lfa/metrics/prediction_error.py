"""The error of a network on the part of its table for test."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "test_error"
NEEDS = ("inferred.predictions", "inferred.targets", "inferred.classify")
REFERENCE = "Han et al. 2022, Which explanation should I choose?, section 5.1"
CONVENTIONS = {PAPER: "all rows for test"}
SECONDS = 0.01
LABELS = {
    "test_error": "Error on the test part",
    "constant_error": "Error of the best constant",
}
SCORES = {
    "test_error": "mean squared error of a regression; share of wrong classes of a classification",
    "constant_error": "the same for the best constant: the mean target, or the more frequent class",
}


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Error of the predictions, and of the best constant in their place.

    Formula: $\frac{1}{n} \sum_i (y_i - f(x_i))^2$, or
    $\frac{1}{n} \sum_i 1[(f(x_i) > 1/2) \ne y_i]$.

    Traps:
    - Targets of WHO are scaled to [0, 1], so that errors are not in years.
    """
    inferred = outputs.inferred
    predictions = inferred["predictions"].astype(np.float64)
    targets = inferred["targets"].astype(np.float64)
    if inferred["classify"]:
        predictions = (predictions > 0.5).astype(np.float64)
        constant = float(targets.mean() > 0.5)
    else:
        constant = float(targets.mean())
    return {
        "test_error": float(((predictions - targets) ** 2).mean()),
        "constant_error": float(((constant - targets) ** 2).mean()),
    }
