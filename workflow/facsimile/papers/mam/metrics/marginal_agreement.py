"""Log-marginals of a model beside exact ones, by the number of known variables."""

import numpy as np
import numpy.typing as npt
from scipy import stats

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (-1.0, 1.0)
BETTER = "higher"
HEADLINE = "pearson"
NEEDS = (
    "inferred.log_marginal",
    "inferred.sum_of_conditionals",
    "data.query",
    "data.log_marginal",
)
REFERENCE = "Liu, Ramadge and Adams 2024, Generative marginalization models, section 6"
CONVENTIONS = {PAPER: "configurations of the data set, of which a fifth, two fifths, … are known"}
LABELS = {
    "pearson": "Pearson",
    "spearman": "Spearman",
    "error": "Error",
    "error_of_conditionals": "Error of conditionals",
    "error_{n}": "Error of log p, n spins known",
    "error_of_conditionals_{n}": "Error by conditionals, n spins known",
}
SCORES = {
    "pearson": "mean over numbers n of `pearson_{n}`",
    "spearman": "mean over numbers n of `spearman_{n}`",
    "spearman_{n}": "rank correlation with exact log-marginals of n known variables",
    "pearson_{n}": "correlation with exact log-marginals of n known variables",
    "error": "mean over numbers n of `error_{n}`, nats",
    "error_{n}": "root mean square difference from exact log-marginals of n variables, nats",
    "error_of_conditionals": "mean over numbers n of `error_of_conditionals_{n}`, nats",
    "error_of_conditionals_{n}": "the same for the sum of n conditionals in one order, nats",
}
Floats = npt.NDArray[np.float64]


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Agreement with exact log-marginals, separately for each number of known variables.

    Formula: $\sqrt{E (\log p_\theta(x_S) - \log p_\theta(\emptyset) - \log p(x_S))^2}$ at
    $|S| = n$, and the correlation of the two logarithms.

    Traps:
    - Over different numbers n together, the correlation is near 1 for any model, since a
      log-marginal falls with n; here it is computed for each n, then averaged.
    """
    data, inferred = outputs.data, outputs.inferred
    exact = data["log_marginal"].astype(np.float64)
    marginal = inferred["log_marginal"].astype(np.float64)
    conditionals = inferred["sum_of_conditionals"].astype(np.float64)
    known = (data["query"] != 0).sum(1)
    per_number: dict[str, list[float]] = {}
    scores: dict[str, float] = {}
    for n in np.unique(known):
        rows = known == n
        here = exact[rows]
        pearson, _ = stats.pearsonr(marginal[rows], here)
        spearman, _ = stats.spearmanr(marginal[rows], here)
        of_number = {
            "pearson": float(pearson),
            "spearman": float(spearman),
            "error": _error(marginal[rows], here),
            "error_of_conditionals": _error(conditionals[rows], here),
        }
        for name, value in of_number.items():
            scores[f"{name}_{n}"] = value
            per_number.setdefault(name, []).append(value)
    for name, values in per_number.items():
        scores[name] = float(np.mean(values))
    return scores


def _error(
    values: Floats,
    exact: Floats,
) -> float:
    squared = (values - exact) ** 2
    return float(np.sqrt(squared.mean()))
