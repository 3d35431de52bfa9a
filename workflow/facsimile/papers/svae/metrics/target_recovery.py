"""Recovery of the latents that each intervention targets: precision, recall and F1."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from facsimile.metrics import mcc
from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "f1"
NEEDS = (
    "inferred.targets",
    "inferred.mean",
    "data.latents",
    "data.targets",
    "data.intervention",
    "data.held_out",
)
REFERENCE = "Lopez et al. 2023, Learning causal representations of single cells, Table 1; Genentech/sVAE, entry_points/demo.py"
CONVENTIONS = {
    PAPER: "a target is a probability above 1/2; latents are paired by their correlation over trained cells"
}
_ALONE = "of interventions that were trained on, latents paired by absolute correlation"
LABELS = {
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "precision_released": "Precision (released)",
    "recall_released": "Recall (released)",
    "f1_released": "F1 (released)",
}
SCORES = {
    "precision": f"share of inferred targets that are true, {_ALONE}",
    "recall": f"share of true targets that are inferred, {_ALONE}",
    "f1": "harmonic mean of both",
    "precision_released": "precision as in the authors' demo.py: of all interventions, latents paired by signed correlation",
    "recall_released": "recall so",
    "f1_released": "harmonic mean of both",
}
Flags = npt.NDArray[np.bool_]


def score(outputs: RunOutputs, convention: str = PAPER) -> dict[str, float]:
    r"""Whether the targets that a model infers for each intervention are the true ones, latents matched first.

    Formula: $P = |A \cap B| / |A|$, $R = |A \cap B| / |B|$, $F_1 = 2PR / (P + R)$ for pairs (intervention, latent), $A$ those
    inferred and $B$ the true ones; 0 where there are none.

    Traps:
    - The released script pairs latents by the largest sum of signed correlations, though a latent's sign is arbitrary: two
      latents of a perfect model that come out turned round are each paired with the other.
    - It also counts the held-out interventions, on which the model was not trained: with a sparse mask none of their targets is
      found, which takes a fifth off recall; with iVAE's two largest shifts, two at random are.
    """
    data, inferred = outputs.data, outputs.inferred
    trained = data["held_out"] == 0
    correlations = mcc.unit(inferred["mean"][trained], False).T @ mcc.unit(
        data["latents"][trained], False
    )
    seen, first = np.unique(data["intervention"], return_index=True)
    guessed, true, held_out = (
        inferred["targets"][seen] > 0.5,
        data["targets"][first] > 0,
        data["held_out"][first] > 0,
    )
    found = _agreement(guessed[~held_out], true[~held_out], np.abs(correlations))
    released = _agreement(guessed, true, correlations)
    return found | {f"{name}_released": value for name, value in released.items()}


def _agreement(guessed: Flags, true: Flags, likeness: npt.NDArray[np.float64]) -> dict[str, float]:
    """Precision, recall and F1 of inferred [m, d] and true [m, k] targets, latents paired for the largest likeness [d, k]."""
    codes, factors = linear_sum_assignment(likeness, maximize=True)
    guessed, true = guessed[:, codes], true[:, factors]
    hits, asked, there = (int(flags.sum()) for flags in (guessed & true, guessed, true))
    return {
        "precision": hits / asked if asked else 0.0,
        "recall": hits / there if there else 0.0,
        "f1": 2 * hits / (asked + there) if asked + there else 0.0,
    }
