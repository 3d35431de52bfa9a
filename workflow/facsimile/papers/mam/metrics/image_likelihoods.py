"""Likelihoods of images by a network of marginals, beside those by conditionals in some orders."""

import math

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (float("-inf"), float("inf"))
BETTER = "higher"
HEADLINE = "pearson"
NEEDS = (
    "inferred.log_marginal",
    "inferred.log_q",
    "inferred.completed_log_marginal",
    "inferred.completed_log_q",
    "inferred.sites",
)
REFERENCE = "Liu, Ramadge and Adams 2024, Generative marginalization models, Table 1"
CONVENTIONS = {PAPER: "bits per pixel for likelihoods; correlations within groups of completions"}
LABELS = {
    "nll": "NLL, bits per pixel, by conditionals",
    "nll_one_order": "NLL by conditionals in one order",
    "nll_of_marginals": "NLL by marginals",
    "pearson": "Pearson",
    "spearman": "Spearman",
    "pearson_one_order": "Pearson of one order",
    "spearman_one_order": "Spearman of one order",
    "pearson_of_images": "Pearson over test images",
    "spearman_of_images": "Spearman over test images",
    "error_of_images": "Error over test images",
    "groups": "Groups",
}
SCORES = {
    "nll": "mean over test images of -log of the mean of q over all orders but the last",
    "nll_one_order": "the same of the last order alone",
    "nll_of_marginals": "the same of the network of marginals, which need not be normalised",
    "pearson": "correlation of log-marginals with log q of several orders, mean over groups",
    "spearman": "rank correlation of the same",
    "pearson_one_order": "the same of log q in one order, with log q of several orders",
    "spearman_one_order": "rank correlation of the same",
    "pearson_of_images": "correlation of log-marginals with log q over all test images together",
    "spearman_of_images": "rank correlation of the same",
    "error_of_images": "root mean square difference of the two over test images, nats",
    "groups": "number of test images whose completions make a group",
}
APART = 5.0  # nats, in mam/config/config_image.yaml
Floats = npt.NDArray[np.float64]


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Likelihoods of test images, and how far those by marginals agree with those by conditionals.

    Formula: $-\log_2 \frac{1}{M} \sum_{m=1}^M q_{\sigma_m}(x) / D$ with $M$ orders and $D$ pixels.
    A group is a test image of which three shares of the pixels are drawn again; of its three
    likelihoods, those remain that are at least 5 nats apart. Correlations are within groups,
    averaged with the number of images in each (``eval_mam_quality`` in the released code).

    Traps:
    - A correlation of two likelihoods is -1 or 1, one of three is often near 1: groups with images
      that are easy to tell apart say little. Over all test images together, correlations are lower.
    - A network of marginals need not sum to one, so that its NLL can be below that of any model.
    """
    names = ("log_marginal", "log_q", "completed_log_marginal", "completed_log_q")
    arrays = (outputs.inferred[name].astype(np.float64) for name in names)
    marginal, log_q, completed_marginal, completed_log_q = arrays
    several, one = _several(log_q), log_q[..., -1]
    bits = float(outputs.inferred["sites"]) * math.log(2)
    difference = marginal - several
    scores = {
        "nll": float(-several.mean() / bits),
        "nll_one_order": float(-one.mean() / bits),
        "nll_of_marginals": float(-marginal.mean() / bits),
        "pearson_of_images": float(stats.pearsonr(marginal, several)[0]),
        "spearman_of_images": float(stats.spearmanr(marginal, several)[0]),
        "error_of_images": float(np.sqrt((difference**2).mean())),
    }
    reference = _several(completed_log_q)
    groups = [np.flatnonzero(chosen) for chosen in map(apart, reference)]
    scores["groups"] = float(sum(len(group) > 1 for group in groups))
    compared = {"": completed_marginal, "_one_order": completed_log_q[..., -1]}
    for suffix, values in compared.items():
        for name, correlation in (("pearson", stats.pearsonr), ("spearman", stats.spearmanr)):
            within, weights = [], []
            for group, row, beside in zip(groups, values, reference, strict=True):
                if len(group) > 1:
                    value, _ = correlation(row[group], beside[group])
                    within.append(float(value))
                    weights.append(len(group))
            mean = np.average(within, weights=weights) if within else math.nan
            scores[name + suffix] = float(mean)
    return scores


def apart(log_likelihoods: Floats) -> npt.NDArray[np.bool_]:
    """Return which log-likelihoods [k] remain: from the highest on, those 5 nats below the last.

    Args:
        log_likelihoods: of one group.
    """
    chosen = np.zeros(len(log_likelihoods), bool)
    last = math.inf
    for index in np.argsort(-log_likelihoods, kind="stable"):
        if last - log_likelihoods[index] > APART:
            chosen[index] = True
            last = float(log_likelihoods[index])
    return chosen


def _several(log_q: Floats) -> Floats:
    """Log of the mean of q [...] over all orders [..., orders + 1] but the last."""
    orders = log_q.shape[-1] - 1
    total: Floats = special.logsumexp(log_q[..., :-1], axis=-1)
    return total - math.log(orders)
