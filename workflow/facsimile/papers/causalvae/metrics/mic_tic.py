"""Maximal and total information coefficients of codes and labels."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.causalvae.metrics import _mic

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "mic"
NEEDS = ("inferred.mean", "data.labels", "data.held_out")
REFERENCE = "Reshef et al. 2011, Detecting novel associations in large data sets; M. Yang 2023, Discussion about CausalVAE"
CONVENTIONS = {
    PAPER: "the authors' account: each concept's block of codes is averaged, and set against its own label; α = 0.6, c = 15, "
    "minepy's defaults, which the account does not state; held-out rows"
}
SECONDS = 6.0
LABELS = {
    "mic": "MIC",
    "tic": "TIC",
    "mic_best": "MIC, best code",
    "tic_best": "TIC, best code",
}
SCORES = {
    "mic": "maximal information coefficient of each label and the mean of its block of codes, mean over labels",
    "tic": "total information coefficient of the same, over the number of grids",
    "mic_{k}": "the same of label k alone; likewise `tic_{k}`",
    "mic_best": "each label with the code that has the highest, mean over labels; of models whose blocks mean nothing",
    "tic_best": "the total coefficient of those pairs",
}
Vector = npt.NDArray[np.float64]


def score(outputs: RunOutputs, convention: str = PAPER) -> dict[str, float]:
    r"""How much each label and its own codes tell of each other, whatever the shape of their relation.

    Formula: $\mathrm{MIC} = \max_{ab < n^{0.6}} I^*(a, b) / \log \min(a, b)$, $I^*$ the most mutual information of any grid of
    $a$ by $b$ cells; TIC is the mean of the same over all shapes of grids.

    Traps:
    - Noise is not 0: independent normal draws have a MIC of 0.14 and a TIC of 0.05 with 1,000 points, 0.25 and 0.15 with 50.
    - The approximation of 2011 (``mic_approx`` of minepy) is meant; minepy's ``mic_e`` gives 0.893 where it gives 0.961, a
      parabola with noise of 0.1 and 1,000 points. TIC is a sum in minepy unless ``norm=True``.
    - Averaging a block loses what its dimensions tell apart; a block of opposite codes has a mean of 0.
    - Of a model that was not told which block is which label, ``mic`` is by chance; read ``mic_best``.
    """
    held_out = np.flatnonzero(outputs.data["held_out"] == 1)
    rows = held_out[
        np.linspace(0, len(held_out) - 1, min(outputs.sizes[1], len(held_out))).astype(int)
    ]
    labels = outputs.data["labels"][rows].astype(np.float64)
    codes = outputs.inferred["mean"][rows].astype(np.float64)
    means = codes.reshape(len(rows), labels.shape[1], -1).mean(axis=2)
    own = [_both(means[:, k], labels[:, k]) for k in range(labels.shape[1])]
    best = [max(_both(code, label) for code in codes.T) for label in labels.T]
    each = {
        f"{name}_{k}": value
        for k, pair in enumerate(own)
        for name, value in zip(("mic", "tic"), pair, strict=True)
    }
    averages = dict(zip(("mic", "tic"), np.mean(own, axis=0).tolist(), strict=True))
    return (
        averages
        | each
        | dict(zip(("mic_best", "tic_best"), np.mean(best, axis=0).tolist(), strict=True))
    )


def _both(codes: Vector, label: Vector) -> tuple[float, float]:
    """MIC and TIC of two variables [n]; 0 for one that does not vary."""
    if np.ptp(codes) == 0 or np.ptp(label) == 0:
        return 0.0, 0.0
    found = _mic.characteristic(codes, label)
    return float(found.max()), float(found.mean())
