"""Divergence and discrepancy of moving points from fixed ones, by iteration."""

import math

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (float("-inf"), float("inf"))
BETTER = "lower"
HEADLINE = "cs_divergence_0"
NEEDS = (
    "history",
    "inferred.early_cs_divergence",
    "inferred.early_squared_mmd",
    "data.mean",
)
REFERENCE = (
    "Yu et al. 2024, Cauchy-Schwarz divergence information bottleneck for regression, the example "
    "of two Gaussians"
)
CONVENTIONS = {PAPER: "between two recorded steps, logarithms are interpolated in log(1 + step)"}
LABELS = {
    "cs_divergence_{j}": "D_CS before step j, nats",
    "squared_mmd_{j}": "Squared MMD before step j",
}
SCORES = {
    "cs_divergence_0": "D_CS before the first step, nats",
    "cs_divergence_{j}": "D_CS before step j, nats",
    "squared_mmd_{j}": "squared maximum mean discrepancy before step j",
    "cs_divergence_0_theory": "D_CS of the expected kernels, before the first step",
    "squared_mmd_0_theory": "expectation of the squared discrepancy before the first step",
}
# Iterations at which the authors' curves have vertices, up to step 2,500.
VERTICES = {
    "cs_divergence": (
        0, 5, 16, 27, 39, 52, 67, 83,
        102, 123, 147, 176, 215, 269, 351, 491,
        724, 1203, 2456,
    ),
    "squared_mmd": (
        0, 6, 17, 29, 42, 57, 73, 91,
        112, 135, 160, 188, 220, 257, 300, 354,
        424, 526, 637, 798, 1065, 1356, 1844,
    ),
}  # fmt: skip
FREE, FIXED = 400, 400  # points; half of the fixed ones belong to each Gaussian
Floats = npt.NDArray[np.float64]


def score(outputs: RunOutputs, convention: str = PAPER) -> dict[str, float]:
    r"""Both discrepancies at the iterations at which the authors' curves have vertices.

    Formula: $D_{CS} = \log \overline{K_{pp}} + \log \overline{K_{qq}} - 2 \log \overline{K_{pq}}$,
    $MMD^2 = \overline{K_{pp}} + \overline{K_{qq}} - 2 \overline{K_{pq}}$, with Gaussian kernels of
    width 1, averaged over all pairs.

    Traps:
    - A point paired with itself counts, so a sample of 400 points has a mean kernel that is 0.0017
      too large.
    - Points are drawn once per run: at the first step, D_CS has a standard deviation of 0.47 over
      runs.
    """
    history = outputs.history
    steps = history["step"].to_numpy(dtype=float)
    scores = {}
    for name, vertices in VERTICES.items():
        recorded = history[name].to_numpy(dtype=float)
        early = outputs.inferred[f"early_{name}"].astype(np.float64)
        for vertex in vertices:
            if vertex < len(early):
                scores[f"{name}_{vertex}"] = float(early[vertex])
            elif vertex <= steps[-1]:
                scores[f"{name}_{vertex}"] = _interpolated(steps, recorded, vertex)
    return scores | _expected(outputs.data["mean"].astype(np.float64))


def _interpolated(
    steps: Floats,
    values: Floats,
    vertex: int,
) -> float:
    logarithm = np.interp(
        math.log1p(vertex),
        np.log1p(steps),
        np.log(values),
    )
    return math.exp(logarithm)


def _expected(means: Floats) -> dict[str, float]:
    """Both discrepancies of expected kernels, where free points are from N(0, I).

    For points of N(m₁, I) and N(m₂, I) in d dimensions, E k = 3^(-d/2) exp(-|m₁ - m₂|² / 6).
    """
    dimensions = means.shape[1]
    same = 3 ** (-dimensions / 2)
    difference = means[0] - means[1]
    apart = float(difference @ difference)
    from_start = (means**2).sum(1)
    free = _with_itself(same, FREE)
    # Half of all pairs of fixed points belong to the same Gaussian.
    within = _with_itself(same, FIXED // 2)
    between = same * math.exp(-apart / 6)
    fixed = 0.5 * (within + between)
    reached = np.exp(-from_start / 6)
    cross = same * float(reached.mean())
    logarithms = math.log(fixed) + math.log(free)
    return {
        "cs_divergence_0_theory": logarithms - 2 * math.log(cross),
        "squared_mmd_0_theory": fixed + free - 2 * cross,
    }


def _with_itself(
    kernel: float,
    n: int,
) -> float:
    """Expected mean of a kernel matrix of n points, whose diagonal is 1."""
    return (1 + (n - 1) * kernel) / n
