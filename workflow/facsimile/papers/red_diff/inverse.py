"""A linear inverse problem whose prior is a mixture of Gaussians: its posterior is exact.

y = H x + σ v with standard normal v, and x from a mixture with weights wₖ, means mₖ and covariances
Cₖ. The posterior is a mixture again, and so is each noisy marginal of the prior: denoisers are
those of ``statistics/diffusion/gaussian_mixture.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from facsimile.statistics.diffusion.gaussian_mixture import Floats, GaussianMixture

DECIMALS = 6  # of the numbers of a data set, which its file keeps in float32
Named = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Inverse:
    """y = H x + σ v.

    Args:
        prior: law of x, in d dimensions.
        matrix: H, [m, d].
        deviation: σ, above 0.
        truth: the x that observations are made of, [d].
    """

    prior: GaussianMixture
    matrix: Floats
    deviation: float
    truth: Floats

    @property
    def dimension(self) -> int:
        """Number of unknowns, d."""
        return self.matrix.shape[1]

    @cached_property
    def inverse(self) -> Floats:
        """Pseudo-inverse H⁺, [d, m]."""
        return np.linalg.pinv(self.matrix)

    @cached_property
    def hidden(self) -> npt.NDArray[np.bool_]:
        """Which unknowns no observation depends on, [d]."""
        return ~np.any(self.matrix, axis=0)

    def observe(self, random: np.random.Generator) -> Floats:
        """Return an observation y [m] of the truth."""
        noise = random.standard_normal(len(self.matrix))
        return self.matrix @ self.truth + self.deviation * noise

    def posterior(self, observation: Floats) -> GaussianMixture:
        """Return the law of x given y [m]."""
        weighted = self.matrix.T / self.deviation**2
        precisions = self.prior.precisions + weighted @ self.matrix
        covariances = np.linalg.inv(precisions)
        pulls = np.einsum("kij,kj->ki", self.prior.precisions, self.prior.means)
        means = np.einsum("kij,kj->ki", covariances, pulls + weighted @ observation)
        logs = np.log(self.prior.weights) + self._log_evidence(observation)
        return GaussianMixture(special.softmax(logs), means, covariances)

    def _log_evidence(self, observation: Floats) -> Floats:
        """Logarithm of the density of y under each component [k], up to a constant."""
        noise = self.deviation**2 * np.eye(len(self.matrix))
        spreads = self.matrix @ self.prior.covariances @ self.matrix.T + noise
        offsets = observation - self.prior.means @ self.matrix.T
        solved = np.linalg.solve(spreads, offsets[:, :, None])[:, :, 0]
        logs: Floats = -0.5 * (np.linalg.slogdet(spreads)[1] + (offsets * solved).sum(1))
        return logs


def inverse(data: Named) -> Inverse:
    """Return the problem of a data set of ``datasets/linear_inverse.py``.

    Rows of H that are 0 are no observations, and components of weight 0 are left out.
    """
    first = {name: np.round(data[name][0].astype(np.float64), DECIMALS) for name in data}
    is_used = first["weights"] > 0
    weights = first["weights"][is_used]
    roots = first["roots"][is_used]
    prior = GaussianMixture(
        weights / weights.sum(),
        first["means"][is_used],
        roots @ roots.transpose(0, 2, 1),
    )
    matrix = first["matrix"][np.any(first["matrix"], axis=1)]
    return Inverse(prior, matrix, float(first["deviation"]), first["truth"])


def covariance(law: GaussianMixture) -> Floats:
    """Return the covariance [d, d] of a mixture."""
    offsets = law.means - law.mean
    between = np.einsum("k,ki,kj->ij", law.weights, offsets, offsets)
    within = np.einsum("k,kij->ij", law.weights, law.covariances)
    total: Floats = within + between
    return total


def denoiser_product(
    prior: GaussianMixture,
    x: Floats,
    vectors: Floats,
    a: float,
    s: float,
) -> Floats:
    """Return each vector [n, d] times the derivative of E[x_0 | a x_0 + s e = x] at x [n, d].

    The derivative is (I + s² ∇² log p) / a, and symmetric.
    """
    law = prior.noised(a, s)
    shares = law.responsibilities(x)
    score, curved = np.zeros_like(x), np.zeros_like(x)
    for k, precision in enumerate(law.precisions):
        pulls = (law.means[k] - x) @ precision
        along = (pulls * vectors).sum(1, keepdims=True)
        score += shares[:, k : k + 1] * pulls
        curved += shares[:, k : k + 1] * (pulls * along - vectors @ precision)
    curved -= score * (score * vectors).sum(1, keepdims=True)
    product: Floats = (vectors + s**2 * curved) / a
    return product
