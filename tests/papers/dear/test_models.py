"""The structural causal model, the VAE's loss by hand, and what trains what."""

import pytest
import torch
from torch.nn import functional

from facsimile import models
from facsimile.models.base.optimisers import SGDSettings, make
from facsimile.papers.dear.models import _scm
from facsimile.papers.dear.models._networks import network_of

FUNCTIONS = {"affine": 0, "planar flow": 1, "piecewise linear": 2}
SHAPES = {"images": (64, 64, 3), "labels": (4,), "rank": ()}


def causal_model(function=0, is_learned=False, concepts=4):
    graph = _scm.Graph(_scm.true_graph(concepts), is_learned)
    scm = _scm.SCM(graph, _scm.elementwise(function, concepts, 1.0))
    scm.function.place(0)
    return scm


def made(name="scm_vae", **parameters):
    model = models.model(name, **{"side": 8} | parameters)
    networks = model.networks(SHAPES, 4, "own")
    model.initialise(networks, 0)
    return model, networks


def batch(rows=6):
    generator = torch.Generator().manual_seed(0)
    return {
        "images": torch.rand((rows, 3, 64, 64), generator=generator),
        "labels": torch.rand((rows, 4), generator=generator),
        "rank": (torch.arange(rows) + 0.5) / rows,
    }


def noise_of(model, rows=6):
    generator = torch.Generator().manual_seed(1)
    noise = {}
    for name, draw in model.draws(rows, 4).items():
        if draw.kind == "normal":
            noise[name] = torch.randn(draw.shape, generator=generator)
        else:
            noise[name] = torch.randperm(rows, generator=generator)[:, None]
    return noise


@torch.no_grad()
def test_covariance_of_the_linear_prior_is_the_closed_form():
    scm = causal_model()
    random = torch.Generator().manual_seed(0)
    scm.graph.allowed[0, 1] = 1  # any graph without cycles
    scm.graph.weights.copy_(torch.randn((4, 4), generator=random))
    noise = torch.randn((200_000, 4), generator=random)
    sampled = scm(noise).T.cov()
    exact = _scm.covariance(scm.graph.edges(), scm.function.slope)
    torch.testing.assert_close(sampled, exact, atol=0.02, rtol=0.02)
    # By hand: length = ε + a · light + b · angle, times its slope.
    weights = scm.graph.edges()[:, 2]
    direct = weights[0] + weights[1] * scm.graph.edges()[0, 1]
    variance = 1 + direct**2 + weights[1] ** 2
    assert exact[2, 2].item() == pytest.approx((variance * scm.function.slope[2] ** 2).item())


def test_masked_edges_never_move():
    scm = causal_model(is_learned=True)
    descent = make(SGDSettings(0.1), scm)
    random = torch.Generator().manual_seed(0)
    for _ in range(3):
        loss = (scm(torch.randn((16, 4), generator=random)) - 1).square().sum()
        descent.step(torch.autograd.grad(loss, list(scm.parameters())))
    moved = scm.graph.weights.detach() != 0
    torch.testing.assert_close(moved, scm.graph.allowed == 1)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
@torch.no_grad()
def test_functions_rise_and_have_an_inverse(function):
    scm = causal_model(function)
    x = torch.linspace(-7, 7, 201)[:, None].expand(-1, 4)
    y = scm.function(x)
    assert (y.diff(dim=0) > 0).all()
    torch.testing.assert_close(scm.function.inverse(y), x, atol=2e-4, rtol=1e-3)


def test_piecewise_linear_function_has_the_slopes_of_its_parameters():
    function = causal_model(2).function
    x = torch.tensor([[-6.0, 0.01, 2.0, 6.0]], requires_grad=True)
    [slope] = torch.autograd.grad(function(x).sum(), x)
    # Knots are 10/99 apart; 0 and 100 are the slopes outside.
    index = torch.tensor([0, 50, 70, 100])
    expected = function.slopes[torch.arange(4), index]
    torch.testing.assert_close(slope[0], expected)
    # As released, the values at knots have a gradient through the shift alone.
    level = function(x)[0, 3]
    [gradient] = torch.autograd.grad(level, function.log_slope)
    assert (gradient != 0).sum() == 1


@torch.no_grad()
def test_an_intervention_reaches_effects_alone():
    scm = causal_model(1)
    scm.graph.weights.mul_(0.5)
    noise = torch.randn((8, 4), generator=torch.Generator().manual_seed(0))
    before = scm(noise)
    for latent, reached in ((0, [0, 2, 3]), (2, [2])):
        after = scm.intervene(noise, latent, 1.25)
        changed = ((after - before).abs() > 1e-4).any(0)
        assert changed.nonzero().flatten().tolist() == reached
        torch.testing.assert_close(after[:, latent], torch.full((8,), 1.25), atol=1e-4, rtol=0)
    # Nothing changes if a latent is set to what it is.
    same = scm.intervene(noise[:1], 1, before[0, 1].item())
    torch.testing.assert_close(same, before[:1], atol=1e-4, rtol=0)


@torch.no_grad()
def test_loss_is_that_of_the_released_code():
    model, networks = made(alignment=3, beta=0.2)
    rows, noise = batch(), noise_of(model)
    network = network_of(networks)
    pictures = functional.avg_pool2d(rows["images"], 8).flatten(1) * 2 - 1
    mean, log_variance = network.encoder(pictures).split(4, 1)
    # The known graph: each shadow is the mean of its causes plus its own noise.
    mixing = torch.eye(4)
    mixing[:2, 2:] = 0.5

    def latents(exogenous):
        return exogenous @ mixing * network.scm.function.slope + network.scm.function.shift

    decoded = torch.tanh(network.decoder(latents(mean + (log_variance / 2).exp() * noise["z"])))
    error = 0.5 * (decoded - pictures).pow(2).sum(1).mean()
    posterior = torch.distributions.Normal(mean, (log_variance / 2).exp())
    kl = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0))
    aligned = functional.binary_cross_entropy(latents(mean).sigmoid(), rows["labels"])
    expected = error + 0.2 * kl.sum(1).mean() + 3 * 4 * aligned
    loss = model.losses(networks, rows, noise, 0).minimise["vae"]
    torch.testing.assert_close(loss, expected)


@torch.no_grad()
def test_labels_outside_the_share_are_not_used():
    rows = batch()
    later = rows | {"labels": torch.cat((rows["labels"][:3], rows["labels"][:3]))}
    for share, uses_all in ((0.5, False), (1, True)):
        model, networks = made(labelled=share)
        noise = noise_of(model)
        first, second = (model.losses(networks, b, noise, 0).minimise["vae"] for b in (rows, later))
        assert (first.item() != second.item()) == uses_all


def test_critic_is_trained_by_its_own_loss():
    model, networks = made("info_max_scm_vae", information=2)
    plain, _ = made("scm_vae")
    rows, noise = batch(), noise_of(model)
    losses = model.losses(networks, rows, noise, 0)
    bound = losses.terms["information"]
    vae = plain.losses(networks, rows, noise, 0).minimise["vae"]
    torch.testing.assert_close(losses.minimise["vae"], vae - 2 * bound)
    torch.testing.assert_close(losses.minimise["critic"], -bound)


def test_wrong_numbers_are_named():
    with pytest.raises(ValueError, match=r"function must be one of 0 \(affine\).*not 3"):
        made(function=3)
    model = models.model("scm_vae", side=8)
    with pytest.raises(ValueError, match="set latents to 4, not 5"):
        model.networks(SHAPES, 5, "own")
    with pytest.raises(ValueError, match="set side to a divisor of 64"):
        models.model("scm_vae", side=7).networks(SHAPES, 4, "own")
