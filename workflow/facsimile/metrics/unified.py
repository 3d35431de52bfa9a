"""Unified scores: each matrix of codes and factors that a metric makes, by each way in which another aggregates its own."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import connected_components

from facsimile.metrics import dci, modularity, sap
from facsimile.metrics.base import mutual_information as information
from facsimile.metrics.base.conventions import CORRECTED, DLIB, DLIB_019, MODERN
from facsimile.metrics.base.conventions import REFERENCE as REFEREE
from facsimile.metrics.base.draws import Draws
from facsimile.metrics.mig import gap

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "mutual_information.disentanglement"
NEEDS = ("codes", "factors")
REFERENCE = (
    "Locatello et al. 2020, A sober look at the unsupervised learning of disentangled representations and their evaluation, "
    "JMLR 21(209); evaluation/metrics/unified_scores.py of disentanglement_lib 1.5"
)
CONVENTIONS = {
    DLIB: f"{REFEREE}: mutual information, boosted trees and support vector machines, each by every aggregation",
    DLIB_019: "the same with the trees' importances of scikit-learn up to 0.19",
    MODERN: "the same with the trees of scikit-learn since 1.0",
    CORRECTED: "as dlib, but entropies divide mutual information only, and codes that tell nothing do not count as not modular",
}
MATRICES = ("mutual_information", "gradient_boosting", "support_vector")
MEANINGS = {
    "disentanglement": "1 - entropy of each code's entries over factors, weighed by its share",
    "completeness": "1 - entropy of each factor's entries over codes, weighed by its share",
    "mig": "mean gap over the factor's entropy in nats; in [0, 1] of mutual information only",
    "sap": "mean gap, in units of the matrix",
    "modularity": "mean over codes of 1 - squared entries of other factors over their largest sum",
    "area": "area under the number of independent groups, smallest to largest entry, in groups × units of the matrix",
    "groups": "largest number of independent groups at any threshold, 0 to min(d, k)",
}
UNITS = {
    "mutual_information": "nats",
    "gradient_boosting": "shares of importance",
    "support_vector": "test accuracy",
}
SECONDS = 11.0
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
    f"{name}.{key}": f"{text} ({UNITS[name]})"
    for name in MATRICES
    for key, text in MEANINGS.items()
}
Matrix = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class Curves(NamedTuple):
    """The entries of a matrix as falling thresholds [d * k], and what the entries at or above each leave connected [d * k].

    ``groups``: connected groups of factors and codes. ``discovered``: factors with a code.
    """

    thresholds: Matrix
    groups: Counts
    discovered: Counts


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""Every matrix of codes and factors by every aggregation: what of a score is owed to the one, and what to the other.

    Formula: $M$ [d, k] is the mutual information of binned codes and factors, the importance of boosted trees, or the test
    accuracy of support vector machines on single codes; disentanglement and completeness are $1 - H(M_{i\cdot} / \sum_j M_{ij})
    / \log k$ and $1 - H(M_{\cdot j} / \sum_i M_{ij}) / \log d$, weighed by $\sum_j M_{ij}$ and $\sum_i M_{ij}$; mig and sap
    $\frac1k \sum_j (M_{(1)j} - M_{(2)j})$ with and without division by $H(g_j)$; modularity as in metric ``modularity``.
    ``groups`` and ``area`` are of $G(t)$, the number of connected groups of codes and factors by the entries of $t$ or more:
    its maximum, and $\int G\,\mathrm{d}t$ by trapezoids from the smallest entry to the largest.

    Traps:
    - An aggregation means what it says on its own matrix only. Accuracies have a floor of chance, which counts as spread: ten
      codes of noise have ``support_vector.disentanglement`` 0.302 on dSprites, a β-VAE 0.248, a perfect code 0.389;
      ``support_vector.modularity`` 0.933, 0.900, 0.942.
    - ``gradient_boosting.mig`` divides shares of importance by nats: a perfect code has 0.463 on dSprites, and a factor of two
      values gives up to 1.44. ``corrected`` has 1 there.
    - Mutual information of finite draws is never 0, and noise takes the chance of the factor of most values for its own:
      ``mutual_information.disentanglement`` of noise is 0.181, that of the trees 0.002.
    - A perfect code has 0.927 by ``mutual_information.disentanglement``; with five codes of noise beside it 0.897 of 10,000
      points and 0.655 of 2,000, where the trees have 1.
    - ``area`` is in units of the matrix, so areas of different matrices do not compare: of a perfect code 12.1, 5.0 and 1.3.
      ``groups`` asks for no strength: noise has 4 by the trees.
    - Gaps of importances between codes that tell the same are luck in the reference, as scikit-learn's trees choose among
      them at random: 0.205 for ``gradient_boosting.mig`` of redundant codes, 0.170 here, where they share.
    - ``modularity`` of trees counts codes without importance 0 with five noisy codes beside a perfect one: 0.5.
    - disentanglement_lib's names are mutual_information_matrix, importance_gbt_matrix, accuracy_svm_matrix; area_precision,
      max_precision. Its gap of a single code is an error; here it is the entry.
    """
    _, entropies = information.matrix(draws)
    found: dict[str, float] = {}
    for name, matrix in matrices(draws, convention).items():
        corrected = convention == CORRECTED
        units = np.ones_like(entropies) if corrected and name != "mutual_information" else entropies
        found |= {
            f"{name}.{key}": value for key, value in aggregate(matrix, units, corrected).items()
        }
    return found


def matrices(draws: Draws, convention: str = DLIB) -> dict[str, Matrix]:
    """The matrices [d, k] by name: mutual information (nats), importances (columns sum to 1), accuracies in [0, 1]."""
    rule = DLIB if convention == CORRECTED else convention
    importances, *_ = draws.shared(("boosting", rule), lambda: dci.fits(draws, dci.RULES[rule]))
    return dict(
        zip(MATRICES, (information.matrix(draws)[0], importances, sap.matrix(draws)), strict=True)
    )


def aggregate(matrix: Matrix, entropies: Matrix, corrected: bool = False) -> dict[str, float]:
    """Every aggregation of a matrix [d, k] of entries that are not negative, for factors of these entropies [k]."""
    independent = curves(matrix)
    return {
        "disentanglement": dci.spread(matrix),
        "completeness": dci.spread(matrix.T),
        "mig": float(np.mean(gap(matrix) / entropies)),
        "sap": float(np.mean(gap(matrix))),
        "modularity": modularity.mean(matrix, corrected),
        "area": float(np.trapezoid(independent.groups[::-1], independent.thresholds[::-1])),
        "groups": float(independent.groups.max()),
    }


def curves(matrix: Matrix) -> Curves:
    """Independent groups and discovered factors of a matrix [d, k] at each of its entries, from the largest; 0 is no entry."""
    thresholds = _thresholds(matrix)
    groups, discovered = [], []
    for threshold in thresholds:
        seen, labels = _connected(matrix, threshold)
        groups.append(len(np.unique(labels[seen])))
        discovered.append(np.count_nonzero(seen))
    return Curves(thresholds, np.array(groups), np.array(discovered))


def merges(matrix: Matrix) -> Matrix:
    """The largest threshold [k, k] at which two factors are in one group, for a dendrogram; 0 if they never are.

    On the diagonal, the one at which a factor is discovered. The reference writes the place of a threshold in the falling order
    instead (``merge_0_1``), and lets factors that have no code in common merge by an entry of 0.
    """
    found = np.zeros((matrix.shape[1], matrix.shape[1]))
    for threshold in _thresholds(matrix):
        seen, labels = _connected(matrix, threshold)
        found[(labels[:, None] == labels) & seen & (found == 0)] = threshold
    return found


def _thresholds(matrix: Matrix) -> Matrix:
    return np.sort(matrix, axis=None)[::-1]


def _connected(
    matrix: Matrix, threshold: float
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int32]]:
    """Whether each factor has a code [k], by the entries that are not below a threshold and not 0, and its group [k]."""
    edges = (matrix >= threshold) & (matrix > 0)
    _, labels = connected_components(
        (edges.T @ edges).astype(np.int8), directed=False
    )  # of factors that have a code in common
    return edges.sum(axis=0) > 0, labels
