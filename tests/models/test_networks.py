"""Networks, their initialisation and their optimiser."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from facsimile import networks
from facsimile.adam import AdamSettings, TFAdam


@pytest.mark.parametrize(("name", "parameters"), [("dlib", 690_517), ("paper", 764_245), ("disent", 911_701)])
def test_parameter_counts_are_those_of_the_three_architectures(name, parameters):
    made = networks.autoencoder(name, (64, 64, 1), 10)
    assert sum(p.numel() for p in made.parameters()) == parameters
    mean, log_variance = made.encode(torch.rand(2, 1, 64, 64))
    assert mean.shape == log_variance.shape == (2, 10)
    assert made.decode(mean).shape == (2, 1, 64, 64)


def test_a_training_step_costs_what_was_counted():
    """5.271 GFLOP for a batch of 64, of which 1.779 forward (counted by hand, and by torch)."""
    from torch.utils.flop_counter import FlopCounterMode

    made = networks.autoencoder("dlib", (64, 64, 1), 10)
    with FlopCounterMode(display=False) as counter:
        out = made(torch.rand(64, 1, 64, 64)).sum()
    # The forward pass here decodes means: it has every product of a training step's forward pass.
    assert counter.get_total_flops() == pytest.approx(1.779e9, rel=1e-3)
    with FlopCounterMode(display=False) as counter:
        out.backward()
    assert counter.get_total_flops() == pytest.approx(5.271e9 - 1.779e9, rel=1e-3)


def test_unknown_network_and_size_are_named():
    with pytest.raises(ValueError, match="did you mean 'dlib'"):
        networks.autoencoder("dilb", (64, 64, 1), 10)
    with pytest.raises(ValueError, match="64 × 64, not 32 × 32"):
        networks.autoencoder("dlib", (32, 32, 1), 10)


def test_discriminator_has_six_layers_of_a_thousand():
    widths = [layer.out_features for layer in networks.discriminator(10) if isinstance(layer, nn.Linear)]
    assert widths == [1000] * 6 + [2]


def test_initialisation_is_glorot_uniform_with_zero_biases():
    made = networks.autoencoder("dlib", (64, 64, 3), 10)
    networks.initialise(made, 0, "vae")
    # Layers as TensorFlow builds them: kernel area × channels in and out; the two heads are layers of their own there.
    fans = {"encoder.0": (16 * 3, 16 * 32), "encoder.4": (4 * 32, 4 * 64), "encoder.9": (1024, 256), "encoder.11": (256, 10)}
    fans |= {"decoder.0": (10, 256), "decoder.5": (16 * 64, 16 * 64), "decoder.11": (16 * 32, 16 * 3)}
    parameters = dict(made.named_parameters())
    for layer, fan in fans.items():
        weight, limit = parameters[f"{layer}.weight"], math.sqrt(6 / sum(fan))
        assert weight.abs().max() <= limit
        assert weight.abs().max() > 0.97 * limit
        assert weight.var().item() == pytest.approx(limit**2 / 3, rel=0.15)
    assert all(not p.any() for name, p in parameters.items() if name.endswith("bias"))


def test_initialisation_depends_on_seed_and_group_alone():
    def weights(seed, group):
        made = networks.autoencoder("dlib", (64, 64, 1), 10)
        networks.initialise(made, seed, group)
        return torch.cat([p.detach().flatten() for p in made.parameters() if p.dim() > 1])

    assert torch.equal(weights(3, "vae"), weights(3, "vae"))
    for other in (weights(4, "vae"), weights(3, "discriminator")):
        assert (weights(3, "vae") == other).float().mean() < 0.01


def numpy_adam(start, gradients, s):
    """TensorFlow's update, from its documentation: epsilon is added to the uncorrected √v."""
    theta, m, v = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for t, g in enumerate(gradients, 1):
        m, v = s.beta1 * m + (1 - s.beta1) * g, s.beta2 * v + (1 - s.beta2) * g**2
        theta -= s.lr * math.sqrt(1 - s.beta2**t) / (1 - s.beta1**t) * m / (np.sqrt(v) + s.epsilon)
    return theta


@pytest.mark.parametrize("size", [1.0, 1e-7])
def test_adam_is_tensorflows(size):
    rng = np.random.default_rng(0)
    settings = AdamSettings(lr=1e-2)
    start, gradients = rng.normal(size=20), size * rng.normal(size=(50, 20))
    ours, torchs = (nn.Parameter(torch.from_numpy(start.copy())) for _ in range(2))
    adam, other = TFAdam([ours], settings), torch.optim.Adam([torchs], lr=1e-2)
    for gradient in gradients:
        adam.step([torch.from_numpy(gradient)])
        torchs.grad = torch.from_numpy(gradient)
        other.step()
    expected = numpy_adam(start, gradients, settings)
    assert np.abs(ours.detach().numpy() - expected).max() < 1e-12
    if size < 1e-6:  # where gradients are tiny, torch's own epsilon moves the parameters further
        assert np.abs(torchs.detach().numpy() - expected).max() > 1e-3


def test_a_restored_adam_goes_on_bit_for_bit():
    torch.manual_seed(0)
    gradients = torch.randn(10, 5)
    whole, parts = (nn.Parameter(torch.ones(5)) for _ in range(2))
    adam = TFAdam([whole], AdamSettings(1e-2))
    for gradient in gradients:
        adam.step([gradient])
    first = TFAdam([parts], AdamSettings(1e-2))
    for gradient in gradients[:4]:
        first.step([gradient])
    second = TFAdam([parts], AdamSettings(1e-2))
    second.restore({name: value.clone() for name, value in first.tensors().items()}, first.steps)
    for gradient in gradients[4:]:
        second.step([gradient])
    assert torch.equal(whole, parts)
