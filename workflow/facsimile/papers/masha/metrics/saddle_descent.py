"""How near a distributed method is to the solution after so many sent coordinates."""

import math

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

FIXED_SECONDS = 0.001
RANGE = (float("-inf"), float("inf"))
BETTER = "lower"
HEADLINE = "log_distance"
NEEDS = ("history", "inferred.start", "inferred.solution", "data.coupling")
REFERENCE = (
    "Beznosikov et al. 2022, Distributed methods with compressed communication for solving "
    "variational inequalities, with theoretical guarantees"
)
CONVENTIONS = {PAPER: "coordinates sent by one device; those that it receives are apart"}
LABELS = {
    "log_distance": "log₁₀ of the squared distance, at the end",
    "log_distance_{b}": "log₁₀ of the squared distance after b sent coordinates",
    "distance": "Squared distance from the solution",
    "sent": "Coordinates sent by a device",
    "bits": "Bits sent by a device",
    "received": "Coordinates received by a device",
    "calls": "Operator calls of a device",
    "sent_to_{e}": "Coordinates sent until the squared distance is 10⁻ᵉ",
    "steps_to_{e}": "Steps until the squared distance is 10⁻ᵉ",
    "slope": "log₁₀ of the squared distance per step",
}
SCORES = {
    "log_distance": "logarithm, base 10, of the squared distance of the last point",
    "log_distance_{b}": "the same when a device has sent b coordinates",
    "log_distance_{b}_theory": "the same in closed form, for extragradient without compression",
    "distance": "squared distance of the last point from the solution",
    "sent": "coordinates that a device has sent at the end",
    "bits": "bits of these: 64 a coordinate, and log2 d for an index in a compressed message",
    "received": "coordinates that a device has received at the end",
    "calls": "how often a device has computed its operator",
    "sent_to_{e}": "coordinates sent until the squared distance stays below 10^-e",
    "steps_to_{e}": "steps until the squared distance stays below 10^-e",
    "slope": "change of the logarithm per step, over the second half of the way to 1e-24",
}
# Multiples of 80, what extragradient sends in a step: 10, 25, 50, 100, 250 and 500 steps.
BUDGETS = (800, 2_000, 4_000, 8_000, 20_000, 40_000)
FLOOR = 1e-24  # below it, rounding decides
EXPONENTS = (6,)
Floats = npt.NDArray[np.float64]


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Squared distance $|z - z^*|^2$ by what was sent, and how fast it falls.

    Formula: without compression, a step of extragradient multiplies the error $z - z^*$ by
    $I - \gamma B + \gamma^2 B^2$, $B$ the matrix of the mean operator.

    Traps:
    - Between two recorded steps the logarithm is interpolated.
    - A method that stalls has no step from which it stays below a distance, so that the score is
      missing, and a mean over seeds is over those that have it.
    - In float64 a squared distance of 1e-30 is the rounding error of the solution.
    """
    columns = {name: outputs.history[name].to_numpy(np.float64) for name in outputs.history}
    logarithms = np.log10(np.maximum(columns["distance"], np.finfo(np.float64).tiny))
    scores = {"log_distance": float(logarithms[-1])}
    for name in ("distance", "sent", "bits", "received", "calls"):
        scores[name] = float(columns[name][-1])
    for budget in BUDGETS:
        if columns["sent"][0] <= budget <= columns["sent"][-1]:
            value = np.interp(budget, columns["sent"], logarithms)
            scores[f"log_distance_{budget}"] = float(value)
    for exponent in EXPONENTS:
        first = _stays_below(columns["distance"], 10.0**-exponent)
        if first is not None:
            scores[f"sent_to_{exponent}"] = float(columns["sent"][first])
            scores[f"steps_to_{exponent}"] = float(columns["step"][first])
    slope = _slope(columns["step"], columns["distance"], logarithms)
    if math.isfinite(slope):
        scores["slope"] = slope
    return scores | _theory(outputs, columns["sent"])


def _stays_below(
    distances: Floats,
    level: float,
) -> int | None:
    """The first row from which all distances are below a level."""
    above = np.flatnonzero(distances >= level)
    first = int(above[-1]) + 1 if above.size else 0
    return first if first < len(distances) else None


def _slope(
    steps: Floats,
    distances: Floats,
    logarithms: Floats,
) -> float:
    """Least-squares slope over the second half of the steps before the floor is reached."""
    reached = np.flatnonzero(distances < FLOOR)
    end = steps[reached[0]] if reached.size else steps[-1]
    chosen = (steps >= end / 2) & (steps <= end)
    if chosen.sum() < 3:
        return math.nan
    slope, _ = np.polyfit(steps[chosen], logarithms[chosen], 1)
    return float(slope)


def _theory(
    outputs: RunOutputs,
    sent: Floats,
) -> dict[str, float]:
    """The closed form of extragradient without compression, at the budgets that it reached."""
    if "error_matrix" not in outputs.inferred:
        return {}
    matrix = outputs.inferred["error_matrix"].astype(np.float64)
    error = (outputs.inferred["start"] - outputs.inferred["solution"]).astype(np.float64)
    per_step = 2 * len(error)
    scores = {}
    for budget in BUDGETS:
        steps, rest = divmod(budget, per_step)
        after = np.linalg.matrix_power(matrix, steps) @ error
        distance = float(after @ after)
        # Rounding of the solution decides below.
        if not rest and budget <= sent[-1] and distance > FLOOR:
            scores[f"log_distance_{budget}_theory"] = math.log10(distance)
    return scores
