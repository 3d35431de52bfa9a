"""How well a surrogate ranks unseen designs, how sharp it is, and how much it overrates designs."""

import numpy as np
from scipy import stats

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.metrics.offline_optimum import rows_of

SECONDS = 0.1
RANGE = (float("-inf"), float("inf"))
BETTER = "higher"
HEADLINE = "rank_correlation"
NEEDS = (
    "inferred.prediction",
    "inferred.designs",
    "inferred.predicted",
    "inferred.gradient_norm_start",
    "inferred.gradient_norm_found",
    "inferred.sharpness_found",
    "inferred.first_order_found",
    "inferred.multiplier",
    "data.sequence",
    "data.offline",
    "data.y",
)
REFERENCE = "Dao et al. 2024, on surrogate sharpness"
CONVENTIONS = {PAPER: "scores are standardised by mean and standard deviation of the offline rows"}
LABELS = {
    "rank_correlation": "Rank correlation on unseen designs",
    "rank_correlation_offline": "Rank correlation on offline designs",
    "overestimate": "Predicted minus true score of the designs",
    "gradient_norm_start": "|∇h| at the start",
    "gradient_norm": "|∇h| at the designs",
    "sharpness": "Rise of h within the ball",
    "multiplier": "Multiplier λ at the end",
}
SCORES = {
    "rank_correlation": "Spearman's correlation of prediction and score on the rows never seen",
    "rank_correlation_offline": "the same on the offline rows",
    "overestimate": "mean of predicted minus true standardised score of the designs",
    "gradient_norm_start": "norm of the gradient of the mean prediction of the 128 start points "
    "with respect to the weights, mean over members",
    "gradient_norm": "the same at the found designs",
    "sharpness": "how much the mean prediction of the found designs rises after a step of ρ along "
    "that gradient, mean over members",
    "sharpness_theory": "its first order in ρ, ρ times `gradient_norm`",
    "multiplier": "the multiplier λ, mean over members",
}


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Rank correlation, sharpness and overestimation of a surrogate.

    Formula: $h(w) = \frac{1}{n} \sum_i g(x_i; w)$; sharpness is $h(w + \rho u) - h(w)$ with
    $u = \nabla h / |\nabla h|$, which is $\rho |\nabla h| + O(\rho^2)$.

    Traps:
    - The radius is that of the model, so that sharpness compares models with equal radii only;
      `gradient_norm` has no radius.
    - The found points are scored after decoding, but predicted before it.
    """
    inferred, data = outputs.inferred, outputs.data
    is_seen = data["offline"] == 1
    prediction = np.asarray(inferred["prediction"], np.float64)
    y = np.asarray(data["y"], np.float64)
    true = y[rows_of(np.asarray(inferred["designs"]), data["sequence"])]
    correlations = {}
    for name, rows in {"": ~is_seen, "_offline": is_seen}.items():
        correlations[f"rank_correlation{name}"] = float(
            stats.spearmanr(prediction[rows], y[rows]).statistic
        )
    return {
        **correlations,
        "overestimate": float((inferred["predicted"] - true).mean()),
        "gradient_norm_start": float(inferred["gradient_norm_start"].mean()),
        "gradient_norm": float(inferred["gradient_norm_found"].mean()),
        "sharpness": float(inferred["sharpness_found"].mean()),
        "sharpness_theory": float(inferred["first_order_found"].mean()),
        "multiplier": float(inferred["multiplier"].mean()),
    }
