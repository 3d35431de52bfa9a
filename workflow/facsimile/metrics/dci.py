"""Disentanglement, completeness and informativeness."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _boosting, _predictors
from facsimile.metrics._boosting import RULES
from facsimile.metrics.base.conventions import DLIB, DLIB_019, MODERN
from facsimile.metrics.base.conventions import REFERENCE as REFEREE
from facsimile.metrics.base.draws import Draws

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "disentanglement"
NEEDS = ("codes", "factors")
REFERENCE = "Eastwood and Williams 2018, A framework for the quantitative evaluation of disentangled representations, section 2"
CONVENTIONS = {
    DLIB: f"{REFEREE}: importances of gradient boosted trees, raw ones summed over trees",
    DLIB_019: "the same with scikit-learn up to 0.19: importances are normalised tree by tree, then averaged",
    MODERN: "the same with scikit-learn since 1.0: residuals of all classes are taken at the stage's beginning",
}
SECONDS = 12.0
LABELS = {
    "disentanglement": "DCI disentanglement",
    "dci": "DCI",
    "completeness": "DCI completeness",
    "informativeness": "DCI informativeness",
}
SCORES = {
    "disentanglement": "D: whether each code matters for one factor, mean over codes weighed by their importance, no unit",
    "completeness": "C: whether each factor is held by one code, mean over factors weighed by their importance, no unit",
    "informativeness_train": "I: accuracy of the trees on the training points, mean over factors",
    "informativeness_test": "I: accuracy of the trees on the test points, mean over factors; chance is one over the values",
}
Matrix = npt.NDArray[np.float64]


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""Whether each code matters for one factor (D), each factor for one code (C), and how well trees predict the factors (I).

    Formula: $D = \sum_i \rho_i \big(1 - H_k(P_{i\cdot})\big)$ with $P_{ij} = R_{ij} / \sum_j R_{ij}$ and
    $\rho_i = \sum_j R_{ij} / \sum_{ij} R_{ij}$; $C$ the same of the transposed $R$, with $H_d$ in place of $H_k$. $R$ [d, k] is
    the importance of each code in boosted trees that predict each factor, $H_k$ the entropy to base $k$.

    Traps:
    - The version of scikit-learn decides the number: D of the same latents of Shapes3D (2,000 points) is 0.684 by 0.19 and
      0.868 by 0.20 and later, C 0.595 and 0.748. disentanglement_lib names no version: compare only equal conventions.
    - It grows with the number of points: D of noisy latents of Shapes3D is 0.372 of 2,000 training points and 0.638 of 10,000.
    - Another booster is another metric: on latents with a D of 0.878, XGBoost's defaults have 0.816 and LightGBM's, which count
      splits, 0.266. Histograms of 256 bins alone move D by up to 0.031 and C by up to 0.045.
    - A copy of a latent lowers completeness (1 to 0.923 on dSprites), not disentanglement; two factors in one latent lower
      disentanglement (1 to 0.828), not completeness; dead latents and monotonic functions of a latent change nothing.
    - Importance is shared among factors, not scaled by how well they are predicted: a latent of noise counts by what the trees
      have learnt of it by heart. Read informativeness on the test points: latents of noise have D 0.002 of 10,000 points on
      dSprites, and 0.53 of the training points right.
    - The reference breaks ties between latents at random, without a seed: its D moves by 1e-4 to 4e-4 from call to call. Here
      latents that tie share the importance.
    - A single factor has D 1, a single code C 1: nothing could be shared.
    """
    importance, train, test = draws.shared(
        ("boosting", convention), lambda: fits(draws, RULES[convention])
    )
    return {
        "disentanglement": spread(importance),
        "completeness": spread(importance.T),
        "informativeness_train": train,
        "informativeness_test": test,
    }


def fits(draws: Draws, rule: _boosting.Rule) -> tuple[Matrix, float, float]:
    """Importance [d, k] of each code for each factor, and the mean accuracies on training and test draws."""
    forests = _predictors.forests(draws, rule)
    labels = zip(draws.train.factors.T, draws.test.factors.T, strict=True)
    accuracies = [
        [np.mean(found == wanted) for found, wanted in zip(trees.predicted, pair, strict=True)]
        for trees, pair in zip(forests, labels, strict=True)
    ]
    train, test = np.mean(accuracies, axis=0)
    return (
        np.stack([trees.fitted.importances for trees in forests], axis=1),
        float(train),
        float(test),
    )


def spread(importance: Matrix) -> float:
    """1 - entropy of each row over its columns, in units of the largest, weighed by the row's share of all importance."""
    if importance.shape[1] == 1:
        return 1.0  # a single column cannot be shared
    shares = importance + 1e-11
    shares = shares / shares.sum(axis=1, keepdims=True)
    per_row = 1 + (shares * np.log(shares)).sum(axis=1) / np.log(importance.shape[1])
    total = importance.sum()
    weights = (
        importance.sum(axis=1) / total
        if total > 0
        else np.full(len(importance), 1 / len(importance))
    )
    return float((per_row * weights).sum())
