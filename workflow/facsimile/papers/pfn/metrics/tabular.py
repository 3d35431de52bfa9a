"""Areas under ROC curves, and calibration, of classifiers that are fitted to few labelled rows."""

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "roc_auc"
NEEDS = ("inferred.probability", "data.y")
REFERENCE = "Müller et al. 2022, Transformers can do Bayesian inference, section 6.1 and Table 7"
CONVENTIONS = {PAPER: "as the released code: all rows without a label, of all splits together"}
LABELS = {
    "roc_auc": "ROC AUC",
    "roc_auc_of_splits": "ROC AUC, mean over splits",
    "roc_auc_error": "ROC AUC, standard error over splits",
    "calibration_error": "ECE",
}
SCORES = {
    "roc_auc": "area under the ROC curve of the rows of all splits together",
    "roc_auc_of_splits": "mean over splits of the area under the ROC curve of each",
    "roc_auc_error": "standard error of this mean, as if splits were independent",
    "calibration_error": "expected calibration error of the rows of all splits, 100 bins",
}
BINS = 100
Floats = npt.NDArray[np.float64]


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Area under the ROC curve of the rows whose classes the classifier was not given.

    Formula: $P(p_i > p_j) + P(p_i = p_j) / 2$ for rows $i$ of class 1 and $j$ of class 0; the
    calibration error is $\sum_b \frac{n_b}{n} |\bar y_b - \bar p_b|$ over bins $b$ of predicted
    probabilities.

    Traps:
    - Rows of all splits together are compared across splits, so that a classifier loses by
      probabilities that are on another scale in each split.
    - Splits of one table share most of their rows. Their standard error is too small.
    """
    probability = outputs.inferred["probability"].astype(np.float64)
    labelled = outputs.data["y"].shape[1] - probability.shape[1]
    y = outputs.data["y"][:, labelled:]
    pairs = zip(y, probability, strict=True)
    of_splits = np.array([roc_auc_score(*pair) for pair in pairs])
    return {
        "roc_auc": float(roc_auc_score(y.ravel(), probability.ravel())),
        "roc_auc_of_splits": float(of_splits.mean()),
        "roc_auc_error": float(of_splits.std(ddof=1) / np.sqrt(len(of_splits))),
        "calibration_error": calibration_error(y.ravel(), probability.ravel()),
    }


def calibration_error(
    y: npt.NDArray[np.int64],
    probability: Floats,
) -> float:
    """Return the mean over rows of |share of class 1 - mean probability| in the row's bin.

    Args:
        y: classes [n], 0 or 1.
        probability: predicted probabilities [n] of class 1.
    """
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    excess = np.bincount(bins, y - probability, BINS)
    return float(np.abs(excess).sum() / len(y))
