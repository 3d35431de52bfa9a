"""What every file of models/ must do. A new model is tested by being there."""

import dataclasses
import inspect

import numpy as np
import pytest
import torch

from facsimile import discover, models, networks
from facsimile.adam import AdamSettings, TFAdam
from facsimile.models import Model

NAMES = discover.names("models")


def made(name):
    """The model with 2 for every hyper-parameter that has no default."""
    kind = discover.the_class("models", name, Model)
    needed = [field.name for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING]
    return models.model(name, **dict.fromkeys(needed, 2))


@pytest.mark.parametrize("name", NAMES)
def test_it_documents_itself_and_every_hyper_parameter(name):
    kind = discover.the_class("models", name, Model)
    documented = "\n".join(inspect.getdoc(base) or "" for base in kind.__mro__)
    assert len(inspect.getdoc(kind).splitlines()[0]) > 20
    for field in dataclasses.fields(kind):
        assert f"{field.name}: " in documented, f"{name}: say in the docstring what {field.name} is"


@pytest.mark.parametrize("name", NAMES)
def test_its_fields_are_found_without_importing_it(name):
    kind = discover.the_class("models", name, Model)
    assert discover.fields("models", name) == [field.name for field in dataclasses.fields(kind)]


@pytest.mark.parametrize("name", [name for name in NAMES if made(name).trained])
def test_it_trains_and_infers(name):
    model = made(name)
    nets = model.networks((64, 64, 1), 5, "dlib")
    settings = model.adam(AdamSettings(1e-4))
    assert nets.keys() == settings.keys()
    for group, net in nets.items():
        networks.initialise(net, 0, group)
    optimisers = {group: TFAdam(list(net.parameters()), settings[group]) for group, net in nets.items()}
    before = {group: [p.detach().clone() for p in net.parameters()] for group, net in nets.items()}
    torch.manual_seed(0)
    images = torch.rand(4, 1, 64, 64)
    for step in range(3):
        draws = model.draws(4, 5).items()
        noise = {key: torch.randn(d.shape) if d.kind == "normal" else torch.rand(d.shape).argsort(0) for key, d in draws}
        losses = model.losses(nets, images, noise, step)
        assert losses.minimise.keys() == nets.keys()
        assert all(torch.isfinite(loss) for loss in losses.minimise.values())
        assert all(not term.requires_grad for term in losses.terms.values())
        grads = {g: torch.autograd.grad(x, list(nets[g].parameters()), retain_graph=True) for g, x in losses.minimise.items()}
        for group, optimiser in optimisers.items():
            optimiser.step(grads[group])
    assert all(any(not torch.equal(a, b) for a, b in zip(before[g], nets[g].parameters(), strict=True)) for g in nets)
    mean, log_variance = model.infer(nets, images)
    assert mean.shape == log_variance.shape == (4, 5)
    assert mean.dtype == torch.float32


@pytest.mark.parametrize("name", [name for name in NAMES if not made(name).trained])
def test_a_control_answers_codes(name):
    factors = np.stack(np.meshgrid(range(3), range(4), indexing="ij"), -1).reshape(-1, 2)
    mean, log_variance = made(name).codes(factors, 1)
    assert mean.shape == log_variance.shape
    assert len(mean) == 12
    assert mean.dtype == log_variance.dtype == np.float32
    assert np.array_equal(mean, made(name).codes(factors, 1)[0])
    with pytest.raises(NotImplementedError, match="control"):
        made(name).infer({}, torch.rand(1, 1, 64, 64))


def test_wrong_names_and_values_are_named():
    with pytest.raises(ValueError, match="did you mean 'beta_vae'"):
        models.model("betavae")
    with pytest.raises(ValueError, match="no hyper-parameter of beta_vae 'betta'; did you mean 'beta'"):
        models.model("beta_vae", betta=1)
    with pytest.raises(ValueError, match="beta must be given"):
        models.model("beta_vae")
    for value in (True, "4", float("nan")):
        with pytest.raises(ValueError, match="beta must be a finite number"):
            models.model("beta_vae", beta=value)
