"""Effectiveness of interventions: what a reader of real pictures reads in decoded ones."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.kernel_reader import downscaled, flat, trained_reader
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "set"
NEEDS = (
    "inferred.counterfactual_images",
    "inferred.counterfactual_rows",
    "data.images",
    "data.values",
    "data.held_out",
    "data.counterfactuals",
)
REFERENCE = (
    "Monteiro et al. 2023, Measuring axiomatic soundness of counterfactual image models; the "
    "CausalDiffAE poster, ECAI 2024"
)
CONVENTIONS = {
    PAPER: "mean absolute error in the units of CausalVAE's prior; the reader is our own kernel "
    "ridge regression"
}
SECONDS = 22.0
LABELS = {
    "set": "error of what was set",
    "effects": "error of the others",
    "set_still": "the same, unchanged picture",
    "effects_still": "the same, unchanged picture",
}
SCORES = {
    "set": "error of the concept that was set, mean over interventions",
    "effects": "error of the concepts that were not set, mean over interventions",
    "set_still": "what `set` would be for pictures that did not change at all",
    "effects_still": "what `effects` would be for such pictures: small, as an intervention leaves "
    "most concepts unchanged",
    "value_{f}_do_{k}": "error of concept f where concept k was set",
    "reader_{f}": "error of the reader itself on real held-out pictures: no model can appear "
    "better",
    "still_{f}_do_{k}": "what `value_{f}_do_{k}` would be for a picture that had not changed at "
    "all",
}


def score(outputs: RunOutputs, convention: str = PAPER) -> dict[str, float]:
    r"""Whether decoded pictures show the value that was set and its effects on other concepts.

    The effects are those of the scene's true equations.

    Formula: mean over held-out rows of $|r_f(\hat x_{do(k = v)}) - v_f|$, with $r_f$ a reader that
    was trained on real pictures, and $v$ the values that the scene's own equations give under the
    intervention.

    Traps:
    - It is limited by the reader: compare with ``reader_{f}``.
    - A picture that does not change is right about all concepts that the intervention leaves
      unchanged: compare with ``effects_still``.
    - Blurred pictures are unlike those that the reader has learned from, and it reads values near
      its mean in them.
    - Other papers report errors in their own units, and not always the same ones within a table.
    """
    decoded = outputs.inferred["counterfactual_images"]
    rows = outputs.inferred["counterfactual_rows"]
    side = decoded.shape[2]
    reader = trained_reader(outputs, side)
    expected = outputs.data["counterfactuals"][rows]
    unchanged = outputs.data["values"][rows]
    # Errors [concept that was set, concept that is read].
    errors_per_intervention = []
    for k in range(decoded.shape[1]):
        values = reader.read(flat(decoded[:, k]))
        absolute = np.abs(values - expected[:, k])
        errors_per_intervention.append(absolute.mean(axis=0))
    errors = np.stack(errors_per_intervention)
    still = np.abs(unchanged[:, None] - expected).mean(axis=0)
    real_pictures = flat(downscaled(outputs.data["images"][rows], side))
    reader_errors = np.abs(reader.read(real_pictures) - unchanged).mean(axis=0)
    others = ~np.eye(len(errors), dtype=bool)
    scores = {
        "set": float(np.diag(errors).mean()),
        "effects": float(errors[others].mean()),
        "set_still": float(np.diag(still).mean()),
        "effects_still": float(still[others].mean()),
    }
    for f, error in enumerate(reader_errors):
        scores[f"reader_{f}"] = float(error)
    for k, f in np.ndindex(*errors.shape):
        scores[f"value_{f}_do_{k}"] = float(errors[k, f])
    for k, f in np.ndindex(*still.shape):
        scores[f"still_{f}_do_{k}"] = float(still[k, f])
    return scores
