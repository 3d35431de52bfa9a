"""Unsupervised disentanglement ranking: whether models that differ only in their seed agree."""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso

from facsimile.metrics.base import gaussian
from facsimile.metrics.base.conventions import DLIB, PAPER, SAME
from facsimile.metrics.base.draws import Draws
from facsimile.metrics.mcc import unit

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "udr_lasso"
NEEDS = ("codes", "log_variances", "peers")
REFERENCE = (
    "Duan et al. 2020, Unsupervised model selection for variational disentangled representation "
    "learning, section 4"
)
CONVENTIONS = {
    DLIB: "disentanglement_lib at 86a644d (in no release): mean of the two models' means over "
    "informative latents; a latent whose mean is constant although it counts as informative sets "
    "the half of the rank correlations that contains it to 0",
    **SAME,
    PAPER: "one mean over the informative latents of both models; a constant mean has no "
    "correlation",
}
SCORES = {
    "udr_lasso": "median over peers, similarity of latents by the weights of a lasso, no unit",
    "udr_spearman": "median over peers, similarity of latents by absolute rank correlation, "
    "no unit",
    "informative_latents": "number of latents of this model with a mean KL above 0.01 nats, 0 to d",
}
THRESHOLD = 0.01  # nats
PENALTY = 0.1
Matrix = npt.NDArray[np.float64]


class Latents(NamedTuple):
    """Standardised means [n, d] of one model, and which latents are informative [d].

    The means of latents that are not informative are 0.
    """

    means: Matrix
    informative: npt.NDArray[np.bool_]


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""How similar a model's latents are to those of models that differ only in their seed.

    The idea is that a good solution is found by all of them.

    Formula: $\mathrm{med}_p \frac12 \Big(\frac{1}{d_p} \sum_a \frac{\max_b R_{ab}^2}{\sum_b R_{ab}}
    + \frac{1}{d} \sum_b \frac{\max_a R_{ab}^2}{\sum_a R_{ab}}\Big)$ over the peers $p$, with $R$
    [d_p, d] the similarity of the peer's informative latents $a$ and this model's $b$ (mean KL from
    the prior above 0.01 nats over the training points): absolute weights of a lasso
    ($\alpha = 0.1$) that predicts each $b$ from all $a$, or absolute Spearman correlations, of
    standardised means. ``paper``: $\frac{1}{d_p + d}$ over both sums.

    Traps:
    - The lasso shrinks: a model and its own copy have ``udr_lasso`` 0.9, not 1. Weights of latents
      that oppose each other are larger: two latents of correlation 0.92 whose difference is the
      other model's only latent score 0.94, and 1.04 by ``paper``.
    - A peer that has each latent twice scores 0.675 by the lasso, which gives all weight to one of
      two copies, and 0.75 by ranks.
    - The lasso has a direction. The reference's median is over the peers that predict this model,
      as here; the opposite direction moved eight VAEs of dSprites, of several methods, by -0.08 to
      0.11 in scores of 0.15 to 0.29.
    - It measures agreement, not truth: a wrong solution that every seed finds is as good as the
      right one, and two models that each encode a different single factor score 0.
    - ``paper`` and the code agree if all models have the same number of informative latents; with 7
      or 8 of 10 they differed by up to 0.010.
    - Which latents are informative depends on the prior: if all ten latents have a KL of 0.01 nats
      or more, as in these eight models after a short training, nothing is filtered out.
    - With 1,000 points, the reference's number, the scores of these eight differed by up to 0.007
      (lasso) and 0.005 (Spearman) from those with 10,000.
    - A model without informative latents scores 0 with every peer; the reference stops with an
      error.
    - The reference stops the lasso at a tolerance of 1e-4; the weights here are its optimum, 3e-5
      away at most over 30 pairs.
    """
    ours = latents(draws)
    others = peers(draws)
    scores = {}
    for name, similarity in SIMILARITIES.items():
        strengths = []
        for other in others:
            matrix = informative(similarity(other, ours), other, ours)
            strengths.append(relative_strength(matrix, convention))
        scores[f"udr_{name}"] = float(np.median(strengths))
    scores["informative_latents"] = float(ours.informative.sum())
    return scores


def latents(draws: Draws) -> Latents:
    """Latents of the scored model at the training points."""
    return _latents(gaussian.posterior(draws, "udr"))


def peers(draws: Draws) -> list[Latents]:
    """The peers' latents at the training points; raises ValueError if there are no peers."""
    models = draws.outputs.of("peers", "udr")
    rows = gaussian.rows_of(draws, "udr")
    if not models:
        raise ValueError(
            "udr needs peers: one model or more that differ in their seed only, not an empty list"
        )
    result = []
    for codes, log_variances in models:
        means = np.asarray(codes)[rows].astype(np.float64)
        log_variances_of_rows = np.asarray(log_variances)[rows].astype(np.float64)
        result.append(_latents(gaussian.Posterior(means, log_variances_of_rows, rows)))
    return result


def _latents(q: gaussian.Posterior) -> Latents:
    kept = gaussian.divergence(q).mean(axis=0) > THRESHOLD
    standardised = unit(q.means, ranked=False) * np.sqrt(len(q.means))
    # Latents that are not informative become 0, so that the lasso gives them no weight.
    return Latents(standardised * kept, kept)


def lasso(one: Latents, other: Latents) -> Matrix:
    """Absolute weights [d, e] of one model's latents in the prediction of each of the other's.

    The reference stops at a tolerance of 1e-4, where its weights depend on the order of latents;
    this is the optimum.
    """
    model = Lasso(
        alpha=PENALTY,
        fit_intercept=True,
        precompute=True,
        max_iter=100_000,
        tol=1e-10,
        selection="cyclic",
        # Decides nothing here; without it, scikit-learn draws it from NumPy's global generator.
        random_state=0,
    )
    with warnings.catch_warnings():
        # Between nearly equal latents the weight moves slowly; the remaining error is still within
        # the reference's tolerance.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = model.fit(one.means, other.means)
    weights = fitted.coef_.reshape(other.means.shape[1], -1)
    return np.abs(weights.T)


def spearman(one: Latents, other: Latents) -> Matrix:
    """Absolute rank correlations [d, e] of two models' latents.

    A latent that does not vary has no correlation: NaN.
    """
    first = unit(one.means, ranked=True)
    second = unit(other.means, ranked=True)
    correlations = np.abs(first.T @ second)
    correlations[~first.any(axis=0)] = np.nan
    correlations[:, ~second.any(axis=0)] = np.nan
    return correlations


SIMILARITIES: dict[str, Callable[[Latents, Latents], Matrix]] = {
    "lasso": lasso,
    "spearman": spearman,
}


def informative(similarity: Matrix, one: Latents, other: Latents) -> Matrix:
    """The rows and columns of the informative latents."""
    return similarity[np.ix_(one.informative, other.informative)]


def relative_strength(similarity: Matrix, convention: str = DLIB) -> float:
    """Mean over rows and columns of their squared largest entry over their sum.

    An empty matrix has 0.
    """
    if not similarity.size:
        return 0.0
    if convention == PAPER:
        similarity = np.nan_to_num(similarity)
    rows = _strengths(similarity)
    columns = _strengths(similarity.T)
    if convention == PAPER:
        return float(np.mean(np.concatenate([rows, columns])))
    return float((rows.mean() + columns.mean()) / 2)


def _strengths(similarity: Matrix) -> Matrix:
    """Squared largest entry of each row over the row's sum; 0 if it is 0 or not defined."""
    total = similarity.sum(axis=1)
    defined = total > 0
    strengths = np.zeros(len(similarity))
    strengths[defined] = similarity[defined].max(axis=1) ** 2 / total[defined]
    return strengths
