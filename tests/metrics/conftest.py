"""Latents of known structure on small grids, and the reference's answers."""

from pathlib import Path

import numpy as np
import pytest

from facsimile.metrics import _draws

GOLDENS = Path(__file__).parent.parent / "goldens" / "metrics"
CASES = sorted(path.stem.removeprefix("dsprites_") for path in GOLDENS.glob("*.npz"))
SIZES = (3, 4, 5, 6)


class Grid:
    """A complete grid of factors and codes on it."""

    def __init__(self, sizes):
        self.sizes = sizes
        self.factors = np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), axis=1)

    def oracle(self):
        """Standardised factors: the best latents there can be."""
        codes = (self.factors - self.factors.mean(0)) / self.factors.std(0)
        return codes.astype(np.float32)

    def noise(self, latents=4):
        """Latents that know nothing of the factors."""
        return np.random.default_rng(0).standard_normal((len(self.factors), latents)).astype(np.float32)

    def entangled(self, latents=6):
        """Latents that each know something of several factors, with noise."""
        rng = np.random.default_rng(1)
        mixed = self.oracle() @ rng.normal(size=(len(self.sizes), latents)) / 2
        return (np.tanh(mixed) + 0.3 * rng.standard_normal(mixed.shape)).astype(np.float32)

    def images(self):
        """Images [N, sum of sizes] in which each value of each factor lights a pixel of its own."""
        pixels = [np.eye(size, dtype=np.float32)[self.factors[:, j]] for j, size in enumerate(self.sizes)]
        return np.concatenate(pixels, axis=1)

    def given(self, codes):
        """All that a metric may ask of a model besides its codes: a least-squares decoder, peers with turned latents."""
        images, log_variances = self.images(), np.full(codes.shape, -4, np.float32)
        weights, *_ = np.linalg.lstsq(np.c_[codes, np.ones(len(codes))], images)
        bounds = np.cumsum(self.sizes)[:-1]

        def decoder(points):
            return np.clip(np.c_[points, np.ones(len(points))] @ weights, 0.01, 0.99).astype(np.float32)

        def classifier(shown):
            return [(part + 1e-3) / (part + 1e-3).sum(axis=1, keepdims=True) for part in np.split(shown, bounds, axis=1)]

        peers = [(codes[:, ::-1], log_variances), (-codes, log_variances)]
        return _draws.Given(log_variances, images, decoder, classifier, peers)


@pytest.fixture
def grid():
    return Grid(SIZES)


@pytest.fixture(scope="session")
def dsprites():
    """The factor grid of dSprites, without colour."""
    return Grid((3, 6, 40, 32, 32))


# Boosted trees of ten continuous latents take two seconds a case; one such case is enough every time.
EVERY_TIME = {"duplicate", "merged", "redundant", "rotated", "vae_like"}


@pytest.fixture(params=CASES)
def golden(request):
    """One case: its arrays by name, ``case``, and the draws."""
    return read(request.param)


@pytest.fixture(params=[case if case in EVERY_TIME else pytest.param(case, marks=pytest.mark.slow) for case in CASES])
def golden_costly(request):
    """The same, for what takes about a second a case: some cases are slow."""
    return read(request.param)


@pytest.fixture
def read_golden():
    """Read one case by its name."""
    return read


def read(case):
    with np.load(GOLDENS / f"dsprites_{case}.npz", allow_pickle=False) as file:
        found = dict(file)
    return found | {"case": case, "draws": draws(found)}


def draws(found):
    train, test = ((found[f"mus_{part}"].T, found[f"ys_{part}"].T) for part in ("train", "test"))
    return _draws.Draws(_draws.Sample(*train), _draws.Sample(*test))
