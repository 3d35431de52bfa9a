"""Causal graphs of latents, to the next frame and within a frame, beside the true ones."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.metrics.base.variable_numbers import variable_of
from facsimile.papers.icitris.metrics import _enco
from facsimile.papers.icitris.metrics._enco import Pairs

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "shd_instantaneous"
NEEDS = (
    "inferred.mean",
    "inferred.log_variance",
    "data.latents",
    "data.targets",
    "data.sequence",
    "data.held_out",
    "data.temporal_graph",
    "data.instantaneous_graph",
)
REFERENCE = (
    "Lippe et al. 2023, Causal representation learning for instantaneous and temporal effects in "
    "interactive systems, as in its released code (phlippe/CITRIS 95f6c90, models/shared/enco.py)"
)
SAMPLED, MEANS = "sampled", "means"
CONVENTIONS = {
    SAMPLED: "one code is sampled from the posterior of each frame, as in the released code",
    MEANS: "codes are posterior means",
}
SECONDS = 40.0
LABELS = {
    "shd_instantaneous": "SHD (instantaneous)",
    "shd_temporal": "SHD (temporal)",
    "edges_instantaneous": "Edges (instantaneous)",
    "edges_temporal": "Edges (temporal)",
}
SCORES = {
    "shd_instantaneous": "number of edges to add, remove or reverse to turn the learned graph of "
    "the same frame into the true one",
    "shd_temporal": "the same of the graph from one frame to the next",
    "edges_instantaneous": "number of learned edges in the same frame",
    "edges_temporal": "number of learned edges to the next frame",
    "instantaneous_{i}_{j}": "1 if an edge from variable i to j in the same frame was learned; "
    "`instantaneous_{i}_{j}_theory` is 1 for a true edge, else 0",
    "temporal_{i}_{j}": "the same from one frame to the next",
}
Array = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.int64]
LEAST = 1e-6  # standard deviation of a latent that is divided by


def score(
    outputs: RunOutputs,
    convention: str = SAMPLED,
) -> dict[str, float]:
    r"""How far the graphs that ENCO finds on the latents are from the true graphs.

    ENCO learns both graphs from pairs of neighbouring frames and the targets of interventions. A
    model that learns which latents belong to which variable stores its ``assignment``
    [latents, variables or more] of 0 and 1, and one that learns edges in the same frame its
    ``graph`` [variables, variables]; ENCO keeps their directions and adds none.

    Formula: the number of pairs $(i, j)$ with $\hat E_{ij} \neq E_{ij}$, where an edge in the wrong
    direction counts once, not twice.

    Traps:
    - A reversed edge counts once, elsewhere twice. From one frame to the next it has no meaning,
      but the released code counts both graphs in this way.
    - No edge at all is as far away as there are true edges: compare with the empty graph.
    - Latents without a learned assignment belong to the variable with which, or with one of whose
      numbers, their rank correlation at held-out frames is the largest; the released code compares
      the R2 of a network.
    - At most as many pairs are used as the evaluation has training points. The released code makes
      100 steps of the graph per 293 steps of the networks; this ratio is kept for fewer pairs.
    """
    random = np.random.RandomState(outputs.seed)
    codes = _codes(outputs, convention, random)
    true_temporal = outputs.data["temporal_graph"][0]
    true_instantaneous = outputs.data["instantaneous_graph"][0]
    k = len(true_temporal)
    assignment = outputs.inferred.get("assignment")
    if assignment is None:
        owner = _owners(codes, outputs)
    else:
        # Latents of the further column belong to no variable.
        is_used = assignment[:, :k].any(axis=1)
        codes = codes[:, is_used]
        owner = assignment[is_used, :k].argmax(axis=1)
    found = _enco.search(
        _pairs(codes, outputs, random),
        owner,
        outputs.inferred.get("graph"),
        random,
    )
    scores = {
        "shd_instantaneous": distance(found.instantaneous, true_instantaneous),
        "shd_temporal": distance(found.temporal, true_temporal),
        "edges_instantaneous": float(found.instantaneous.sum()),
        "edges_temporal": float(found.temporal.sum()),
    }
    graphs = {
        "instantaneous": (found.instantaneous, true_instantaneous),
        "temporal": (found.temporal, true_temporal),
    }
    for name, (learned, _) in graphs.items():
        for i, j in np.ndindex(k, k):
            scores[f"{name}_{i}_{j}"] = float(learned[i, j])
    for name, (_, true) in graphs.items():
        for i, j in np.ndindex(k, k):
            scores[f"{name}_{i}_{j}_theory"] = float(true[i, j])
    return scores


def distance(learned: Matrix, true: Matrix) -> float:
    """Structural Hamming distance of graphs [k, k], as the released code counts it."""
    is_reversed = (learned == 1) & (true.T == 1)
    wrong = (learned != true) | is_reversed | is_reversed.T
    return float(wrong.sum() - is_reversed.sum())


def _codes(
    outputs: RunOutputs,
    convention: str,
    random: np.random.RandomState,
) -> Array:
    """Codes of all frames, centred and scaled by the frames of the sequences."""
    codes = outputs.inferred["mean"]
    if convention == SAMPLED:
        deviations = np.exp(outputs.inferred["log_variance"] / 2)
        codes = codes + deviations * random.standard_normal(codes.shape)
    of_sequences = codes[outputs.data["held_out"] == 0]
    spread = np.maximum(
        of_sequences.std(axis=0),
        LEAST,
    )
    centred = (codes - of_sequences.mean(axis=0)) / spread
    return centred.astype(np.float32)


def _pairs(
    codes: Array,
    outputs: RunOutputs,
    random: np.random.RandomState,
) -> Pairs:
    """Neighbouring frames in random order, at most as many as there are training points."""
    sequence = outputs.data["sequence"]
    second = np.flatnonzero(sequence[1:] == sequence[:-1]) + 1
    second = random.permutation(second)[: outputs.sizes[0]]
    return Pairs(
        codes[second - 1],
        codes[second],
        outputs.data["targets"][second].astype(np.float32),
    )


def _owners(codes: Array, outputs: RunOutputs) -> Matrix:
    """The variable [d] with which each latent has the largest rank correlation."""
    held_out = outputs.data["held_out"] == 1
    both = (codes[held_out], outputs.data["latents"][held_out])
    ranks = []
    for values in both:
        order = values.argsort(axis=0).argsort(axis=0)
        ranks.append(order - order.mean(axis=0))
    latents, variables = ranks
    correlations = np.abs(latents.T @ variables)
    numbers = correlations.argmax(axis=1)
    owners: Matrix = variable_of(outputs)[numbers]
    return owners
