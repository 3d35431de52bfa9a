"""Demographic parity gap and covariances of generated rows, beside their closed form."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.ccgm import biased, structural

RANGE = (-1.0, 1.0)
BETTER = "lower"
HEADLINE = "gap"
NEEDS = ("model.linear_scm", "inferred.generated", "data.values")
REFERENCE = "Bhat et al. 2022, De-biasing generative models; the gap is that of Dwork et al. 2012"
CONVENTIONS = {PAPER: "the label is an outcome above 0, the groups are an attribute of 1 and -1"}
SECONDS = 0.02
LABELS = {
    "gap": "parity gap",
    "gap_of_data": "parity gap of the data",
    "covariance_0_2": "covariance with outcome",
    "covariance_2_2": "variance of outcome",
    "weight": "weight of the direct edge",
}
SCORES = {
    "gap": "share of labels in the group 1, less that in the group -1, of generated rows; "
    "`gap_theory` is its closed form",
    "gap_of_data": "the same of the data set's own rows, with `gap_of_data_theory`",
    "covariance_{i}_{j}": "of variables i and j in generated rows, with "
    "`covariance_{i}_{j}_theory`: 0 attribute, 1 mediator, 2 outcome",
    "weight": "weight of the edge from attribute to outcome that was fitted, with `weight_theory`",
}


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Whether rows of a model whose edges are cut have the bias that the closed form says.

    Formula: $P(y > 0 \mid s = 1) - P(y > 0 \mid s = -1)$; with total effect $\tau$ of $s$ on $y$
    and variance $\sigma^2$ of what else goes into $y$ it is $2 \Phi(\tau / \sigma) - 1$.

    Traps:
    - Cutting the direct edge leaves the path through the mediator.
    - A model that is fitted without the direct edge gives the mediator a part of its weight, so
      that most of the gap stays.
    """
    params = dict(outputs.params)
    strength = params.get("strength", 1.0)
    edges = int(params.get("edges", 0))
    generated = outputs.inferred["generated"].astype(np.float64)
    weights = outputs.inferred["weights"].astype(np.float64)
    if params.get("refitted", 0):
        exact_weights, variances = biased.refitted()
        exact = structural.covariance(exact_weights, variances)
        exact_gap = biased.refitted_gap()
    else:
        exact_weights = biased.WEIGHTS
        exact = biased.exact_covariance(edges, strength)
        exact_gap = biased.exact_gap(edges, strength)
    scores = {
        "gap": gap(generated),
        "gap_theory": exact_gap,
        "gap_of_data": gap(outputs.data["values"]),
        "gap_of_data_theory": biased.exact_gap(biased.ONE_EDGE, 1.0),
        "weight": float(weights[biased.DIRECT]),
        "weight_theory": float(exact_weights[biased.DIRECT]),
    }
    measured = np.cov(generated.T)
    rows, columns = np.triu_indices(len(measured))
    for i, j in zip(rows, columns, strict=True):
        scores[f"covariance_{i}_{j}"] = float(measured[i, j])
        scores[f"covariance_{i}_{j}_theory"] = float(exact[i, j])
    return scores


def gap(values: structural.Floats) -> float:
    """Return the demographic parity gap of rows [n, 3]: attribute, mediator, outcome."""
    is_first = values[:, biased.SENSITIVE] > 0
    has_label = values[:, biased.OUTCOME] > 0
    share = has_label[is_first].mean()
    other_share = has_label[~is_first].mean()
    return float(share - other_share)
