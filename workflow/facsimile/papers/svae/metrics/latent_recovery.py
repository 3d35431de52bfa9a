"""Recovery of true latents that are numbers: mean correlation coefficients, and R2 of a linear map."""

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
REFERENCE = "Lopez et al. 2023, Learning causal representations of single cells, Tables 1 and 4; Genentech/sVAE, svae/metrics.py"
CONVENTIONS = {PAPER: "posterior means of the cells that were trained on; as in the released code"}
LABELS = {
    "pearson": "MCC (Pearson)",
    "spearman": "MCC (Spearman)",
    "r2": "R²",
}
SCORES = {
    "pearson": "mean absolute Pearson correlation of each true latent and the inferred one it is paired with",
    "spearman": "the same of ranks, with pairs of their own",
    "r2": "R2 of the true latents by least squares of all inferred ones, mean over true latents",
}
Matrix = npt.NDArray[np.float64]


def score(outputs: RunOutputs, convention: str = PAPER) -> dict[str, float]:
    r"""How well posterior means are the true latents up to order, sign and scale, and how well up to a linear map.

    Formula: $\frac{1}{k} \max_\pi \sum_j |\mathrm{corr}(z_{\pi(j)}, g_j)|$ with $\pi$ one-to-one;
    $1 - \sum_i (g_{ij} - \hat g_{ij})^2 / \sum_i (g_{ij} - \bar g_j)^2$ averaged over $j$.

    Traps:
    - R2 is of the points that the map was fitted to.
    - A rotation of the true latents has an R2 of 1 and, for two latents turned by 45 degrees, a correlation of 0.71.
    """
    trained = outputs.data["held_out"] == 0
    codes, truth = outputs.inferred["mean"][trained], outputs.data["latents"][trained]
    return {
        "pearson": paired(codes, truth, False),
        "spearman": paired(codes, truth, True),
        "r2": linear(codes, truth),
    }


def paired(codes: npt.NDArray[np.float32], truth: npt.NDArray[np.float32], ranked: bool) -> float:
    """Mean over true latents [n, k] of the absolute correlation with the code [n, d] that each is paired with."""
    found = np.abs(mcc.unit(codes, ranked).T @ mcc.unit(truth, ranked))
    return min(
        1.0, float(found[linear_sum_assignment(found, maximize=True)].sum() / found.shape[1])
    )


def linear(codes: npt.NDArray[np.float32], truth: npt.NDArray[np.float32]) -> float:
    """R2 of the least-squares map from codes [n, d] to true latents [n, k], mean over them."""
    known, wanted = (
        values.astype(np.float64) - values.mean(0, dtype=np.float64) for values in (codes, truth)
    )
    left = wanted - known @ np.linalg.lstsq(known, wanted, rcond=None)[0]
    return float(1 - (left.var(0) / wanted.var(0)).mean())
