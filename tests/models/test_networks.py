"""Networks by name, and their initialisation."""

import math

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from facsimile.models.base import networks


@pytest.mark.parametrize(
    ("name", "parameters"), [("dlib", 690_517), ("paper", 764_245), ("disent", 911_701)]
)
def test_parameter_counts_are_those_of_the_three_architectures(name, parameters):
    network = networks.autoencoder(name, (64, 64, 1), 10)
    assert sum(p.numel() for p in network.parameters()) == parameters
    mean, log_variance = network.encode(torch.rand(2, 1, 64, 64))
    assert mean.shape == log_variance.shape == (2, 10)
    assert network.decode(mean).shape == (2, 1, 64, 64)


@pytest.mark.parametrize(("channels", "parameters"), [(1, 102_932), (3, 234_516)])
def test_the_small_network_takes_images_of_any_size(channels, parameters):
    network = networks.autoencoder("mlp", (16, 16, channels), 10)
    assert sum(p.numel() for p in network.parameters()) == parameters
    mean, log_variance = network.encode(torch.rand(2, channels, 16, 16))
    assert mean.shape == log_variance.shape == (2, 10)
    assert network.decode(mean).shape == (2, channels, 16, 16)
    other = networks.autoencoder("mlp", (9, 12, channels), 10)
    assert other.decode(mean).shape == (2, channels, 9, 12)


def test_every_network_is_listed():
    assert set(networks.NAMES) == {*networks.ENCODERS, networks.MLP}


def test_the_discriminator_beside_the_small_network_is_as_wide():
    layers = list(networks.discriminator(10, "mlp"))
    widths = [layer.out_features for layer in layers if isinstance(layer, nn.Linear)]
    assert widths == [128] * 6 + [2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "channels", "forward", "step"),
    [("dlib", 1, 1.779, 5.271), ("paper", 1, 2.081, 6.177), ("paper", 3, 2.350, 6.848)],
)
def test_a_training_step_costs_what_was_counted_by_hand(name, channels, forward, step):
    """GFLOP of the products for 64 images.

    Decoding means has every product of the forward pass of a training step.
    """
    network = networks.autoencoder(name, (64, 64, channels), 10)
    out, spent = _counted(lambda: network(torch.rand(64, channels, 64, 64)).sum())
    # The log-variances are computed, but the sum of what the means decode to has no gradient with
    # respect to their weights: half of a head is missing.
    _, back = _counted(out.backward)
    assert spent == pytest.approx(forward * 1e9, rel=5e-4)
    assert spent + back == pytest.approx(step * 1e9, rel=5e-4)


def _counted(work):
    with FlopCounterMode(display=False) as counter:
        result = work()
    return result, counter.get_total_flops()


def test_unknown_network_and_size_are_named():
    with pytest.raises(ValueError, match="no network 'dilb'; did you mean 'dlib'"):
        networks.autoencoder("dilb", (64, 64, 1), 10)
    with pytest.raises(ValueError, match=r"64 × 64, not 32 × 32; resize .* or use network 'mlp'"):
        networks.autoencoder("dlib", (32, 32, 1), 10)


def test_discriminator_is_six_layers_of_a_thousand_with_leaky_relu():
    layers = list(networks.discriminator(10))
    assert [layer.out_features for layer in layers if isinstance(layer, nn.Linear)] == [
        1000
    ] * 6 + [2]
    assert [layer.negative_slope for layer in layers if isinstance(layer, nn.LeakyReLU)] == [
        0.2
    ] * 6
    assert (
        sum(p.numel() for layer in layers for p in layer.parameters())
        == 11_000 + 5 * 1_001_000 + 2_002
    )


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_at_least_float32_widens_only_narrower_types(dtype, expected):
    assert networks.at_least_float32(torch.zeros(1, dtype=dtype)).dtype == expected


def test_networks_return_float32_under_autocast():
    network = networks.autoencoder("dlib", (64, 64, 1), 10)
    with torch.autocast("cpu", torch.bfloat16):
        mean, log_variance = network.encode(torch.rand(2, 1, 64, 64))
        assert {mean.dtype, log_variance.dtype, network.decode(mean).dtype} == {torch.float32}


def test_weights_are_glorot_uniform_and_biases_zero():
    network = networks.autoencoder("dlib", (64, 64, 3), 10)
    networks.initialise(network, 0, "vae")
    # (inputs, outputs) of the layers as TensorFlow builds them: kernel area × channels.
    fans = {"body.0": (16 * 3, 16 * 32), "body.4": (4 * 32, 4 * 64), "body.9": (1024, 256)}
    fans |= {"mean": (256, 10), "log_variance": (256, 10)}
    fans = {f"encoder.{layer}": fan for layer, fan in fans.items()}
    fans |= {
        "decoder.0": (10, 256),
        "decoder.5": (16 * 64, 16 * 64),
        "decoder.7": (16 * 64, 16 * 32),
        "decoder.11": (16 * 32, 16 * 3),
    }
    for layer, fan in fans.items():
        weight, limit = network.get_parameter(f"{layer}.weight"), math.sqrt(6 / sum(fan))
        assert 0.97 * limit < weight.abs().max() <= limit
        # Mean and variance of n uniforms have standard errors limit/√(3n) and limit²·√(4/45n); the
        # tolerances are five of each.
        assert abs(weight.mean()) < 5 * limit / math.sqrt(3 * weight.numel())
        assert abs(weight.square().mean() - limit**2 / 3) < 5 * limit**2 * math.sqrt(
            4 / (45 * weight.numel())
        )
    assert not any(p.any() for name, p in network.named_parameters() if name.endswith("bias"))


def _weights(seed, group, layout=torch.contiguous_format):
    network = networks.autoencoder("dlib", (64, 64, 1), 10).to(memory_format=layout)
    networks.initialise(network, seed, group)
    return torch.cat([p.detach().flatten() for p in network.parameters() if p.dim() > 1])


def test_initialisation_depends_on_seed_and_group_alone():
    first = _weights(3, "vae")
    assert torch.equal(first, _weights(3, "vae"))
    assert torch.equal(first, _weights(3, "vae", torch.channels_last))
    for other in (_weights(4, "vae"), _weights(3, "discriminator")):
        assert (first == other).float().mean() < 1e-3


def test_layers_of_one_network_have_independent_weights():
    network = networks.discriminator(10)
    networks.initialise(network, 0, "discriminator")
    a, b = network[2].weight, network[4].weight  # both 1000 × 1000
    assert abs(torch.corrcoef(torch.stack((a.flatten(), b.flatten())))[0, 1]) < 5e-3


def test_the_heads_match_their_names():
    network, images = networks.autoencoder("dlib", (64, 64, 1), 3), torch.rand(2, 1, 64, 64)
    with torch.no_grad():
        before = network.encode(images)
        network.encoder.mean.bias += 1
        after = network.encode(images)
    torch.testing.assert_close(after[0], before[0] + 1)
    assert torch.equal(after[1], before[1])


def test_a_layer_without_a_known_initialisation_is_named():
    with pytest.raises(TypeError, match="BatchNorm2d in 'vae'"):
        networks.initialise(nn.Sequential(nn.Conv2d(1, 2, 4), nn.BatchNorm2d(2)), 0, "vae")
