"""Negative log-likelihoods of a length scale and of a target under exact posteriors."""

import math

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.dt import length_scale

RANGE = (float("-inf"), float("inf"))
BETTER = "lower"
HEADLINE = "nll_hyperparameters"
NEEDS = ("data.prior", "data.length", "data.x", "data.y", "model.no_model")
REFERENCE = "Whittle et al. 2026, Distribution transformers, Table 2"
CONVENTIONS = {PAPER: "mean over all problems of the data set, each by quadrature"}
LABELS = {
    "nll_hyperparameters": "NLL of the length scale",
    "nll_of_prior": "NLL of the length scale under its prior",
    "nll_posterior_predictive": "NLL of the target",
    "gain": "Prior minus posterior",
    "nll_hyperparameters_half_width": "Half-width, length scale",
    "nll_posterior_predictive_half_width": "Half-width, target",
    "gain_half_width": "Half-width, difference",
}
SCORES = {
    "nll_hyperparameters": "mean of minus the log-density of the length scale, nats",
    "nll_of_prior": "the same under the prior, without any observation, nats",
    "nll_posterior_predictive": "mean of minus the log-density of the target, nats",
    "gain": "`nll_of_prior` - `nll_hyperparameters`, nats",
    "nll_hyperparameters_half_width": "1.96 standard errors of the mean over problems, nats",
    "nll_posterior_predictive_half_width": "1.96 standard errors over problems, nats",
    "gain_half_width": "1.96 standard errors over problems, nats",
}


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Mean over problems of minus the log-density of what was drawn, under the exact posterior.

    Formula: $-E \log p(\ell \mid x, y)$ and $-E \log p(y_* \mid x_*, x, y)$. No other answer has a
    smaller expectation of either.

    Traps:
    - Five observations tell 0.02 nats about the length scale. A mean over 1,000 problems has a
      standard error of 0.03 in either value, so that only differences on the same problems count.
    """
    names = ("prior", "x", "y", "length")
    arrays = (outputs.data[name].astype(np.float64) for name in names)
    answers = length_scale.answers(*arrays)
    values = {
        "nll_hyperparameters": answers.posterior,
        "nll_posterior_predictive": answers.predictive,
        "gain": answers.prior - answers.posterior,
    }
    scores = {"nll_of_prior": float(answers.prior.mean())}
    for name, of_problems in values.items():
        error = of_problems.std(ddof=1) / math.sqrt(len(of_problems))
        scores[name] = float(of_problems.mean())
        scores[f"{name}_half_width"] = float(1.96 * error)
    return scores
