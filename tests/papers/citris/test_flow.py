"""CITRIS-NF: the flow is inverted, its determinant is the Jacobian's, and the two stages."""

import copy
import math

import pytest
import torch
from torch.distributions import Normal

from facsimile import models
from facsimile.models.base.frame_vae import part
from facsimile.papers.citris.models._flow import Affine, Rotation, autoregressive

ROWS, K, LATENTS = 5, 3, 4
SHAPES = {"images": (32, 32, 3), "targets": (K,)}


@pytest.fixture(scope="module")
def built():
    model = models.model("citris_nf", width=2)
    networks = model.networks(SHAPES, LATENTS, "own")
    model.initialise(networks, 0)
    return model, networks


@pytest.fixture(scope="module")
def autoencoder():
    model = models.model("frame_autoencoder", width=2)
    networks = model.networks(SHAPES, LATENTS, "own")
    model.initialise(networks, 0)
    return model, networks


@pytest.fixture(scope="module")
def started(built, autoencoder):
    """The model with the weights of an autoencoder."""
    model, networks = built
    copied = copy.deepcopy(networks)
    missing, unexpected = copied["vae"].load_state_dict(
        autoencoder[1]["vae"].state_dict(), strict=False
    )
    assert unexpected == []
    assert not any(name.startswith("autoencoder") for name in missing)
    return model, copied


@pytest.fixture(scope="module")
def losses(built):
    model, networks = built
    batch = {
        "images": torch.rand(ROWS, 2, 3, 32, 32),
        "targets": torch.ones(ROWS, 2, K, dtype=torch.int64),
    }
    noise = {name: torch.randn(draw.shape) for name, draw in model.draws(ROWS, LATENTS).items()}
    return model.losses(networks, batch, noise, 0)


def codes():
    return torch.randn((ROWS, LATENTS), generator=torch.Generator().manual_seed(1))


def test_the_flow_is_inverted_and_its_determinant_is_the_jacobians(built):
    # In float64, and a copy: rounding in float32 depends on the processor.
    flow = copy.deepcopy(part(built[1]["vae"], "flow")).double()
    random = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=random))
    points = codes().double()
    mapped, log_determinant = flow(points)
    torch.testing.assert_close(flow.inverse(mapped), points)
    jacobian = torch.autograd.functional.jacobian(lambda row: flow(row[None])[0][0], points[0])
    expected = torch.linalg.slogdet(jacobian).logabsdet
    torch.testing.assert_close(log_determinant[0], expected)
    assert not torch.allclose(mapped, points, atol=0.1)


def test_codes_depend_on_earlier_ones_and_rotations_keep_lengths():
    step = autoregressive(LATENTS)
    jacobian = torch.autograd.functional.jacobian(lambda row: step()(row[None])[0], codes()[0])
    assert (torch.triu(jacobian, 1) == 0).all()
    assert (torch.tril(jacobian, -1).abs().sum(1)[1:] > 0).all()
    turn = Rotation(LATENTS)
    with torch.no_grad():
        turn.turn.values.copy_(torch.randn(LATENTS, LATENTS))
    turned = turn()(codes())
    torch.testing.assert_close(turned.norm(dim=1), codes().norm(dim=1))


def test_log_scales_stay_between_their_limits():
    extreme = Affine(torch.zeros(2), torch.tensor([1e6, -1e6]))
    torch.testing.assert_close(extreme.log_scale, torch.tensor([3.0, -3.0]), rtol=1e-4, atol=0)
    # The softer limit leaves small log scales nearly as they are.
    torch.testing.assert_close(
        Affine(torch.zeros(1), torch.tensor([0.01])).log_scale,
        torch.tensor([0.01 / (1 + 0.01 / 3)]),
    )


def test_starting_values_depend_on_the_seed_alone(built):
    """Not on torch's random numbers, by which zuko's layers are made."""
    model, networks = built
    torch.manual_seed(5)
    again = model.networks(SHAPES, LATENTS, "own")
    model.initialise(again, 0)
    for group, network in networks.items():
        for name, value in network.state_dict().items():
            assert torch.equal(value, again[group].state_dict()[name]), name


def test_the_likelihood_is_that_of_normals(built):
    """If all priors are N(0, 1), whatever the assignment."""
    model, networks = built
    prior = networks["vae"]["prior"]
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.zero_()
    batch = {
        "images": torch.rand(ROWS, 2, 3, 32, 32),
        "targets": torch.ones(ROWS, 2, K, dtype=torch.int64),
    }
    noise = {name: torch.zeros(draw.shape) for name, draw in model.draws(ROWS, LATENTS).items()}
    terms = model.losses(networks, batch, noise, 0).terms
    latents = model.infer(networks, {"images": batch["images"][:, 1]})["mean"]
    expected = -Normal(0.0, 1.0).log_prob(latents).sum(1).mean()
    torch.testing.assert_close(terms["nll"], expected, atol=1e-3, rtol=1e-4)


def test_the_autoencoder_is_stored_and_not_trained(built, losses):
    _, networks = built
    frozen = networks["vae"]["autoencoder"]
    assert list(frozen.parameters()) == []
    own = models.model("frame_autoencoder", width=2)
    trained = own.networks(SHAPES, LATENTS, "own")["vae"].state_dict()
    # CITRIS-NF starts from these weights by their names.
    shapes = {name: value.shape for name, value in trained.items()}
    stored = networks["vae"].state_dict()
    assert {name: stored[name].shape for name in shapes} == shapes
    assert all(math.isfinite(term.item()) for term in losses.terms.values())


def test_decoding_undoes_the_flow(started):
    model, networks = started
    images = torch.rand(ROWS, 3, 32, 32)
    inferred = model.infer(networks, {"images": images})
    encoder, decoder = (networks["vae"]["autoencoder"][name] for name in ("encoder", "decoder"))
    direct = (decoder(encoder(2 * images - 1)[0]) + 1) / 2
    decoded = model.decode(networks, inferred["mean"])
    torch.testing.assert_close(decoded, direct, atol=1e-3, rtol=1e-3)
    assert inferred["log_variance"].shape == (ROWS, LATENTS)


def test_the_autoencoder_minimises_the_error_of_noisy_codes(autoencoder):
    model, networks = autoencoder
    images = torch.rand(ROWS, 2, 3, 32, 32)
    noise = {"autoencoder": torch.randn(ROWS, 2, LATENTS)}
    losses = model.losses(networks, {"images": images}, noise, 0)
    frames = images.flatten(0, 1)
    codes = model.infer(networks, {"images": frames})["mean"]
    noisy = codes + 0.05 * noise["autoencoder"].flatten(0, 1)
    # Images are in [-1, 1] in the loss and in [0, 1] here.
    error = 4 * (model.decode(networks, noisy) - frames).square().mean()
    torch.testing.assert_close(losses.terms["reconstruction"], error)
    expected = error + 1e-6 * codes.square().mean()
    torch.testing.assert_close(losses.minimise["vae"], expected)


def test_impossible_hyper_parameters_are_refused():
    with pytest.raises(ValueError, match="assigns each latent"):
        models.model("citris_nf", unassigned=0.1)
    for name in ("citris_nf", "frame_autoencoder"):
        with pytest.raises(ValueError, match="noise must be above 0"):
            models.model(name, noise=0)
