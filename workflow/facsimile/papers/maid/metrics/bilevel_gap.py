"""How far an inexact bilevel method is from the optimum after so much work."""

import math

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

FIXED_SECONDS = 0.002
RANGE = (float("-inf"), float("inf"))
BETTER = "lower"
HEADLINE = "log_gap"
NEEDS = ("history", "inferred.epsilon", "data.a1", "data.a2", "data.a3", "data.b1", "data.b2")
REFERENCE = (
    "Salehi et al. 2025, An adaptively inexact first-order method for bilevel optimization with "
    "application to hyperparameter learning"
)
CONVENTIONS = {PAPER: "work is iterations of the lower level and of the linear solver"}
LABELS = {
    "log_gap": "log₁₀ of the gap, at the end",
    "log_gap_{w}": "log₁₀ of the gap after w iterations",
    "gap": "Gap to the optimum",
    "first_gap": "Gap before the first step",
    "work": "Iterations of both solvers",
    "log_accuracy": "log₁₀ of ε at the end",
    "error_of_bound": "Largest error of a hypergradient, over its bound",
    "rises": "Steps after which the exact g was higher",
    "steps": "Steps",
}
SCORES = {
    "log_gap": "logarithm, base 10, of the gap g(x(t)) - min at the end, x(t) exact",
    "log_gap_{w}": "the same after w iterations of both solvers; at the end, if a run stopped",
    "gap": "the gap at the end",
    "first_gap": "the gap before the first step",
    "first_gap_theory": "the same from the rows of the data, by least squares",
    "work": "iterations of both solvers at the end",
    "log_accuracy": "logarithm, base 10, of the accuracy that the lower level has at the end",
    "error_of_bound": "largest ratio of a hypergradient's error to its bound; at most 1",
    "rises": "recorded steps after which the exact g was higher than before; 0",
    "steps": "steps that were made",
}
BUDGETS = (1_000, 3_000, 10_000, 30_000, 60_000)
Floats = npt.NDArray[np.float64]


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Gap of the exact upper-level value against the work of both solvers.

    Formula: $g(x(t)) - \min_s g(x(s))$, where $x(t)$ is computed by a linear solve.

    Traps:
    - The value at the inexact $x$ that an algorithm has may be below the exact one.
    - Between two recorded steps the logarithm is interpolated.
    """
    columns = {name: outputs.history[name].to_numpy(np.float64) for name in outputs.history}
    gaps, work = columns["gap"], columns["work"]
    logarithms = np.log10(np.maximum(gaps, np.finfo(np.float64).tiny))
    scores = {
        "log_gap": float(logarithms[-1]),
        "gap": float(gaps[-1]),
        "first_gap": float(gaps[0]),
        "first_gap_theory": _first_gap(outputs),
        "work": float(work[-1]),
        "steps": float(columns["step"][-1]),
        "log_accuracy": math.log10(columns["epsilon"][-1]),
        "rises": float((np.diff(gaps) > 0).sum()),
    }
    for budget in BUDGETS:
        if budget <= work[-1] or columns["stopped"][-1]:
            scores[f"log_gap_{budget}"] = float(np.interp(budget, work, logarithms))
    if columns["bound"][1:].any():
        ratios = columns["error"][1:] / columns["bound"][1:]
        scores["error_of_bound"] = float(ratios.max())
    return scores


def _first_gap(outputs: RunOutputs) -> float:
    """The gap at t = 1, by least squares on the rows of the data."""
    a1, a2, a3, b1, b2 = (
        outputs.data[name].astype(np.float64) for name in ("a1", "a2", "a3", "b1", "b2")
    )
    # One problem for x(t) at 0, 1 and the columns of t.
    parts = np.column_stack((b2, -a3))
    solved, *_ = np.linalg.lstsq(a2, parts, rcond=None)
    at_zero, per_t = solved[:, 0], solved[:, 1:]
    target = b1 - a1 @ at_zero
    best, *_ = np.linalg.lstsq(a1 @ per_t, target, rcond=None)
    values = []
    for t in (np.ones(a3.shape[1]), best):
        left = a1 @ per_t @ t - target
        values.append(float(left @ left) / 2)
    return values[0] - values[1]
