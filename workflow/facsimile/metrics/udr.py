"""Unsupervised disentanglement ranking: whether models that differ by their seed alone find the same latents."""

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
REFERENCE = "Duan et al. 2020, Unsupervised model selection for variational disentangled representation learning, section 4"
CONVENTIONS = {
    DLIB: "disentanglement_lib at 86a644d (in no release): mean of the two models' means over informative latents; a latent "
    "whose mean stands still though it counts as informative makes the half of the rank correlations that sees it 0",
    **SAME,
    PAPER: "one mean over the informative latents of both models; a mean that stands still has no correlation",
}
SCORES = {
    "udr_lasso": "median over peers, similarity of latents by the weights of a lasso, no unit",
    "udr_spearman": "median over peers, similarity of latents by absolute rank correlation, no unit",
    "informative_latents": "number of latents of this model with a mean KL above 0.01 nats, 0 to d",
}
THRESHOLD = 0.01  # nats
PENALTY = 0.1
Matrix = npt.NDArray[np.float64]


class Latents(NamedTuple):
    """Standardised means [n, d] of one model, zero where they are not informative, and which are [d]."""

    means: Matrix
    informative: npt.NDArray[np.bool_]


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""How much alike a model's latents are to those of models that differ by their seed: a good one is found by all of them.

    Formula: $\mathrm{med}_p \frac12 \Big(\frac{1}{d_p} \sum_a \frac{\max_b R_{ab}^2}{\sum_b R_{ab}} + \frac{1}{d} \sum_b
    \frac{\max_a R_{ab}^2}{\sum_a R_{ab}}\Big)$ over the peers $p$, $R$ [d_p, d] the similarity of the peer's informative
    latents $a$ and this model's $b$ (mean KL from the prior above 0.01 nats over the training draws): absolute weights of a
    lasso ($\alpha = 0.1$) that predicts each $b$ from all $a$, or absolute Spearman correlations, of standardised means.
    ``paper``: $\frac{1}{d_p + d}$ over both sums.

    Traps:
    - The lasso shrinks: a model and its own copy have ``udr_lasso`` 0.9, not 1. Weights of latents that oppose each other are
      larger: two of correlation 0.92 whose difference is the other model's only latent have 0.94, and 1.04 by ``paper``.
    - A peer in which each latent is there twice has 0.675 by the lasso, which gives one of two copies all weight, and 0.75 by
      ranks.
    - The lasso has a direction. The reference's median is of the peers that predict this model, as here; the other way round
      moved eight VAEs of dSprites, of several methods, by -0.08 to 0.11 in scores of 0.15 to 0.29.
    - It measures agreement, not truth: a wrong solution that every seed finds is as good as the right one, and two models that
      know one factor each, not the same, have 0.
    - ``paper`` and the code agree if all models have as many informative latents; with 7 or 8 of 10 they differed by up to
      0.010.
    - Which latents are informative is a matter of the prior: with KL of 0.01 nats or more in all ten latents, as in these
      eight after a short training, nothing is filtered out.
    - Of 1,000 points, the reference's number, scores of these eight moved by up to 0.007 (lasso) and 0.005 (Spearman) from
      10,000.
    - A model without informative latents has 0 with every peer; the reference stops with an error.
    - The reference stops the lasso at a tolerance of 1e-4; here is its optimum, 3e-5 away at most over 30 pairs.
    """
    own, others = latents(draws), peers(draws)
    found = {}
    for name, similarity in SIMILARITIES.items():
        pairs = [
            relative_strength(informative(similarity(other, own), other, own), convention)
            for other in others
        ]
        found[f"udr_{name}"] = float(np.median(pairs))
    return found | {"informative_latents": float(own.informative.sum())}


def latents(draws: Draws) -> Latents:
    """Latents of the model that is scored, of the training draws."""
    return _latents(gaussian.posterior(draws, "udr"))


def peers(draws: Draws) -> list[Latents]:
    """The peers' latents of the training draws; raises ValueError if there are none."""
    given, rows = draws.given.of("peers", "udr"), gaussian.rows_of(draws, "udr")
    if not given:
        raise ValueError(
            "udr needs peers: one model or more that differ in their seed only, not an empty list"
        )
    chosen = [[np.asarray(part)[rows].astype(np.float64) for part in peer] for peer in given]
    return [
        _latents(gaussian.Posterior(means, log_variances, rows)) for means, log_variances in chosen
    ]


def _latents(q: gaussian.Posterior) -> Latents:
    kept = gaussian.divergence(q).mean(axis=0) > THRESHOLD
    return Latents(unit(q.means, ranked=False) * np.sqrt(len(q.means)) * kept, kept)


def lasso(one: Latents, other: Latents) -> Matrix:
    """Absolute weights [d, e] of one model's latents in the prediction of each of the other's.

    The reference stops at a tolerance of 1e-4, by which its weights depend on the order of latents; this is the optimum.
    """
    model = Lasso(
        alpha=PENALTY,
        fit_intercept=True,
        precompute=True,
        max_iter=100_000,
        tol=1e-10,
        selection="cyclic",
    )
    with warnings.catch_warnings():
        # Latents that are nearly the same part their weight slowly; what is left is still within the reference's tolerance.
        warnings.simplefilter("ignore", ConvergenceWarning)
        weights = model.fit(one.means, other.means).coef_.reshape(other.means.shape[1], -1)
    return np.abs(weights.T)


def spearman(one: Latents, other: Latents) -> Matrix:
    """Absolute rank correlations [d, e] of two models' latents; NaN for one that does not vary, as it is not defined."""
    first, second = (unit(part.means, ranked=True) for part in (one, other))
    found = np.abs(first.T @ second)
    found[~first.any(axis=0)] = np.nan
    found[:, ~second.any(axis=0)] = np.nan
    return found


SIMILARITIES: dict[str, Callable[[Latents, Latents], Matrix]] = {
    "lasso": lasso,
    "spearman": spearman,
}


def informative(similarity: Matrix, one: Latents, other: Latents) -> Matrix:
    """The rows and columns of the latents that are informative."""
    return similarity[np.ix_(one.informative, other.informative)]


def relative_strength(similarity: Matrix, convention: str = DLIB) -> float:
    """Mean over rows and columns of their squared largest entry over their sum; 0 if there is none."""
    if not similarity.size:
        return 0.0
    known = np.nan_to_num(similarity) if convention == PAPER else similarity
    rows, columns = _strengths(known), _strengths(known.T)
    if convention == PAPER:
        return float(np.mean(np.concatenate([rows, columns])))
    return float((rows.mean() + columns.mean()) / 2)


def _strengths(similarity: Matrix) -> Matrix:
    """Of each row; 0 where nothing is similar, or where an entry is not defined."""
    total = similarity.sum(axis=1)
    defined = total > 0
    strengths = np.zeros(len(similarity))
    strengths[defined] = similarity[defined].max(axis=1) ** 2 / total[defined]
    return strengths
