"""Unified scores: the code-factor matrix of each metric, aggregated in the way of every other."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import connected_components

from facsimile.metrics import dci, modularity, sap
from facsimile.metrics.base import mutual_information as information
from facsimile.metrics.base.conventions import CORRECTED, DLIB, DLIB_019, MODERN
from facsimile.metrics.base.conventions import REFERENCE as DLIB_REFERENCE
from facsimile.metrics.base.draws import Draws
from facsimile.metrics.mig import gap

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "mutual_information.disentanglement"
NEEDS = ("codes", "factors")
REFERENCE = (
    "Locatello et al. 2020, A sober look at the unsupervised learning of disentangled "
    "representations and their evaluation, JMLR 21(209); evaluation/metrics/unified_scores.py of "
    "disentanglement_lib 1.5"
)
CONVENTIONS = {
    DLIB: f"{DLIB_REFERENCE}: mutual information, boosted trees and support vector machines, each "
    "by every aggregation",
    DLIB_019: "the same with the trees' importances of scikit-learn up to 0.19",
    MODERN: "the same with the trees of scikit-learn since 1.0",
    CORRECTED: "as dlib, but only mutual information is divided by entropies, and codes without "
    "information do not count as not modular",
}
MATRICES = ("mutual_information", "gradient_boosting", "support_vector")
MEANINGS = {
    "disentanglement": "1 - entropy of each code's entries over factors, weighted by its share",
    "completeness": "1 - entropy of each factor's entries over codes, weighted by its share",
    "mig": "mean gap over the factor's entropy in nats; in [0, 1] only for mutual information",
    "sap": "mean gap, in units of the matrix",
    "modularity": "mean over codes of 1 - squared entries of other factors over their largest sum",
    "area": "area under the number of independent groups, smallest to largest entry, in groups × "
    "units of the matrix",
    "groups": "largest number of independent groups at any threshold, 0 to min(d, k)",
}
UNITS = {
    "mutual_information": "nats",
    "gradient_boosting": "shares of importance",
    "support_vector": "test accuracy",
}
FIXED_SECONDS = 0.16
SECONDS = 5.6
LABELS = {
    "mutual_information.disentanglement": "MI: DCI-D",
    "mutual_information.completeness": "MI: DCI-C",
    "mutual_information.mig": "MI: MIG",
    "mutual_information.sap": "MI: SAP",
    "mutual_information.modularity": "MI: Modularity",
    "gradient_boosting.disentanglement": "GBT: DCI-D",
    "gradient_boosting.completeness": "GBT: DCI-C",
    "gradient_boosting.mig": "GBT: MIG",
    "gradient_boosting.sap": "GBT: SAP",
    "gradient_boosting.modularity": "GBT: Modularity",
    "support_vector.disentanglement": "SVM: DCI-D",
    "support_vector.completeness": "SVM: DCI-C",
    "support_vector.mig": "SVM: MIG",
    "support_vector.sap": "SVM: SAP",
    "support_vector.modularity": "SVM: Modularity",
}
SCORES = {
    f"{matrix}.{aggregation}": f"{text} ({UNITS[matrix]})"
    for matrix in MATRICES
    for aggregation, text in MEANINGS.items()
}
Matrix = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class Curves(NamedTuple):
    """The entries of a matrix as falling thresholds, and what is connected at each, [d * k] each.

    ``groups``: connected groups of factors and codes, if codes and factors are connected by the
    entries at or above the threshold. ``discovered``: factors that are connected to a code.
    """

    thresholds: Matrix
    groups: Counts
    discovered: Counts


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""Every matrix of codes and factors by every aggregation.

    This separates what a score owes to its matrix from what it owes to its aggregation.

    Formula: $M$ [d, k] is the mutual information of binned codes and factors, the importance of
    boosted trees, or the test accuracy of support vector machines on single codes; disentanglement
    and completeness are $1 - H(M_{i\cdot} / \sum_j M_{ij}) / \log k$ and
    $1 - H(M_{\cdot j} / \sum_i M_{ij}) / \log d$, weighted by $\sum_j M_{ij}$ and
    $\sum_i M_{ij}$; mig and sap $\frac1k \sum_j (M_{(1)j} - M_{(2)j})$ with and without division by
    $H(g_j)$; modularity as in metric ``modularity``. ``groups`` and ``area`` are of $G(t)$, the
    number of connected groups of codes and factors by the entries of $t$ or more: its maximum, and
    $\int G\,\mathrm{d}t$ by trapezoids from the smallest entry to the largest.

    Traps:
    - An aggregation has its usual meaning only for its own matrix. Accuracies do not fall below
      chance, which counts as spread: ten codes of noise score ``support_vector.disentanglement``
      0.302 on dSprites, a β-VAE 0.248, a perfect code 0.389; ``support_vector.modularity`` 0.933,
      0.900, 0.942.
    - ``gradient_boosting.mig`` divides shares of importance by nats: a perfect code scores 0.463 on
      dSprites, and a factor of two values gives up to 1.44. ``corrected`` scores 1 there.
    - Mutual information of finite samples is never 0, and noise seems to encode the factor with the
      most values: ``mutual_information.disentanglement`` of noise is 0.181, that of the trees
      0.002.
    - A perfect code scores 0.927 by ``mutual_information.disentanglement``; with five codes of
      noise beside it 0.897 with 10,000 points and 0.655 with 2,000, where the trees score 1.
    - ``area`` is in units of the matrix, so areas of different matrices cannot be compared: a
      perfect code has 12.1, 5.0 and 1.3. ``groups`` ignores strength: noise has 4 by the trees.
    - Gaps of importances between equally informative codes are random in the reference, as
      scikit-learn's trees choose among them at random: 0.205 for ``gradient_boosting.mig`` of
      redundant codes, 0.170 here, where they share the importance.
    - Importances of a factor of more than about 100 values depend on ties: see metric dci.
    - ``modularity`` of trees counts five noisy codes without importance beside a perfect code as 0:
      0.5.
    - disentanglement_lib's names are mutual_information_matrix, importance_gbt_matrix,
      accuracy_svm_matrix; area_precision, max_precision. Its gap of a single code is an error; here
      it is the entry.
    """
    _, entropies = information.matrix(draws)
    corrected = convention == CORRECTED
    scores: dict[str, float] = {}
    for name, matrix in matrices(draws, convention).items():
        # Only mutual information is in nats, as the entropies are.
        in_nats = name == "mutual_information" or not corrected
        units = entropies if in_nats else np.ones_like(entropies)
        for aggregation, value in aggregate(matrix, units, corrected).items():
            scores[f"{name}.{aggregation}"] = value
    return scores


def matrices(draws: Draws, convention: str = DLIB) -> dict[str, Matrix]:
    """The matrices [d, k] by name.

    They are mutual information (nats), importances (columns sum to 1) and accuracies (in [0, 1]).
    """
    rule = DLIB if convention == CORRECTED else convention
    importances, *_ = draws.shared(
        ("boosting", rule),  # the key of metric dci, which shares them
        lambda: dci.fits(draws, dci.RULES[rule]),
    )
    mutual_information, _ = information.matrix(draws)
    return {
        "mutual_information": mutual_information,
        "gradient_boosting": importances,
        "support_vector": sap.matrix(draws),
    }


def aggregate(
    matrix: Matrix,
    entropies: Matrix,
    corrected: bool = False,
) -> dict[str, float]:
    """Every aggregation of a matrix [d, k] without negative entries.

    ``entropies`` [k] are those of the factors, by which the gaps of ``mig`` are divided.
    """
    independent = curves(matrix)
    # Backwards, so that thresholds rise.
    area = np.trapezoid(independent.groups[::-1], independent.thresholds[::-1])
    return {
        "disentanglement": dci.spread(matrix),
        "completeness": dci.spread(matrix.T),
        "mig": float(np.mean(gap(matrix) / entropies)),
        "sap": float(np.mean(gap(matrix))),
        "modularity": modularity.mean(matrix, corrected),
        "area": float(area),
        "groups": float(independent.groups.max()),
    }


def curves(matrix: Matrix) -> Curves:
    """Independent groups and discovered factors of a matrix [d, k] at each of its entries.

    Thresholds start at the largest entry; an entry of 0 connects nothing.
    """
    thresholds = _thresholds(matrix)
    groups, discovered = [], []
    for threshold in thresholds:
        has_code, labels = _connected(matrix, threshold)
        groups.append(len(np.unique(labels[has_code])))
        discovered.append(np.count_nonzero(has_code))
    return Curves(thresholds, np.array(groups), np.array(discovered))


def merges(matrix: Matrix) -> Matrix:
    """The largest threshold [k, k] at which two factors are in one group, for a dendrogram.

    It is 0 if they never are. The diagonal has the threshold at which a factor is discovered. The
    reference writes the place of a threshold in the falling order instead (``merge_0_1``), and lets
    factors that have no code in common merge through an entry of 0.
    """
    k = matrix.shape[1]
    thresholds = np.zeros((k, k))
    for threshold in _thresholds(matrix):
        has_code, labels = _connected(matrix, threshold)
        same_group = (labels[:, None] == labels) & has_code
        thresholds[same_group & (thresholds == 0)] = threshold
    return thresholds


def _thresholds(matrix: Matrix) -> Matrix:
    """All entries, from the largest."""
    return np.sort(matrix, axis=None)[::-1]


def _connected(
    matrix: Matrix, threshold: float
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int32]]:
    """Whether each factor has a code [k], and the group of each factor [k].

    A factor has the codes whose entries are neither below the threshold nor 0; factors with a code
    in common are in one group.
    """
    edges = (matrix >= threshold) & (matrix > 0)
    common_code = (edges.T @ edges).astype(np.int8)
    _, labels = connected_components(common_code, directed=False)
    return edges.sum(axis=0) > 0, labels
