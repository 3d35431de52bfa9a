"""Fixtures for tests of models: every model by name, its networks, and a batch."""

import types

import pytest
import torch

from facsimile import models
from facsimile.foundation import discover
from facsimile.models.base import networks, rng
from facsimile.models.base.algorithm import AlgorithmModel

LATENTS = 4
CLASSES = {
    name: discover.load_class("models", name, models.Model) for name in discover.names("models")
}
ALGORITHMS = [name for name, cls in CLASSES.items() if issubclass(cls, AlgorithmModel)]
OF_ARRAYS = [
    name
    for name, cls in CLASSES.items()
    if issubclass(cls, models.ArraysModel) and name not in ALGORITHMS
]
WITHOUT_IMAGES = [*OF_ARRAYS, *ALGORITHMS]
TRAINED = [name for name, cls in CLASSES.items() if cls.trained and name not in WITHOUT_IMAGES]
CONTROLS = sorted(set(CLASSES) - set(TRAINED) - set(WITHOUT_IMAGES))
# A forward pass of these takes a second, or they differ from another model by their loss alone, so
# their tests are slow tests.
SLOW = {
    "ard_vae_conv",
    "chen_factor_vae",
    "citris_nf",
    "conditional_vae",
    "diffusion_network",
    "distribution_transformer",
    "hyper_prior_network",
}


def pytest_generate_tests(metafunc):
    """Run a test that takes one of the arguments below once for each such model."""
    cases = {
        "trained": TRAINED,
        "control": CONTROLS,
        "of_arrays": OF_ARRAYS,
        "algorithm": ALGORITHMS,
        "any_model": TRAINED + CONTROLS + WITHOUT_IMAGES,
    }
    for name in cases.keys() & set(metafunc.fixturenames):
        metafunc.parametrize(name, [_parameter(model) for model in cases[name]])


def _parameter(model):
    return pytest.param(model, marks=[pytest.mark.slow] * (model in SLOW))


@pytest.fixture(scope="session")
def training_adam():
    """Settings of Adam in a study file."""
    return types.SimpleNamespace(lr=1e-4, beta1=0.9, beta2=0.999, epsilon=1e-8)


def with_twos(name):
    """Return a model with 2 for hyper-parameters without a default.

    A new model therefore needs no entry here.
    """
    parameters = models.hyper_parameters(name)
    required = [parameter.name for parameter in parameters if parameter.default is None]
    return models.model(name, **dict.fromkeys(required, 2.0))


@pytest.fixture(scope="session")
def make_model():
    """Return a function from a name to a model (``with_twos``)."""
    return with_twos


@pytest.fixture(scope="session")
def initialised():
    """Return a function from a model to its initialised networks, for 64 × 64 grey images.

    Tests share the networks, so they must not change them.
    """
    cache = {}

    def networks_of(model, seed=0, dtype=torch.float32):
        key = (type(model), seed, dtype)
        if key not in cache:
            cache[key] = model.networks((64, 64, 1), LATENTS, "dlib")
            for group, network in cache[key].items():
                networks.initialise(network.to(dtype), seed, group)
        return cache[key]

    return networks_of


@pytest.fixture(scope="session")
def batch():
    """Return a function from a model to a batch: images that are not binary, and noise.

    Images are [b, 1, 64, 64] in [0, 1], and [2 b, 1, 64, 64] for a paired model.
    """

    def make(model, size=8, seed=0, dtype=torch.float32):
        seeds, steps = torch.tensor([seed]), torch.tensor([0])
        pixels = (1 + model.paired) * size * 64 * 64
        images = rng.uniforms(seeds, steps, "images", pixels).view(-1, 1, 64, 64)
        noise = {}
        for name, declared in model.draws(size, LATENTS).items():
            noise[name] = draw(seeds, steps, name, declared, dtype)
        return images.to(dtype), noise

    return make


def draw(seeds, steps, name, declared, dtype):
    if declared.kind == "permutation":
        return rng.permutations(seeds, steps, name, *declared.shape)[0, 0]
    count = torch.Size(declared.shape).numel()
    return rng.normals(seeds, steps, name, count).view(declared.shape).to(dtype)
