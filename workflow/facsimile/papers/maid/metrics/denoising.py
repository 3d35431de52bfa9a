"""How well a learned field of experts denoises, after so much work of both solvers."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

FIXED_SECONDS = 0.002
RANGE = (float("-inf"), float("inf"))
BETTER = "lower"
HEADLINE = "loss"
NEEDS = ("history", "inferred.theta", "data.clean", "data.noisy")
REFERENCE = (
    "Salehi et al. 2025, An adaptively inexact first-order method for bilevel optimization with "
    "application to hyperparameter learning"
)
CONVENTIONS = {PAPER: "work is iterations of the lower level and of the linear solver"}
LABELS = {
    "loss": "Loss at the end",
    "loss_{w}": "Loss after {w} iterations",
    "log_loss": "ln loss at the end",
    "first_loss": "Loss of the first filters",
    "psnr": "PSNR, dB",
    "noisy_psnr": "PSNR of the noisy pictures, dB",
    "work": "Iterations of both solvers",
    "steps": "Steps",
}
SCORES = {
    "loss": "half the squared error per picture, of the inexact pictures at the end",
    "loss_{w}": "the same after w iterations of both solvers",
    "log_loss": "natural logarithm of `loss`",
    "first_loss": "the same before the first step",
    "psnr": "mean over pictures of the peak signal-to-noise ratio at the end, for values in [0, 1]",
    "noisy_psnr": "the same of the noisy pictures",
    "work": "iterations of both solvers at the end",
    "steps": "steps that were made",
}
BUDGETS = (100, 1_000, 10_000, 30_000, 100_000)


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Upper-level loss against the work of both solvers.

    Formula: $\frac{1}{2 n} \sum_i |x_i - c_i|^2$ of $n$ pictures $x_i$ and what they should be.

    Traps:
    - The loss is a sum over pixels, so that it grows with the size of the pictures.
    - It is of the pictures on which the filters were learned, and of an inexact lower level.
    - Between two recorded steps its logarithm is interpolated along the logarithm of the work.
    """
    columns = {name: outputs.history[name].to_numpy(np.float64) for name in outputs.history}
    loss, work = columns["loss"], columns["work"]
    clean, noisy = (outputs.data[name].astype(np.float64) for name in ("clean", "noisy"))
    scores = {
        "loss": float(loss[-1]),
        "log_loss": float(np.log(loss[-1])),
        "first_loss": float(loss[0]),
        "psnr": float(columns["psnr"][-1]),
        "noisy_psnr": _psnr(clean, noisy),
        "work": float(work[-1]),
        "steps": float(columns["step"][-1]),
    }
    for budget in BUDGETS:
        if work[0] <= budget <= work[-1]:
            logarithm = np.interp(np.log(budget), np.log(work), np.log(loss))
            scores[f"loss_{budget}"] = float(np.exp(logarithm))
    return scores


def _psnr(
    clean: npt.NDArray[np.float64],
    pictures: npt.NDArray[np.float64],
) -> float:
    errors = np.square(pictures - clean).mean((1, 2))
    return float(np.mean(-10 * np.log10(errors)))
