"""Disentanglement, completeness and informativeness."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _boosting, _predictors
from facsimile.metrics._boosting import RULES
from facsimile.metrics.base.conventions import DLIB, DLIB_019, MODERN
from facsimile.metrics.base.conventions import REFERENCE as DLIB_REFERENCE
from facsimile.metrics.base.draws import Draws

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "disentanglement"
NEEDS = ("codes", "factors")
REFERENCE = (
    "Eastwood and Williams 2018, A framework for the quantitative evaluation of disentangled "
    "representations, section 2"
)
CONVENTIONS = {
    DLIB: f"{DLIB_REFERENCE}: importances of gradient boosted trees, summed over trees without "
    "normalisation",
    DLIB_019: "the same with scikit-learn up to 0.19: importances are normalised tree by tree, "
    "then averaged",
    MODERN: "the same with scikit-learn since 1.0: residuals of all classes are computed at the "
    "beginning of a stage",
}
SECONDS = 4.8
LABELS = {
    "disentanglement": "DCI disentanglement",
    "dci": "DCI",
    "completeness": "DCI completeness",
    "informativeness": "DCI informativeness",
}
SCORES = {
    "disentanglement": "D: whether each code matters for one factor, mean over codes weighted by "
    "their importance; no unit",
    "completeness": "C: whether each factor is encoded by one code, mean over factors weighted by "
    "their importance; no unit",
    "informativeness_train": "I: accuracy of the trees on the training points, mean over factors",
    "informativeness_test": "I: accuracy of the trees on the test points, mean over factors; "
    "chance is one over the number of values",
}
Matrix = npt.NDArray[np.float64]


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""Whether each code matters for one factor (D) and each factor depends on one code (C).

    Informativeness (I) is how well boosted trees predict the factors.

    Formula: $D = \sum_i \rho_i \big(1 - H_k(P_{i\cdot})\big)$ with
    $P_{ij} = R_{ij} / \sum_j R_{ij}$ and $\rho_i = \sum_j R_{ij} / \sum_{ij} R_{ij}$; $C$ the same
    of the transposed $R$, with $H_d$ in place of $H_k$. $R$ [d, k] is the importance of each code
    in boosted trees that predict each factor, $H_k$ the entropy to base $k$.

    Traps:
    - The version of scikit-learn decides the number: D of the same latents of Shapes3D (2,000
      points) is 0.684 by 0.19 and 0.868 by 0.20 and later, C 0.595 and 0.748. disentanglement_lib
      does not name a version: compare only equal conventions.
    - It grows with the number of points: D of noisy latents of Shapes3D is 0.372 with 2,000
      training points and 0.638 with 10,000.
    - Another booster is another metric: for latents with a D of 0.878, XGBoost's defaults give
      0.816 and LightGBM's, which count splits, 0.266. Histograms of 256 bins alone change D by up
      to 0.031 and C by up to 0.045.
    - A copy of a latent lowers completeness (1 to 0.923 on dSprites), not disentanglement; two
      factors in one latent lower disentanglement (1 to 0.828), not completeness; dead latents and
      monotonic functions of a latent change nothing.
    - Importance is shared among factors, not scaled by how well they are predicted: a latent of
      noise counts by what the trees have memorised of it. Read informativeness on the test points:
      latents of noise have D 0.002 with 10,000 points on dSprites, and 0.53 of the training points
      right.
    - On a small full grid most test points are training points, since both are drawn with
      replacement: six latents of noise on 360 rows have 0.984 of the test points right, and 0.246,
      the chance level, if the rows are split (``sampling="disjoint"``).
    - The reference breaks ties between latents at random, without a seed: for factors of few values
      its D changes by 1e-4 to 4e-4 from call to call. Here latents that tie share the importance,
      and a fixed sequence of draws decides which of them is cut. Where these draws decide the
      answer, as in the next point, several sequences are tried and the most central answer is kept.
    - Leaf steps overflow for a factor of more than about 100 values with few points per value, and
      whole values are then never predicted again, in the reference as here. Of the 183 objects of a
      grid like that of Cars3D, with 2,000 points, a code with noise of 0.003 of its range predicts
      0.02 of the training points, and noisier codes 0.81. Ties then decide the answer: 24 calls of
      scikit-learn 0.20.3 had accuracies between 0.0095 and 0.024 for those objects and D between
      0.72 and 0.87. Read informativeness beside D; compare no D of such a factor to two digits.
    - A single factor has D 1, a single code C 1: there is nothing to share it with.
    """
    importance, train_accuracy, test_accuracy = draws.shared(
        ("boosting", convention), lambda: fits(draws, RULES[convention])
    )
    return {
        "disentanglement": spread(importance),
        "completeness": spread(importance.T),
        "informativeness_train": train_accuracy,
        "informativeness_test": test_accuracy,
    }


def fits(draws: Draws, rule: _boosting.Rule) -> tuple[Matrix, float, float]:
    """Importance [d, k] of each code for each factor, and mean training and test accuracy."""
    forests = _predictors.forests(draws, rule)
    accuracies = []
    for j, trees in enumerate(forests):
        predicted = trees.predicted
        train = np.mean(predicted.train == draws.train.factors[:, j])
        test = np.mean(predicted.test == draws.test.factors[:, j])
        accuracies.append([train, test])
    train_accuracy, test_accuracy = np.mean(accuracies, axis=0)
    importance = np.stack([trees.fitted.importances for trees in forests], axis=1)
    return importance, float(train_accuracy), float(test_accuracy)


def spread(importance: Matrix) -> float:
    """1 minus the entropy of each row over its columns, in units of the largest possible entropy.

    The result is the mean over rows, weighted by their shares of the total importance.
    """
    rows, columns = importance.shape
    if columns == 1:
        return 1.0  # a row cannot be spread over a single column
    shares = importance + 1e-11  # as in the reference, so that no logarithm is infinite
    shares = shares / shares.sum(axis=1, keepdims=True)
    negative_entropy = (shares * np.log(shares)).sum(axis=1)
    per_row = 1 + negative_entropy / np.log(columns)
    total = importance.sum()
    weights = np.full(rows, 1 / rows)
    if total > 0:
        weights = importance.sum(axis=1) / total
    return float((per_row * weights).sum())
