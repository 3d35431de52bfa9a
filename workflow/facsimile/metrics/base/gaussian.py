"""Gaussian posteriors q(z|x) of the training points: moments, samples, and KL to the prior."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.draws import Draws

Matrix = npt.NDArray[np.float64]


class Posterior(NamedTuple):
    """Means and log-variances [n, d] of q(z|x) at the training points, and their table rows [n]."""

    means: Matrix
    log_variances: Matrix
    rows: npt.NDArray[np.int64]


def posterior(draws: Draws, metric: str) -> Posterior:
    """q(z|x) at the training points.

    Raises ValueError if there are no log-variances, or no table that they belong to.
    """
    log_variances = np.asarray(draws.outputs.of("log_variances", metric))
    rows = rows_of(draws, metric)
    return Posterior(
        draws.train.codes.astype(np.float64),
        log_variances[rows].astype(np.float64),
        rows,
    )


def rows_of(draws: Draws, metric: str) -> npt.NDArray[np.int64]:
    """Table rows of the training points; raises ValueError if they were not drawn from a table."""
    draws.whole(metric)
    if draws.train.rows is None:
        raise ValueError(
            f"{metric} needs to know which rows were drawn: "
            "let facsimile.score draw them from the whole table"
        )
    return draws.train.rows


def divergence(q: Posterior) -> Matrix:
    """KL(q(z_j|x) || N(0, 1)) of each point and latent, [n, d], in nats.

    Kingma and Welling 2014, "Auto-encoding variational Bayes", appendix B.
    """
    return 0.5 * (q.means**2 + np.exp(q.log_variances) - q.log_variances - 1)


def sample(q: Posterior, seed: int) -> Matrix:
    """One sample z of each q(z|x), [n, d]; the same seed gives the same samples."""
    noise = np.random.default_rng(seed).standard_normal(q.means.shape)
    return q.means + np.exp(q.log_variances / 2) * noise
