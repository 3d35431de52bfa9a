"""Every model trains all of its weights, from its arguments alone, and infers each image by itself.

Models are discovered by name. What `facsimile check` tests of them is tested with it
(tests/commands/contract).
"""

import math

import pytest
import torch

from facsimile import models
from facsimile.models.base import networks
from facsimile.models.base.adam import TFAdam


def test_losses_are_a_pure_function(trained, make_model, initialised, batch):
    """Same arguments, same bits; no argument is modified and no random number is drawn."""
    model = make_model(trained)
    nets, (images, noise) = initialised(model), batch(model)
    before = [t.clone() for t in (images, *noise.values())]
    state = torch.get_rng_state()
    first, second = (model.losses(nets, images, noise, 5).minimise for _ in range(2))
    assert all(torch.equal(first[group], second[group]) for group in first)
    assert all(torch.equal(a, b) for a, b in zip(before, (images, *noise.values()), strict=True))
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("precision", ["float32", pytest.param("bf16", marks=pytest.mark.slow)])
def test_three_steps_train_every_weight(trained, make_model, batch, training_adam, precision):
    model = make_model(trained)
    nets = model.networks((64, 64, 1), 4, "dlib")
    for group, network in nets.items():
        networks.initialise(network, 0, group)
        network.to(
            memory_format=torch.channels_last if precision == "bf16" else torch.contiguous_format
        )
    before = {name: p.detach().clone() for group in nets for name, p in _named(nets, group)}
    optimisers = {
        group: TFAdam(list(nets[group].parameters()), settings)
        for group, settings in model.adam(training_adam).items()
    }
    for step in range(3):
        values = _update(model, nets, optimisers, *batch(model, seed=step), step, precision)
        assert all(math.isfinite(value) for value in values)
    # Biases may stay: codes pull the logits of a fresh discriminator up as much as permuted codes
    # pull them down.
    unchanged = [
        name
        for group in nets
        for name, p in _named(nets, group)
        if p.dim() > 1 and torch.equal(p, before[name])
    ]
    assert unchanged == []


def _named(nets, group):
    return [(f"{group}.{name}", parameter) for name, parameter in nets[group].named_parameters()]


def _update(model, nets, optimisers, images, noise, step, precision):
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        losses = model.losses(nets, images, noise, step)
    gradients = {
        g: torch.autograd.grad(loss, list(nets[g].parameters()), retain_graph=True)
        for g, loss in losses.minimise.items()
    }
    for group, optimiser in optimisers.items():
        optimiser.step(gradients[group])
    return [value.item() for value in (*losses.minimise.values(), *losses.terms.values())]


@torch.no_grad()
@pytest.mark.parametrize("channels", [1, 3])
def test_infer_returns_one_mean_and_log_variance_per_image(trained, make_model, channels):
    model = make_model(trained)
    nets = model.networks((64, 64, channels), 7, "dlib")
    for mean_or_log_variance in model.infer(nets, torch.rand(5, channels, 64, 64)):
        assert mean_or_log_variance.shape == (5, 7)
        assert mean_or_log_variance.dtype == torch.float32
        assert mean_or_log_variance.isfinite().all()


def test_infer_treats_each_image_independently(trained, make_model, initialised, batch):
    model = make_model(trained)
    images, _ = batch(model, size=4)
    with torch.no_grad():
        together, alone = (
            model.infer(initialised(model), part)[0][:1] for part in (images, images[:1])
        )
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-6)


def test_a_control_is_not_trained(control):
    model = models.model(control)
    assert not model.trained
    assert (model.networks((64, 64, 1), 4, "dlib"), model.adam(None), model.draws(8, 4)) == (
        {},
        {},
        {},
    )
