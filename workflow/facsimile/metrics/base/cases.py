"""Latents of known structure on a small grid of factors: what each metric gives on them is shown on its page and tested."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base import draws as base_draws
from facsimile.metrics.base.draws import Codes

SIZES = (4, 5, 6, 7)
N_TRAIN, N_TEST, SEED = 500, 250, 0
LIVE, COLLAPSED = (
    -4.0,
    0.0,
)  # log-variance of q(z|x) of a latent that varies, and of one that does not
Noise = np.random.Generator


class Grid:
    """A complete grid of factors, latents on it, and what metrics may ask of a model that has these latents."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        self.sizes = sizes
        self.factors = np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), axis=1)

    def oracle(self) -> Codes:
        """Standardised factors [N, k]: the best latents there can be."""
        return ((self.factors - self.factors.mean(0)) / self.factors.std(0)).astype(np.float32)

    def noise(self, latents: int = 4) -> Codes:
        """Latents that know nothing of the factors."""
        return _normal(np.random.default_rng(0), (len(self.factors), latents))

    def entangled(self, latents: int = 6) -> Codes:
        """Latents that each know something of several factors, with noise."""
        rng = np.random.default_rng(1)
        mixed = self.oracle() @ rng.normal(size=(len(self.sizes), latents)) / 2
        return (np.tanh(mixed) + 0.3 * rng.standard_normal(mixed.shape)).astype(np.float32)

    def images(self) -> Codes:
        """Images [N, sum of sizes] in which each value of each factor lights a pixel of its own."""
        pixels = [
            np.eye(size, dtype=np.float32)[self.factors[:, j]] for j, size in enumerate(self.sizes)
        ]
        return np.concatenate(pixels, axis=1)

    def given(
        self, codes: Codes, log_variances: Codes | None = None, peers: list[Codes] | None = None
    ) -> base_draws.Given:
        """All that a metric may ask of a model besides its codes: a least-squares decoder, peers with turned latents.

        ``log_variances`` are -4 if None; ``peers`` are this model's own latents, in another order or mirrored, if None.
        """
        images = self.images()
        spread = np.full(codes.shape, LIVE, np.float32) if log_variances is None else log_variances
        weights, *_ = np.linalg.lstsq(_with_one(codes), images)
        bounds = np.cumsum(self.sizes)[:-1]

        def decoder(points: Codes) -> Codes:
            return np.clip(_with_one(points) @ weights, 0.01, 0.99).astype(np.float32)

        def classifier(shown: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
            return [
                (part + 1e-3) / (part + 1e-3).sum(axis=1, keepdims=True)
                for part in np.split(shown, bounds, axis=1)
            ]

        others = [codes[:, ::-1], -codes] if peers is None else peers
        return base_draws.Given(
            spread, images, decoder, classifier, [(other, spread) for other in others]
        )


class Case(NamedTuple):
    """A kind of latents: what they are, in a line, and how they are made from the oracle [N, k] and noise."""

    text: str
    make: Callable[[Codes, Noise], npt.NDArray[np.floating[Any]]]


def _dead(f: Codes, noise: Noise, size: float) -> npt.NDArray[np.floating[Any]]:
    return np.c_[f, size * noise.standard_normal((len(f), 3))]


def _merged(f: Codes, noise: Noise) -> npt.NDArray[np.floating[Any]]:
    both = f[:, 0] / 10 + f[:, 1]
    return np.c_[both / both.std(), f[:, 2:]]


CASES = {
    "oracle": Case("one latent for each factor, a straight line of it", lambda f, noise: f),
    "warped": Case(
        "the cubes of the oracle's latents: monotonic, not straight", lambda f, noise: f**3
    ),
    "duplicated": Case(
        "the oracle, and a copy of its first latent", lambda f, noise: np.c_[f, f[:, :1]]
    ),
    "dead": Case("the oracle, and three latents that are 0", lambda f, noise: _dead(f, noise, 0.0)),
    "nearly dead": Case(
        "the oracle, and three latents of noise of size 0.01",
        lambda f, noise: _dead(f, noise, 0.01),
    ),
    "missing": Case("the oracle without its last latent", lambda f, noise: f[:, :-1]),
    "merged": Case("the first two factors in one latent, the others in one each", _merged),
    "noisy": Case("the oracle, and noise of half its size", lambda f, noise: noisy(f, noise, 0.5)),
    "rotated 45°": Case(
        "the first two latents turned by 45 degrees, and the next two",
        lambda f, noise: rotated(f, 45),
    ),
    "mixed": Case(
        "six random linear mixes of the oracle's four",
        lambda f, noise: f @ noise.normal(size=(f.shape[1], 6)) / 2,
    ),
    "noise": Case(
        "four latents that know nothing of the factors",
        lambda f, noise: noise.standard_normal((len(f), 4)),
    ),
    "constant": Case("four latents that are 1", lambda f, noise: np.ones((len(f), 4))),
}


def rotated(codes: Codes, degrees: float) -> Codes:
    """Latents of which each pair, first and second, third and fourth, is turned by an angle."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = codes.astype(np.float64)
    for i in range(0, codes.shape[1] - 1, 2):
        turned[:, i], turned[:, i + 1] = (
            cosine * codes[:, i] - sine * codes[:, i + 1],
            sine * codes[:, i] + cosine * codes[:, i + 1],
        )
    return turned.astype(np.float32)


def noisy(codes: Codes, noise: Noise, level: float) -> Codes:
    """Latents with Gaussian noise of a standard deviation."""
    return (codes + level * noise.standard_normal(codes.shape)).astype(np.float32)


def draws(case: str) -> base_draws.Draws:
    """What metrics are asked of: 500 + 250 points, with a model whose peers are the same kind of latents of other noise."""
    grid, make = Grid(SIZES), (CASES | STEPS)[case].make
    made = [
        np.ascontiguousarray(make(grid.oracle(), np.random.default_rng(seed)), np.float32)
        for seed in range(3)
    ]
    codes, peers = made[0], [made[1][:, ::-1], -made[2]]
    spread = np.where(codes.std(axis=0) > 0, LIVE, COLLAPSED).astype(np.float32)
    given = grid.given(codes, np.tile(spread, (len(codes), 1)), peers)
    return base_draws.from_table(codes, grid.factors, N_TRAIN, N_TEST, SEED, given)


def _turned(degrees: float) -> Case:
    return Case(
        f"pairs of latents turned by {degrees:g} degrees", lambda f, noise: rotated(f, degrees)
    )


def _blurred(level: float) -> Case:
    return Case(
        f"the oracle, and noise of {level:g} times its size",
        lambda f, noise: noisy(f, noise, level),
    )


# What the plots show besides the cases: from the oracle to the case that is turned by 45 degrees, and to noise.
STEPS = {f"rotated {angle}°": _turned(angle) for angle in (15, 30, 40)} | {
    f"noisy {level:g}": _blurred(level) for level in (0.25, 1.0, 2.0)
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


def _with_one(codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.c_[codes, np.ones(len(codes))]
