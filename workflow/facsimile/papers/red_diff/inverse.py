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
        return np.linalg.pinv(self.matrix)  # type: ignore[return-value]

    @cached_property
    def hidden(self) -> npt.NDArray[np.bool_]:
        """Which unknowns no observation depends on, [d]."""
        return ~np.any(self.matrix, axis=0)

    @cached_property
    def noise(self) -> Floats:
        """Covariance of the noise, σ² I, [m, m]."""
        observed = len(self.matrix)
        return self.deviation**2 * np.eye(observed)

    def misfits(
        self,
        x: Floats,
        observation: Floats,
    ) -> Floats:
        """Return H x - y [n, m] for points x [n, d]."""
        misfits: Floats = x @ self.matrix.T - observation
        return misfits

    def observe(self, random: np.random.Generator) -> Floats:
        """Return an observation y [m] of the truth."""
        noise = random.standard_normal(len(self.matrix))
        return self.matrix @ self.truth + self.deviation * noise

    def posterior(self, observation: Floats) -> GaussianMixture:
        """Return the law of x given y [m]."""
        weighted = self.matrix.T / self.deviation**2
        precisions = self.prior.precisions + weighted @ self.matrix
        covariances = np.linalg.inv(precisions)
        pulls = _each(self.prior.precisions, self.prior.means)
        means = _each(covariances, pulls + weighted @ observation)  # type: ignore[arg-type]
        log_shares = np.log(self.prior.weights)
        log_shares = log_shares + self._log_evidence(observation)
        return GaussianMixture(
            special.softmax(log_shares),
            means,
            covariances,  # type: ignore[arg-type]
        )

    def _log_evidence(self, observation: Floats) -> Floats:
        """Logarithm of the density of y under each component [k], up to a constant."""
        spreads = self.matrix @ self.prior.covariances @ self.matrix.T
        spreads = spreads + self.noise
        offsets = observation - self.prior.means @ self.matrix.T
        solved = _each(np.linalg.inv(spreads), offsets)  # type: ignore[arg-type]
        squares = (offsets * solved).sum(1)
        _, log_determinants = np.linalg.slogdet(spreads)
        logs: Floats = -0.5 * (log_determinants + squares)
        return logs


def inverse(data: Named) -> Inverse:
    """Return the problem of a data set of ``datasets/linear_inverse.py``.

    Rows of H that are 0 are no observations, and components of weight 0 are left out.
    """
    first = {}
    for name, values in data.items():
        exact = values[0].astype(np.float64)
        first[name] = np.round(exact, DECIMALS)
    is_used = first["weights"] > 0
    weights = first["weights"][is_used]
    roots = first["roots"][is_used]
    prior = GaussianMixture(
        weights / weights.sum(),
        first["means"][is_used],
        roots @ roots.transpose(0, 2, 1),
    )
    observes = np.any(first["matrix"], axis=1)
    return Inverse(
        prior,
        matrix=first["matrix"][observes],
        deviation=float(first["deviation"]),
        truth=first["truth"],
    )


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
    score = np.zeros_like(x)
    curved = np.zeros_like(x)
    for k, precision in enumerate(law.precisions):
        share = shares[:, k : k + 1]
        pulls = (law.means[k] - x) @ precision
        bent = pulls * _dots(pulls, vectors)
        score += share * pulls
        curved += share * (bent - vectors @ precision)
    curved -= score * _dots(score, vectors)
    product: Floats = (vectors + s**2 * curved) / a
    return product


def rms(values: Floats) -> float:
    """Return the root of the mean square of all values."""
    mean = np.square(values).mean()
    return float(np.sqrt(mean))


def _each(matrices: Floats, vectors: Floats) -> Floats:
    """Matrix k times vector k, for matrices [k, i, j] and vectors [k, j]."""
    return np.einsum(
        "kij,kj->ki",
        matrices,
        vectors,
    )


def _dots(first: Floats, second: Floats) -> Floats:
    """Inner products [n, 1] of the rows of two arrays [n, d]."""
    products = first * second
    return products.sum(1, keepdims=True)
