"""Mixtures of Gaussians as priors of a state that is measured with Gaussian noise.

The posterior is a mixture of as many Gaussians: each is updated as by a Kalman filter, and its
weight multiplied by how likely it made the measurement. A batch of n mixtures is of K Gaussians in
d dimensions.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from facsimile.papers.dt.filters import log_gaussian

Floats = npt.NDArray[np.float64]

SIZE = 8  # dimensions of a state
SMALLEST = 1e-6  # added to precisions, as in the released code


class Mixture(NamedTuple):
    """Mixtures of Gaussians.

    Attributes:
        log_weights: logarithms of the weights [n, K], which sum to 1.
        means: means [n, K, d].
        covariances: covariances [n, K, d, d].
    """

    log_weights: Floats
    means: Floats
    covariances: Floats


def priors(
    n: int,
    components: int,
    random: np.random.Generator,
) -> Mixture:
    """Return priors from the meta-prior of the released code, in 8 dimensions.

    With K components, weights are from a Dirichlet distribution with all parameters 1 / K, means
    from a standard normal one, and precisions from a Wishart distribution with the unit matrix as
    its scale and d + 1 degrees of freedom (GaussianMixtureModelConjugateMetaPrior).
    """
    concentration = np.full(components, 1 / components)
    # Weights may be too small for double precision; a state never comes from such a component.
    weights = random.dirichlet(concentration, n).clip(min=np.finfo(float).tiny)
    means = random.normal(size=(n, components, SIZE))
    wishart = stats.wishart(SIZE + 1, np.eye(SIZE))
    precisions = wishart.rvs(n * components, random_state=random)
    precisions = np.reshape(precisions, (n, components, SIZE, SIZE))
    inverses = np.linalg.inv(precisions + SMALLEST * np.eye(SIZE))
    covariances = np.asarray(inverses, np.float64)
    log_weights: Floats = np.log(weights)
    return Mixture(log_weights, means, covariances)


def drawn(
    mixture: Mixture,
    samples: int,
    random: np.random.Generator,
) -> Floats:
    """Return samples [n, samples, d] of each mixture."""
    weights = np.exp(mixture.log_weights)
    n, components = weights.shape
    counts = random.multinomial(samples, weights / weights.sum(1, keepdims=True))
    places = [np.repeat(np.arange(components), row) for row in counts]
    rows = np.arange(n)[:, None]
    factors = np.linalg.cholesky(mixture.covariances)[rows, places]
    normals = random.normal(size=(n, samples, mixture.means.shape[2], 1))
    return np.asarray(mixture.means[rows, places] + (factors @ normals)[..., 0])


def log_density(
    points: Floats,
    mixture: Mixture,
) -> Floats:
    """Return log-densities [n, m] at points [n, m, d] of each mixture."""
    factors = np.linalg.cholesky(mixture.covariances)
    inverses = np.linalg.inv(factors)
    log_determinants = np.log(np.diagonal(factors, axis1=2, axis2=3)).sum(2)
    size = points.shape[2]
    parts = []
    for component in range(mixture.means.shape[1]):
        centred = points - mixture.means[:, component, None]
        white = centred @ inverses[:, component].transpose(0, 2, 1)
        constant = mixture.log_weights[:, component] - log_determinants[:, component]
        parts.append(constant[:, None] - 0.5 * (white**2).sum(2))
    total = special.logsumexp(parts, axis=0)
    return np.asarray(total - 0.5 * size * np.log(2 * np.pi))


def posterior(
    prior: Mixture,
    z: Floats,
    noise: float = 1.0,
) -> Mixture:
    """Return posteriors of states that are measured with independent noise of equal variances.

    Args:
        prior: the priors.
        z: measurements [n, d].
        noise: variance of the noise.
    """
    size = z.shape[1]
    total = prior.covariances + noise * np.eye(size)
    gain = prior.covariances @ np.linalg.inv(total)
    residual = z[:, None] - prior.means
    means = prior.means + (gain @ residual[..., None])[..., 0]
    covariances = prior.covariances - gain @ prior.covariances
    # Rounding makes these differences slightly asymmetric.
    covariances = 0.5 * (covariances + np.swapaxes(covariances, 2, 3))
    joint = prior.log_weights + log_gaussian(z[:, None], prior.means, total)
    log_weights = joint - special.logsumexp(joint, axis=1, keepdims=True)
    return Mixture(log_weights, means, covariances)


def collapsed(
    mixture: Mixture,
    components: int,
) -> Mixture:
    """Return mixtures of fewer Gaussians, in which pairs are replaced by one of the same moments.

    The pair whose replacement has the least bound on the KL divergence is taken, again and again
    (Runnalls 2007, "Kullback-Leibler approach to Gaussian mixture reduction", eq. 21).

    Raises:
        ValueError: fewer than one component is asked for.
    """
    if components < 1:
        raise ValueError(f"a mixture needs at least 1 component, not {components}")
    while mixture.means.shape[1] > components:
        mixture = _one_less(mixture)
    return mixture


def kl(
    exact: Mixture,
    answer: Mixture,
    samples: int,
    random: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Return KL divergences [n] from exact mixtures to answers, and their standard errors [n]."""
    points = drawn(exact, samples, random)
    ratio = log_density(points, exact) - log_density(points, answer)
    return ratio.mean(1), ratio.std(1, ddof=1) / np.sqrt(samples)


def _one_less(mixture: Mixture) -> Mixture:
    """Mixtures with one pair of components replaced."""
    log_weights, _, covariances = mixture
    n, components = log_weights.shape
    first, second = np.triu_indices(components, 1)
    merged = _merged(mixture, first, second)
    halves = 0.5 * np.linalg.slogdet(covariances)[1]
    weights = np.exp(log_weights)
    bound = np.exp(merged.log_weights) * 0.5 * np.linalg.slogdet(merged.covariances)[1]
    bound -= weights[:, first] * halves[:, first] + weights[:, second] * halves[:, second]
    best = bound.argmin(1)
    rows = np.arange(n)
    reduced = []
    for values, of_pairs in zip(mixture, merged, strict=True):
        changed = values.copy()
        changed[rows, first[best]] = of_pairs[rows, best]
        is_kept = np.ones((n, components), bool)
        is_kept[rows, second[best]] = False
        reduced.append(changed[is_kept].reshape(n, components - 1, *values.shape[2:]))
    return Mixture(*reduced)


def _merged(
    mixture: Mixture,
    first: npt.NDArray[np.intp],
    second: npt.NDArray[np.intp],
) -> Mixture:
    """The Gaussian with the moments of each pair of components [n, pairs]."""
    log_weights, means, covariances = mixture
    total = np.logaddexp(log_weights[:, first], log_weights[:, second])
    of_first = np.exp(log_weights[:, first] - total)[..., None]
    of_second = np.exp(log_weights[:, second] - total)[..., None]
    mean = of_first * means[:, first] + of_second * means[:, second]
    between = (means[:, first] - means[:, second])[..., None]
    spread = (of_first * of_second)[..., None] * (between @ np.swapaxes(between, 2, 3))
    covariance = of_first[..., None] * covariances[:, first]
    covariance += of_second[..., None] * covariances[:, second]
    return Mixture(total, mean, covariance + spread)
