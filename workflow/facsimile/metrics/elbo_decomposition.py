"""The KL of a VAE in three parts: mutual information, total correlation, dimension-wise KL."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _mixtures as mixtures
from facsimile.metrics.base import gaussian
from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.draws import Draws
from facsimile.metrics.base.gaussian import Posterior

RANGE = (float("-inf"), float("inf"))
BETTER = "lower"
HEADLINE = "tc"
NEEDS = ("codes", "table", "log_variances")
REFERENCE = (
    "Chen et al. 2018, Isolating sources of disentanglement in VAEs, eq. 2; "
    "rtqichen/beta-tcvae, elbo_decomposition.py"
)
CODE = "chen-code"
CONVENTIONS = {
    PAPER: "entropies of single latents are integrated on a grid; the joint one is of samples, "
    "corrected by what the samples' marginals miss of the integrals",
    CODE: "as the authors' code: all entropies are of the same samples",
}
SECONDS = 30.0
LABELS = {
    "mi": "I(z; n)",
    "tc": "Total correlation",
    "dwkl": "Dimension-wise KL",
    "kl": "KL",
    "tc_error": "Standard error of the TC",
}
SCORES = {
    "mi": "information that z has of the index n of the image, nats, at most the logarithm of the "
    "number of images",
    "tc": "total correlation: KL of q(z) from the product of its marginals, nats; an estimate of a "
    "number in [0, inf)",
    "dwkl": "KL of q(z_j) from the prior, summed over latents; nats, in [0, inf)",
    "kl": "mean KL of q(z|x) from the prior over all images, in closed form: the sum of the three; "
    "nats, in [0, inf)",
    "tc_error": "standard error of tc over the sampled points, nats",
}
# Densities of samples under all images that are in memory at once: 8 MiB.
BLOCK = 2**20
LOG_2_PI = float(np.log(2 * np.pi))
Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]


class Entropies(NamedTuple):
    """Entropies of the aggregate posterior q(z), in nats, and log-densities of its samples [s].

    ``marginals`` are those of each latent, [d], integrated. ``joint_logs`` are log q(z) and
    ``marginal_logs`` are Σ_j log q(z_j) at the samples.
    """

    marginals: Vector
    joint_logs: Vector
    marginal_logs: Vector


def score(
    draws: Draws,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""How much of a VAE's KL is information, dependence of latents, and distance from the prior.

    The aggregate posterior $q(z)$ is the mixture of the posteriors of all images of the table.

    Formula: $\mathbb{E}_n\,\mathrm{KL}(q(z|n)\,\|\,p(z)) = I(z; n) + \mathrm{KL}(q(z)\,\|\,\prod_j
    q(z_j)) + \sum_j \mathrm{KL}(q(z_j)\,\|\,p(z_j))$, with $q(z) = \frac1N \sum_n q(z|n)$. The
    second term is $\mathbb{E}[\log q(z) - \sum_j \log q(z_j)]$ over one sample of each training
    point's posterior.

    Traps:
    - It is not the total correlation of metric ``unsupervised``, which is that of a Gaussian with
      the codes' covariance: two latents that agree in sign but not in size differ.
    - q(z) is a mixture over the whole table. On a sub-grid it has fewer components and is another
      distribution: I(z; n) is at most the logarithm of their number.
    - The joint density of well separated posteriors is that of their own image alone: where I(z; n)
      is close to its bound, tc is what the marginals leave of it, and says little of the model.
    - With ``chen-code`` the three parts still add up to ``kl``, since errors of entropies cancel.
    - A collapsed model has all three at 0: a low tc alone is no sign of a good one.
    """
    entropies: Entropies = draws.shared("elbo_decomposition", lambda: _entropies(draws))
    q = _whole(draws)
    divergences = gaussian.divergence(q).sum(axis=1)
    ratios = entropies.joint_logs - entropies.marginal_logs
    error = ratios.std() / np.sqrt(len(ratios))
    correlation = float(ratios.mean())
    if convention == CODE:
        marginal = -float(entropies.marginal_logs.mean())
    else:
        marginal = float(entropies.marginals.sum())
    joint = marginal - correlation
    return {
        "mi": joint - _conditional_entropy(q),
        "tc": correlation,
        "dwkl": _cross_entropy(q) - marginal,
        "kl": float(divergences.mean()),
        "tc_error": float(error),
    }


def _whole(draws: Draws) -> Posterior:
    """The posteriors of all rows of the table."""
    table = draws.whole("elbo_decomposition")
    log_variances = np.asarray(draws.outputs.of("log_variances", "elbo_decomposition"))
    rows = np.arange(len(table.codes))
    return Posterior(table.codes.astype(np.float64), log_variances.astype(np.float64), rows)


def _entropies(draws: Draws) -> Entropies:
    drawn = gaussian.posterior(draws, "elbo_decomposition")
    z = gaussian.sample(drawn, draws.seed)
    q = _whole(draws)
    width = z.shape[1]
    marginals = np.zeros(width)
    marginal_logs = np.zeros(len(z))
    for j in range(width):
        means = q.means[:, j]
        variances = np.exp(q.log_variances[:, j])
        on_grid = mixtures.density(means, variances)
        marginals[j] = mixtures.entropy_of(on_grid)
        marginal_logs += mixtures.log_density_of(on_grid, means, drawn.rows, z[:, j])
    return Entropies(marginals, log_aggregate(z, q), marginal_logs)


def log_aggregate(z: Matrix, q: Posterior) -> Vector:
    """Return log q(z) of points z [s, d] under the mixture of posteriors of n images, [s].

    The sum over latents of (z − μ)² / σ² is one product of matrices for all pairs.
    """
    # Centred, because a square of differences suffers from cancellation.
    centre = q.means.mean(axis=0)
    points, means = z - centre, q.means - centre
    precisions = np.exp(-q.log_variances)
    by_image = np.hstack([-0.5 * precisions, means * precisions])
    offsets = means**2 * precisions + q.log_variances + LOG_2_PI
    constants = -0.5 * offsets.sum(axis=1)
    by_point = np.hstack([points**2, points])
    logs = np.empty(len(z))
    size = max(1, BLOCK // len(means))
    for start in range(0, len(z), size):
        part = slice(start, start + size)
        densities = by_point[part] @ by_image.T
        densities += constants
        logs[part] = _log_sum_exp(densities)
    return logs - np.log(len(means))


def _log_sum_exp(logs: Matrix) -> Vector:
    """Logarithm of the sum of exponentials of each row [s] of ``logs`` [s, n], which is changed.

    In place, because there may be billions of them.
    """
    highest = logs.max(axis=1)
    logs -= highest[:, None]
    np.exp(logs, out=logs)
    return np.asarray(np.log(logs.sum(axis=1)) + highest)


def _conditional_entropy(q: Posterior) -> float:
    """Mean entropy of the posteriors, nats."""
    per_latent = 0.5 * (q.log_variances + LOG_2_PI + 1)
    return float(per_latent.sum(axis=1).mean())


def _cross_entropy(q: Posterior) -> float:
    """Mean of −log p(z) over q(z), nats."""
    second_moments = q.means**2 + np.exp(q.log_variances)
    per_latent = 0.5 * (second_moments + LOG_2_PI)
    return float(per_latent.sum(axis=1).mean())
