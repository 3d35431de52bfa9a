"""The Gaussians q(z|x) of the training draws: means, log-variances, samples, divergence from the standard normal prior."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base.draws import Draws

Matrix = npt.NDArray[np.float64]


class Posterior(NamedTuple):
    """Means and log-variances [n, d] of the training draws' q(z|x), and their rows in the table [n]."""

    means: Matrix
    log_variances: Matrix
    rows: npt.NDArray[np.int64]


def posterior(draws: Draws, metric: str) -> Posterior:
    """q(z|x) of the training draws; raises ValueError if log-variances, or the table that they are rows of, are not given."""
    log_variances = np.asarray(draws.given.of("log_variances", metric))
    rows = rows_of(draws, metric)
    return Posterior(
        draws.train.codes.astype(np.float64), log_variances[rows].astype(np.float64), rows
    )


def rows_of(draws: Draws, metric: str) -> npt.NDArray[np.int64]:
    """Rows of the training draws in the table; raises ValueError if they were not drawn from one."""
    draws.whole(metric)
    if draws.train.rows is None:
        raise ValueError(
            f"{metric} needs to know which rows were drawn: let facsimile.score draw them from the whole table"
        )
    return draws.train.rows


def divergence(q: Posterior) -> Matrix:
    """KL(q(z_j|x) || N(0, 1)) of each point and latent [n, d]; nats (Kingma and Welling 2014, appendix B)."""
    return 0.5 * (q.means**2 + np.exp(q.log_variances) - q.log_variances - 1)


def sample(q: Posterior, seed: int) -> Matrix:
    """One z from each q(z|x) [n, d], the same for the same seed."""
    noise = np.random.default_rng(seed).standard_normal(q.means.shape)
    return q.means + np.exp(q.log_variances / 2) * noise
