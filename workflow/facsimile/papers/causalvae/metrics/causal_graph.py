"""A learned causal graph, beside the true one."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "hamming"
NEEDS = ("inferred.graph", "data.parents")
REFERENCE = (
    "Zheng et al. 2018, DAGs with NO TEARS (structural Hamming distance); Yang et al. 2021, "
    "CausalVAE"
)
CONVENTIONS = {
    PAPER: "edges are weights above 0.3 in absolute value, as in NO TEARS; CausalVAE's code "
    "applies no threshold"
}
LABELS = {
    "hamming": "structural Hamming distance",
    "missing": "missing edges",
    "wrong": "wrong edges",
    "into_0": "edges into 0",
    "into_1": "edges into 1",
    "into_2": "edges into 2",
    "into_3": "edges into 3",
}
SCORES = {
    "hamming": "number of edges to add, remove or reverse to turn the learned graph into the true "
    "one",
    "missing": "true edges that were not learned in their direction",
    "wrong": "learned edges that are not true, or true in the other direction",
    "acyclicity": "h(A) = tr (I + A∘A/m)^m - m of the weights as they are; 0 without cycles",
    "into_{j}_{i}": "weight of the edge from concept i to j; `into_{j}_{i}_theory` is 1 for a true "
    "edge, else 0",
}
EDGE = 0.3
Matrix = npt.NDArray[np.float64]


def score(outputs: RunOutputs, convention: str = PAPER) -> dict[str, float]:
    r"""How many edges of the learned graph differ from those of the true one.

    Formula: $\sum_{i<j} [(\hat E_{ij}, \hat E_{ji}) \neq (E_{ij}, E_{ji})]$ plus learned loops,
    $\hat E_{ij} = [|A_{ij}| > 0.3]$.

    Traps:
    - The released code of CausalVAE starts with all edges from the first two concepts to later
      ones: for the pendulum's true graph that is 1 edge away before the first step. Read the
      distance beside that of the start.
    - The weights have no scale of their own: the networks behind the mask can undo it, so that 0.3
      has no meaning by itself.
    """
    weights = outputs.inferred["graph"].astype(np.float64)
    true = outputs.data["parents"][0]  # the graph is the same in every row
    learned = (np.abs(weights) > EDGE).astype(int)
    scores = {
        "hamming": _hamming(learned, true),
        "missing": float(((true == 1) & (learned == 0)).sum()),
        "wrong": float(((true == 0) & (learned == 1)).sum()),
        "acyclicity": acyclicity(weights),
    }
    for i, j in np.ndindex(*weights.shape):
        scores[f"into_{j}_{i}"] = float(weights[i, j])
    for i, j in np.ndindex(*weights.shape):
        scores[f"into_{j}_{i}_theory"] = float(true[i, j])
    return scores


def _hamming(learned: npt.NDArray[np.int64], true: npt.NDArray[np.int64]) -> float:
    """Structural Hamming distance: an edge in the wrong direction counts once."""
    different = learned != true
    pairs = np.triu(different | different.T, 1).sum()
    loops = np.diag(different).sum()
    return float(pairs + loops)


def acyclicity(weights: Matrix) -> float:
    """h(A) of weights [m, m]."""
    size = len(weights)
    power = np.linalg.matrix_power(np.eye(size) + weights**2 / size, size)
    return float(np.trace(power) - size)
