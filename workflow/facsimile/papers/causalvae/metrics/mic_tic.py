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
REFERENCE = (
    "Reshef et al. 2011, Detecting novel associations in large data sets; M. Yang 2023, Discussion "
    "about CausalVAE"
)
CONVENTIONS = {
    PAPER: "the authors' account: each concept's block of codes is averaged, and compared with its "
    "own label; α = 0.6, c = 15, minepy's defaults, which the account does not mention; held-out "
    "rows"
}
SECONDS = 6.0
LABELS = {
    "mic": "MIC",
    "tic": "TIC",
    "mic_best": "MIC, best code",
    "tic_best": "TIC, best code",
}
SCORES = {
    "mic": "maximal information coefficient of each label and the mean of its block of codes, mean "
    "over labels",
    "tic": "total information coefficient of the same, divided by the number of grids",
    "mic_{k}": "the same for label k alone; likewise `tic_{k}`",
    "mic_best": "each label with its highest-scoring code, mean over labels; for models whose "
    "blocks have no meaning",
    "tic_best": "the total coefficient of those pairs",
}
Vector = npt.NDArray[np.float64]


def score(outputs: RunOutputs, convention: str = PAPER) -> dict[str, float]:
    r"""How much information each label and its own codes share, whatever their relation looks like.

    Formula: $\mathrm{MIC} = \max_{ab < n^{0.6}} I^*(a, b) / \log \min(a, b)$, with $I^*$ the
    largest mutual information of any grid of $a$ by $b$ cells; TIC is the mean of the same over all
    shapes of grids.

    Traps:
    - Noise does not score 0: independent normal variables have a MIC of 0.14 and a TIC of 0.05 with
      1,000 points, 0.25 and 0.15 with 50.
    - This is the approximation of 2011 (``mic_approx`` of minepy); minepy's ``mic_e`` gives 0.893
      where it gives 0.961, for a parabola with noise of 0.1 and 1,000 points. TIC is a sum in
      minepy unless ``norm=True``.
    - Averaging a block loses information that its dimensions carry separately; a block of opposite
      codes has a mean of 0.
    - For a model that was not told which block belongs to which label, ``mic`` is arbitrary; read
      ``mic_best``.
    """
    rows = _held_out_rows(outputs)
    labels = outputs.data["labels"][rows].astype(np.float64)
    codes = outputs.inferred["mean"][rows].astype(np.float64)
    blocks = codes.reshape(len(rows), labels.shape[1], -1)
    block_means = blocks.mean(axis=2)
    own, best = [], []
    for block_mean, label in zip(block_means.T, labels.T, strict=True):
        own.append(_mic_and_tic(block_mean, label))
        best.append(max(_mic_and_tic(code, label) for code in codes.T))
    mic, tic = np.mean(own, axis=0).tolist()
    mic_best, tic_best = np.mean(best, axis=0).tolist()
    scores = {"mic": mic, "tic": tic}
    for k, (mic_k, tic_k) in enumerate(own):
        scores[f"mic_{k}"] = mic_k
        scores[f"tic_{k}"] = tic_k
    return scores | {"mic_best": mic_best, "tic_best": tic_best}


def _held_out_rows(outputs: RunOutputs) -> npt.NDArray[np.int64]:
    """Held-out rows, evenly spaced in the data set."""
    _, n_test = outputs.sizes
    held_out = np.flatnonzero(outputs.data["held_out"] == 1)
    count = min(n_test, len(held_out))
    places = np.linspace(0, len(held_out) - 1, count)
    return held_out[places.astype(int)]


def _mic_and_tic(codes: Vector, label: Vector) -> tuple[float, float]:
    """MIC and TIC of two variables [n]; 0 if one of them does not vary."""
    if np.ptp(codes) == 0 or np.ptp(label) == 0:
        return 0.0, 0.0
    matrix = _mic.characteristic(codes, label)
    return float(matrix.max()), float(matrix.mean())
