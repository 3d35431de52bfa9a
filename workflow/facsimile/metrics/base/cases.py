"""Latents of known structure on a small grid of factors.

What each metric gives on them is shown on its page and tested.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base import draws as base_draws
from facsimile.metrics.base.draws import Codes

SIZES = (4, 5, 6, 7)
N_TRAIN, N_TEST, SEED = 500, 250, 0
# Log-variance of q(z|x) of a latent that varies, and of one that does not.
LIVE, COLLAPSED = -4.0, 0.0
Noise = np.random.Generator
Latents = npt.NDArray[np.floating[Any]]


class Grid:
    """A complete grid of factors, latents on it, and the outputs of a model with these latents."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        self.sizes = sizes
        rows = np.arange(np.prod(sizes))
        self.factors = np.stack(np.unravel_index(rows, sizes), axis=1)

    def oracle(self) -> Codes:
        """Standardised factors [N, k]: the best possible latents."""
        centred = self.factors - self.factors.mean(0)
        return (centred / self.factors.std(0)).astype(np.float32)

    def noise(self, latents: int = 4) -> Codes:
        """Latents that are independent of the factors."""
        return _normal(np.random.default_rng(0), (len(self.factors), latents))

    def entangled(self, latents: int = 6) -> Codes:
        """Latents that each depend on several factors, with noise."""
        rng = np.random.default_rng(1)
        weights = rng.normal(size=(len(self.sizes), latents))
        mixed = self.oracle() @ weights / 2
        noise = rng.standard_normal(mixed.shape)
        return (np.tanh(mixed) + 0.3 * noise).astype(np.float32)

    def images(self) -> Codes:
        """Images [N, sum of sizes] with one pixel for each value of each factor, 0 or 1."""
        pixels = []
        for j, size in enumerate(self.sizes):
            one_hot = np.eye(size, dtype=np.float32)
            pixels.append(one_hot[self.factors[:, j]])
        return np.concatenate(pixels, axis=1)

    def outputs(
        self,
        codes: Codes,
        log_variances: Codes | None = None,
        peers: list[Codes] | None = None,
    ) -> base_draws.ModelOutputs:
        """Every model output that metrics need besides codes, with a least-squares decoder.

        ``log_variances`` default to -4; ``peers`` default to this model's own latents, once in
        reverse order and once mirrored.
        """
        images = self.images()
        if log_variances is None:
            log_variances = np.full(codes.shape, LIVE, np.float32)
        if peers is None:
            peers = [codes[:, ::-1], -codes]
        weights, *_ = np.linalg.lstsq(_with_intercept(codes), images)
        bounds = np.cumsum(self.sizes)[:-1]

        def decoder(points: Codes) -> Codes:
            pixels = _with_intercept(points) @ weights
            return np.clip(pixels, 0.01, 0.99).astype(np.float32)

        def classifier(images: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
            probabilities = []
            # The pixels of a factor, normalised, are the probabilities of its values.
            for part in np.split(images, bounds, axis=1):
                smoothed = part + 1e-3
                probabilities.append(smoothed / smoothed.sum(axis=1, keepdims=True))
            return probabilities

        return base_draws.ModelOutputs(
            log_variances,
            images,
            decoder,
            classifier,
            [(peer, log_variances) for peer in peers],
        )


class Case(NamedTuple):
    """A kind of latents: a description, and a function of the oracle's latents [N, k] and noise."""

    text: str
    make: Callable[[Codes, Noise], Latents]


def _dead(f: Codes, noise: Noise, size: float) -> Latents:
    return np.c_[f, size * noise.standard_normal((len(f), 3))]


def _merged(f: Codes, noise: Noise) -> Latents:
    both = f[:, 0] / 10 + f[:, 1]
    return np.c_[both / both.std(), f[:, 2:]]


CASES = {
    "oracle": Case(
        "one latent for each factor, a straight line of it",
        lambda f, noise: f,
    ),
    "warped": Case(
        "the cubes of the oracle's latents: monotonic, not linear",
        lambda f, noise: f**3,
    ),
    "duplicated": Case(
        "the oracle, and a copy of its first latent",
        lambda f, noise: np.c_[f, f[:, :1]],
    ),
    "dead": Case(
        "the oracle, and three latents that are 0",
        lambda f, noise: _dead(f, noise, 0.0),
    ),
    "nearly dead": Case(
        "the oracle, and three latents of noise of size 0.01",
        lambda f, noise: _dead(f, noise, 0.01),
    ),
    "missing": Case(
        "the oracle without its last latent",
        lambda f, noise: f[:, :-1],
    ),
    "merged": Case(
        "the first two factors in one latent, each other factor in its own",
        _merged,
    ),
    "noisy": Case(
        "the oracle plus noise of half its size",
        lambda f, noise: noisy(f, noise, 0.5),
    ),
    "rotated 45°": Case(
        "the first two latents rotated by 45 degrees, and the next two",
        lambda f, noise: rotated(f, 45),
    ),
    "mixed": Case(
        "six random linear combinations of the oracle's four latents",
        lambda f, noise: f @ noise.normal(size=(f.shape[1], 6)) / 2,
    ),
    "noise": Case(
        "four latents that are independent of the factors",
        lambda f, noise: noise.standard_normal((len(f), 4)),
    ),
    "constant": Case(
        "four latents that are 1",
        lambda f, noise: np.ones((len(f), 4)),
    ),
}


def rotated(codes: Codes, degrees: float) -> Codes:
    """Latents with each pair (first and second, third and fourth, ...) rotated by an angle."""
    angle = np.radians(degrees)
    cosine, sine = np.cos(angle), np.sin(angle)
    result = codes.astype(np.float64)
    for i in range(0, codes.shape[1] - 1, 2):
        first, second = codes[:, i], codes[:, i + 1]
        result[:, i] = cosine * first - sine * second
        result[:, i + 1] = sine * first + cosine * second
    return result.astype(np.float32)


def noisy(codes: Codes, noise: Noise, level: float) -> Codes:
    """Latents plus Gaussian noise of standard deviation ``level``."""
    return (codes + level * noise.standard_normal(codes.shape)).astype(np.float32)


def draws(case: str) -> base_draws.Draws:
    """The input of metrics for one case: 500 + 250 points and a model with two peers.

    The peers have the same kind of latents, made from other noise.
    """
    grid = Grid(SIZES)
    make = (CASES | STEPS)[case].make
    variants = []
    for seed in range(3):
        latents = make(grid.oracle(), np.random.default_rng(seed))
        variants.append(np.ascontiguousarray(latents, np.float32))
    codes = variants[0]
    peers = [variants[1][:, ::-1], -variants[2]]
    varies = codes.std(axis=0) > 0
    per_latent = np.where(varies, LIVE, COLLAPSED).astype(np.float32)
    log_variances = np.tile(per_latent, (len(codes), 1))
    outputs = grid.outputs(codes, log_variances, peers)
    return base_draws.from_table(codes, grid.factors, N_TRAIN, N_TEST, SEED, outputs)


def _rotated_case(degrees: float) -> Case:
    text = f"pairs of latents rotated by {degrees:g} degrees"
    return Case(text, lambda f, noise: rotated(f, degrees))


def _noisy_case(level: float) -> Case:
    text = f"the oracle plus noise of {level:g} times its size"
    return Case(text, lambda f, noise: noisy(f, noise, level))


# Further cases of the plots, which go from the oracle to a rotation by 45 degrees, and to noise.
STEPS = {f"rotated {angle}°": _rotated_case(angle) for angle in (15, 30, 40)} | {
    f"noisy {level:g}": _noisy_case(level) for level in (0.25, 1.0, 2.0)
}
ROTATION = {
    0.0: "oracle",
    15.0: "rotated 15°",
    30.0: "rotated 30°",
    40.0: "rotated 40°",
    45.0: "rotated 45°",
}
NOISE = {0.0: "oracle", 0.25: "noisy 0.25", 0.5: "noisy", 1.0: "noisy 1", 2.0: "noisy 2"}


def _normal(rng: Noise, shape: tuple[int, int]) -> Codes:
    return rng.standard_normal(shape).astype(np.float32)


def _with_intercept(codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Codes [n, d] and a column of ones."""
    return np.c_[codes, np.ones(len(codes))]
