"""Recovery of true latents that are numbers: mean correlations, and R2 of a linear map."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from facsimile.metrics import mcc
from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "pearson"
NEEDS = ("inferred.mean", "data.latents", "data.held_out")
REFERENCE = (
    "Lopez et al. 2023, Learning causal representations of single cells, Tables 1 and 4; "
    "Genentech/sVAE, svae/metrics.py"
)
CONVENTIONS = {PAPER: "posterior means of the training cells; as in the released code"}
LABELS = {
    "pearson": "MCC (Pearson)",
    "spearman": "MCC (Spearman)",
    "r2": "R²",
}
SCORES = {
    "pearson": "mean absolute Pearson correlation of each true latent and the inferred one it is "
    "paired with",
    "spearman": "the same for ranks, with a pairing of their own",
    "r2": "R2 of the true latents by least squares on all inferred ones, mean over true latents",
}
Array = npt.NDArray[np.float32]


def score(outputs: RunOutputs, convention: str = PAPER) -> dict[str, float]:
    r"""How well posterior means recover the true latents.

    The correlations allow for another order, sign and scale; R2 allows for a linear map.

    Formula: $\frac{1}{k} \max_\pi \sum_j |\mathrm{corr}(z_{\pi(j)}, g_j)|$ with $\pi$ one-to-one;
    $1 - \sum_i (g_{ij} - \hat g_{ij})^2 / \sum_i (g_{ij} - \bar g_j)^2$ averaged over $j$.

    Traps:
    - R2 is computed at the points that the map was fitted to.
    - A rotation of the true latents has an R2 of 1 and, for two latents rotated by 45 degrees, a
      correlation of 0.71.
    """
    trained = outputs.data["held_out"] == 0
    codes, truth = outputs.inferred["mean"][trained], outputs.data["latents"][trained]
    return {
        "pearson": paired(codes, truth, False),
        "spearman": paired(codes, truth, True),
        "r2": linear(codes, truth),
    }


def paired(codes: Array, truth: Array, ranked: bool) -> float:
    """Mean absolute correlation of each true latent [n, k] with the code [n, d] it is paired with.

    ``ranked``: of their ranks.
    """
    correlations = np.abs(mcc.unit(codes, ranked).T @ mcc.unit(truth, ranked))
    pairs = linear_sum_assignment(correlations, maximize=True)
    # Rounding may exceed 1 by a last digit.
    return min(1.0, float(correlations[pairs].sum() / correlations.shape[1]))


def linear(codes: Array, truth: Array) -> float:
    """Mean R2 of the least-squares map from codes [n, d] to true latents [n, k]."""
    inputs, targets = _centred(codes), _centred(truth)
    coefficients, *_ = np.linalg.lstsq(inputs, targets, rcond=None)
    residuals = targets - inputs @ coefficients
    return float(1 - (residuals.var(0) / targets.var(0)).mean())


def _centred(values: Array) -> npt.NDArray[np.float64]:
    """Columns in float64 minus their means."""
    return values.astype(np.float64) - values.mean(0, dtype=np.float64)
