"""Mixtures of Gaussians: their noisy marginals, scores and denoisers are exact.

If x_0 is from a mixture with weights wₖ, means μₖ and covariances Cₖ, then ``x_t = a x_0 + s e`` is
from the mixture with the same weights, means a μₖ and covariances a² Cₖ + s² I.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GaussianMixture:
    """A mixture of k Gaussians in d dimensions.

    Args:
        weights: [k], which sum up to 1.
        means: [k, d].
        covariances: [k, d, d], positive definite.

    Raises:
        ValueError: weights do not sum up to 1, or shapes do not agree.
    """

    weights: Floats
    means: Floats
    covariances: Floats

    def __post_init__(self) -> None:
        k, d = self.means.shape
        if self.weights.shape != (k,) or self.covariances.shape != (k, d, d):
            raise ValueError(
                f"a mixture with means {self.means.shape} has weights ({k},) and covariances "
                f"({k}, {d}, {d}), not {self.weights.shape} and {self.covariances.shape}"
            )
        if abs(self.weights.sum() - 1) > 1e-9:
            raise ValueError(f"weights sum up to 1, not {self.weights.sum():g}")

    @cached_property
    def precisions(self) -> Floats:
        """Inverse covariances [k, d, d]."""
        return np.linalg.inv(self.covariances)  # type: ignore[return-value]

    @cached_property
    def _log_heights(self) -> Floats:
        """Logarithm of each component's weight times its density at its mean, [k]."""
        _, log_determinants = np.linalg.slogdet(self.covariances)
        d = self.means.shape[1]
        return np.log(self.weights) - 0.5 * (log_determinants + d * np.log(2 * np.pi))

    @property
    def mean(self) -> Floats:
        """Mean [d]."""
        return self.weights @ self.means

    @property
    def second_moment(self) -> float:
        """Mean of |x|²."""
        of_components = np.trace(
            self.covariances,
            axis1=1,
            axis2=2,
        ) + (self.means**2).sum(1)
        return float(self.weights @ of_components)

    def noised(self, a: float, s: float) -> "GaussianMixture":
        """Return the law of ``a x + s e`` with standard normal noise e."""
        noise = s**2 * np.eye(self.means.shape[1])
        return GaussianMixture(
            self.weights,
            a * self.means,
            a**2 * self.covariances + noise,
        )

    def of_components(self, chosen: npt.NDArray[np.bool_]) -> "GaussianMixture":
        """Return the law given that x is from one of the chosen components [k], bool."""
        weights = self.weights[chosen]
        return GaussianMixture(
            weights / weights.sum(),
            self.means[chosen],
            self.covariances[chosen],
        )

    def along(self, direction: Floats) -> "GaussianMixture":
        """Return the law of ``direction @ x``, in one dimension; ``direction`` is [d]."""
        variances = direction @ self.covariances @ direction
        means = self.means @ direction
        return GaussianMixture(
            self.weights,
            means[:, None],
            variances[:, None, None],
        )

    def sample(
        self,
        n: int,
        random: np.random.Generator,
    ) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Return n draws [n, d] and the component [n] of each."""
        components = random.choice(
            len(self.weights),
            n,
            p=self.weights,
        )
        normals = random.standard_normal((n, self.means.shape[1]))
        roots = np.linalg.cholesky(self.covariances)
        offsets = np.einsum("nij,nj->ni", roots[components], normals)
        return self.means[components] + offsets, components

    def log_density(self, x: Floats) -> Floats:
        """Return the log-density [n] at points [n, d], nats."""
        log_parts, _ = self._parts(x)
        return special.logsumexp(log_parts, axis=0)

    def responsibilities(self, x: Floats) -> Floats:
        """Return the probability [n, k] of each component given points [n, d]."""
        return self._shares_and_pulls(x)[0].T

    def score(self, x: Floats) -> Floats:
        """Return the gradient [n, d] of the log-density at points [n, d]."""
        shares, pulls = self._shares_and_pulls(x)
        return -(shares[:, None] * pulls).sum(0).T

    def hessian(self, x: Floats) -> Floats:
        """Return the second derivatives [n, d, d] of the log-density at points [n, d]."""
        shares, pulls = self._shares_and_pulls(x)
        score = -(shares[:, None] * pulls).sum(0).T
        squares = np.einsum("kn,kin,kjn->nij", shares, pulls, pulls)
        curvatures = np.einsum("kn,kij->nij", shares, self.precisions)
        return squares - curvatures - score[:, :, None] * score[:, None, :]

    def denoise(
        self,
        x: Floats,
        a: float,
        s: float,
    ) -> Floats:
        """Return E[x_0 | a x_0 + s e = x], [n, d], where x_0 is from this mixture.

        Each component is conditioned by the formula of jointly normal variables, so that Tweedie's
        formula, (x + s² score) / a, is another way to the same number.
        """
        shares, pulls = self.noised(
            a,
            s,
        )._shares_and_pulls(x)
        of_components = self.means[:, :, None] + a * (self.covariances @ pulls)
        denoised: Floats = (shares[:, None] * of_components).sum(0).T
        return denoised

    def cumulative(self, x: Floats) -> Floats:
        """Return P(X <= x) at points [n]; the mixture must be one-dimensional."""
        deviations = np.sqrt(self.covariances[:, 0, 0])
        standardised = (x[:, None] - self.means[:, 0]) / deviations
        return special.ndtr(standardised) @ self.weights

    def quantiles(self, shares: Floats) -> Floats:
        """Return the quantiles of shares [n] in (0, 1) of a one-dimensional mixture.

        The distribution function is inverted by interpolation between 2,001 points and three
        steps of Newton's method.
        """
        deviations = np.sqrt(self.covariances[:, 0, 0])
        low = (self.means[:, 0] - 9 * deviations).min()
        high = (self.means[:, 0] + 9 * deviations).max()
        grid = np.linspace(low, high, 2001)
        values = np.interp(
            shares,
            self.cumulative(grid),
            grid,
        )
        for _ in range(3):
            excess = self.cumulative(values) - shares
            values = values - excess / np.exp(self.log_density(values[:, None]))
        return values

    # Points are in the last axis below, which makes a step several times as fast.

    def _shares_and_pulls(self, x: Floats) -> tuple[Floats, Floats]:
        """Probability [k, n] of each component given x, and Sₖ⁻¹ (x - mean) [k, d, n]."""
        log_parts, pulls = self._parts(x)
        shares = np.exp(log_parts - log_parts.max(0))
        return shares / shares.sum(0), pulls

    def _parts(self, x: Floats) -> tuple[Floats, Floats]:
        """Logarithm [k, n] of weight times density, and Sₖ⁻¹ (x - mean) [k, d, n]."""
        offsets = np.ascontiguousarray(x.T) - self.means[:, :, None]
        pulls = self.precisions @ offsets
        squared = (offsets * pulls).sum(1)
        return self._log_heights[:, None] - 0.5 * squared, pulls
