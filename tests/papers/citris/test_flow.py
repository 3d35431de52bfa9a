"""CITRIS-NF: the flow is inverted, its determinant is the Jacobian's, and the two stages."""

import copy
import math

import pytest
import torch
from torch.distributions import Normal

from facsimile import models
from facsimile.models.base.frame_vae import part
from facsimile.papers.citris.models._flow import Autoregressive, Rotation

ROWS, K, LATENTS = 5, 3, 4
SHAPES = {"images": (32, 32, 3), "targets": (K,)}


@pytest.fixture(scope="module")
def built():
    model = models.model("citris_nf", width=2)
    networks = model.networks(SHAPES, LATENTS, "own")
    model.initialise(networks, 0)
    return model, networks


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
    step = Autoregressive(LATENTS)
    jacobian = torch.autograd.functional.jacobian(lambda row: step(row[None])[0][0], codes()[0])
    assert (torch.triu(jacobian, 1) == 0).all()
    assert (torch.tril(jacobian, -1).abs().sum(1)[1:] > 0).all()
    turn = Rotation(LATENTS)
    with torch.no_grad():
        turn.turn.values.copy_(torch.randn(LATENTS, LATENTS))
    turned, _ = turn(codes())
    torch.testing.assert_close(turned.norm(dim=1), codes().norm(dim=1))


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


def test_the_autoencoder_does_not_learn_from_the_flow(built, losses):
    _, networks = built
    encoder = list(networks["autoencoder"].parameters())
    unused = torch.autograd.grad(
        losses.minimise["vae"], encoder, allow_unused=True, retain_graph=True
    )
    assert unused == (None,) * len(encoder)
    assert all(math.isfinite(term.item()) for term in losses.terms.values())


def test_decoding_undoes_the_flow(built):
    model, networks = built
    images = torch.rand(ROWS, 3, 32, 32)
    inferred = model.infer(networks, {"images": images})
    encoder, decoder = (networks["autoencoder"][name] for name in ("encoder", "decoder"))
    direct = (decoder(encoder(2 * images - 1)[0]) + 1) / 2
    decoded = model.decode(networks, inferred["mean"])
    torch.testing.assert_close(decoded, direct, atol=1e-3, rtol=1e-3)
    assert inferred["log_variance"].shape == (ROWS, LATENTS)


def test_impossible_hyper_parameters_are_refused():
    with pytest.raises(ValueError, match="assigns each latent"):
        models.model("citris_nf", unassigned=0.1)
    with pytest.raises(ValueError, match="noise must be above 0"):
        models.model("citris_nf", noise=0)
