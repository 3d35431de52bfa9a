"""How good the designs of an offline optimiser are, by an oracle that is a table of all designs."""

from typing import Any

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

SECONDS = 0.05
RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "normalised_100th"
NEEDS = ("inferred.designs", "data.sequence", "data.score", "data.offline")
REFERENCE = "Trabucco et al. 2022, Design-Bench, section 5"
CONVENTIONS = {PAPER: "the upper of two neighbouring designs where a percentile lies between them"}
LABELS = {
    "normalised_100th": "Best design",
    "normalised_80th": "80th percentile of the designs",
    "normalised_50th": "Median design",
    "best_offline": "Best offline design",
    "above_offline": "Designs above the best offline one",
    "distinct": "Distinct designs",
}
SCORES = {
    "normalised_100th": "largest score of the designs; the worst of the table has 0, the best 1",
    "normalised_80th": "80th percentile of the scores of the designs, on the same scale",
    "normalised_50th": "their median",
    "best_offline": "largest score of the offline part, on the same scale",
    "above_offline": "share of the designs whose score is above `best_offline`",
    "distinct": "share of the designs that differ from those before them",
}


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Percentiles of the oracle's scores of the designs of a run.

    Formula: $(f(x) - \min f) / (\max f - \min f)$, with minimum and maximum of the whole table.

    Traps:
    - The 100th percentile is a maximum, of mostly 128 designs: one lucky design decides. 128 random
      designs of TF-Bind-8 have a best score of 0.94 on average.
    - Designs may coincide; `distinct` shows how many are left.
    """
    values = normalised(outputs.data["score"])
    designs = np.asarray(outputs.inferred["designs"])
    scores = values[rows_of(designs, outputs.data["sequence"])]
    best_offline = values[outputs.data["offline"] == 1].max()
    ordered = np.sort(scores)
    return {
        "normalised_100th": float(ordered[-1]),
        "normalised_80th": _percentile(ordered, 0.8),
        "normalised_50th": _percentile(ordered, 0.5),
        "best_offline": float(best_offline),
        "above_offline": float((scores > best_offline).mean()),
        "distinct": len(np.unique(designs, axis=0)) / len(designs),
    }


def normalised(
    scores: npt.NDArray[Any],
) -> npt.NDArray[np.float64]:
    """Scores [n] of the whole table on a scale from 0 to 1."""
    values = scores.astype(np.float64)
    lowest, highest = values.min(), values.max()
    result: npt.NDArray[np.float64] = (values - lowest) / (highest - lowest)
    return result


def rows_of(
    designs: npt.NDArray[np.integer],
    table: npt.NDArray[np.integer],
) -> npt.NDArray[np.intp]:
    """Return the row of each design [m, L] in a table of sequences [n, L]; of equal rows any.

    Raises ValueError for a design that the table does not have.
    """
    letters = int(max(table.max(), designs.max())) + 1
    weights = letters ** np.arange(table.shape[1])
    numbers = table @ weights
    order = np.argsort(numbers, kind="stable")
    wanted = designs @ weights
    places = np.minimum(np.searchsorted(numbers[order], wanted), len(order) - 1)
    rows = order[places]
    is_missing = numbers[rows] != wanted
    if is_missing.any():
        raise ValueError(
            f"the oracle has no score of the design {designs[is_missing][0].tolist()}: its table "
            f"has {len(table)} sequences"
        )
    return rows


def _percentile(
    ordered: npt.NDArray[np.float64],
    share: float,
) -> float:
    return float(np.quantile(ordered, share, method="higher"))
