"""Every model of the folder with some hyper-parameters, its networks initialised, and a batch."""

import types

import pytest
import torch

from facsimile import models
from facsimile.foundation import discover
from facsimile.models.base import networks, rng

LATENTS = 4
CLASSES = {
    name: discover.the_class("models", name, models.Model) for name in discover.names("models")
}
OF_ARRAYS = [name for name, cls in CLASSES.items() if issubclass(cls, models.ArraysModel)]
TRAINED = [name for name, cls in CLASSES.items() if cls.trained and name not in OF_ARRAYS]
CONTROLS = sorted(set(CLASSES) - set(TRAINED) - set(OF_ARRAYS))


def pytest_generate_tests(metafunc):
    """A test that takes ``trained``, ``control``, ``of_arrays`` or ``any_model`` runs for each such file of models/."""
    cases = {
        "trained": TRAINED,
        "control": CONTROLS,
        "of_arrays": OF_ARRAYS,
        "any_model": TRAINED + CONTROLS + OF_ARRAYS,
    }
    for name in cases.keys() & set(metafunc.fixturenames):
        metafunc.parametrize(name, cases[name])


@pytest.fixture(scope="session")
def stated():
    """The study's settings of its optimiser."""
    return types.SimpleNamespace(lr=1e-4, beta1=0.9, beta2=0.999, epsilon=1e-8)


@pytest.fixture(scope="session")
def some():
    """A model by name: its defaults, and 2 for what has none, so that a new file needs no entry here."""

    def make(name):
        given = {p.name: 2.0 for p in models.hyper_parameters(name) if p.default is None}
        return models.model(name, **given)

    return make


@pytest.fixture(scope="session")
def initialised():
    """Networks of a model for 64 × 64 images of one channel, as training starts with them; shared, so not to be altered."""
    made = {}

    def networks_of(model, seed=0, dtype=torch.float32):
        key = (type(model), seed, dtype)
        if key not in made:
            made[key] = model.networks((64, 64, 1), LATENTS, "dlib")
            for group, network in made[key].items():
                networks.initialise(network.to(dtype), seed, group)
        return made[key]

    return networks_of


@pytest.fixture(scope="session")
def batch():
    """Images [b, 1, 64, 64] in [0, 1], of a paired model [2 b, …], not binary, and the noise that it declares, by seed."""

    def make(model, size=8, seed=0, dtype=torch.float32):
        seeds, steps = torch.tensor([seed]), torch.tensor([0])
        images = (
            rng.uniforms(seeds, steps, "images", (1 + model.paired) * size * 64 * 64)
            .view(-1, 1, 64, 64)
            .to(dtype)
        )
        return images, {
            name: draw(seeds, steps, name, d, dtype)
            for name, d in model.draws(size, LATENTS).items()
        }

    return make


def draw(seeds, steps, name, declared, dtype):
    if declared.kind == "permutation":
        return rng.permutations(seeds, steps, name, *declared.shape)[0, 0]
    count = torch.Size(declared.shape).numel()
    return rng.normals(seeds, steps, name, count).view(declared.shape).to(dtype)
