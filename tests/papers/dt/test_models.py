"""The distribution transformer and stochastic variational inference."""

import numpy as np
import pytest
import torch
from scipy import stats

from facsimile import models
from facsimile.models.base import attention, optimisers, rng
from facsimile.papers.dt import inverse_gamma
from facsimile.papers.dt.models import distribution_transformer, inverse_gamma_svi

SMALL = {"width": 16, "heads": 2, "layers": 2}
PRIOR = torch.tensor([[2.0, 1.5], [3.0, 0.7], [0.8, 4.0]])
Z = torch.tensor([0.3, -1.2, 2.5])


def small(components=3, silent=True):
    model = models.model("distribution_transformer", components=components, **SMALL)
    networks = model.networks({}, 2, "own")
    model.initialise(networks, 0)
    network = distribution_transformer.network_of(networks)
    if not silent:
        attention.initialise(network, 1, "other")
    return model, networks, network


def test_published_network_has_the_printed_number_of_parameters():
    model = models.model("distribution_transformer")
    learned = model.learned(model.networks({}, 2, "own"), {}, 0)
    # Table 8 has 0.43 million.
    assert learned["parameters"].item() == 427_875


def test_tokens_have_no_order():
    _, _, network = small(silent=False)
    order = [2, 0, 1]
    tokens = network.tokens(PRIOR)
    updated = network.updated(tokens, Z)
    permuted = network.updated(tokens[:, order], Z)
    torch.testing.assert_close(permuted, updated[:, order])
    u = torch.tensor([0.1, -0.5, 1.0])
    density = distribution_transformer.log_density(u, network.mixture(updated))
    of_permuted = distribution_transformer.log_density(u, network.mixture(permuted))
    torch.testing.assert_close(of_permuted, density)


def test_at_the_start_tokens_do_not_meet():
    for silent in (True, False):
        _, _, network = small(silent=silent)
        tokens = network.tokens(PRIOR)
        alone = network.updated(tokens[:, :1], Z)
        together = network.updated(tokens, Z)[:, :1]
        assert torch.allclose(alone, together, atol=1e-5) == silent


def test_density_integrates_to_one_and_is_that_of_quadrature():
    model, networks, network = small()
    batch = {"prior": PRIOR, "z": Z}
    with torch.no_grad():
        inferred = model.infer(networks, batch)
        mixture = network.mixture(network.updated(network.tokens(PRIOR), Z))
    values = [inferred[name].double().numpy() for name in ("weight", "mean", "scale")]
    u = np.linspace(-40, 40, 4001)
    points = np.tile(u, (3, 1))
    density = inverse_gamma.log_mixture(points, inverse_gamma.Mixture(*values))
    np.testing.assert_allclose(np.exp(density).sum(1) * (u[1] - u[0]), 1, atol=1e-6)
    middle = torch.zeros(3)
    ours = distribution_transformer.log_density(middle, mixture).numpy()
    np.testing.assert_allclose(ours, density[:, 2000], atol=1e-5)


def test_problems_have_their_distributions():
    n = 4000
    generator = torch.Generator().manual_seed(0)
    noise = {"prior": torch.randn((n, 2), generator=generator)}
    noise["x"] = torch.randn(n, generator=generator)
    noise["z"] = torch.randn(n, generator=generator)
    meta_prior = torch.tensor([4.0, 6.0]).expand(n, 2)
    prior, u, z = distribution_transformer.problems(meta_prior, noise)
    meta = stats.invgamma(4, scale=6)
    assert stats.kstest(prior.flatten().numpy(), meta.cdf).pvalue > 0.01
    # The probability transforms of exact distributions are uniform.
    shape, scale = prior.double().numpy().T
    x = u.double().exp().numpy()
    assert stats.kstest(stats.invgamma(shape, scale=scale).cdf(x), "uniform").pvalue > 0.01
    standardised = z.numpy() / np.sqrt(x)
    assert stats.kstest(standardised, "norm").pvalue > 0.01
    exact = inverse_gamma.posterior(prior.double().numpy(), z.double().numpy())
    of_posterior = stats.invgamma(exact[:, 0], scale=exact[:, 1]).cdf(x)
    assert stats.kstest(of_posterior, "uniform").pvalue > 0.01


def test_prior_loss_is_added():
    losses = {}
    for prior_loss in (0, 1):
        model = models.model("distribution_transformer", prior_loss=prior_loss, **SMALL)
        networks = model.networks({}, 2, "own")
        model.initialise(networks, 0)
        noise = {}
        for name, draw in model.draws(8, 2).items():
            noise[name] = rng.normals_for(0, 0, name, draw.shape)
        batch = {"meta_prior": torch.tensor([4.0, 6.0]).expand(8, 2)}
        losses[prior_loss] = model.losses(networks, batch, noise, 0)
    without, added = losses[0], losses[1]
    total = added.minimise["network"].item()
    assert total == pytest.approx((added.terms["nll"] + added.terms["prior_nll"]).item())
    assert without.minimise["network"].item() == pytest.approx(added.terms["nll"].item())


@pytest.mark.parametrize("score_function", [0, 1])
def test_svi_has_no_gradient_at_the_optimum(score_function):
    model = models.model("inverse_gamma_svi", samples=100_000, score_function=score_function)
    networks = model.networks({}, 3, "own")
    prior, z = PRIOR.double().numpy(), Z.double().numpy()
    best = inverse_gamma.variational(inverse_gamma.posterior(prior, z))
    guide = networks["guide"]
    batch = {"row": torch.arange(3), "prior": PRIOR, "z": Z}
    noise = {"u": rng.normals_for(0, 0, "u", (3, 100_000))}

    def gradient(offset):
        with torch.no_grad():
            guide.mean.copy_(torch.from_numpy(best.means[:, 0]))
            guide.log_scale.copy_(torch.from_numpy(best.scales[:, 0]).log() + offset)
        loss = model.losses(networks, batch, noise, 0).minimise["guide"]
        return torch.cat(torch.autograd.grad(loss, list(guide.parameters())))

    assert gradient(0.0).abs().max() < 0.05
    # The loss grows with the scale.
    assert gradient(0.3)[3:].min() > 0.5


@pytest.mark.slow
def test_svi_approaches_the_closed_form():
    model = models.model("inverse_gamma_svi", samples=10)
    networks = model.networks({}, 3, "own")
    model.initialise(networks, 0)
    batch = {"row": torch.arange(3), "prior": PRIOR, "z": Z}
    guide = networks["guide"]
    settings = inverse_gamma_svi.AdamWSettings(0.1, 1000, least=0.01)
    optimiser = optimisers.make(settings, guide)
    for step in range(1000):
        noise = {"u": rng.normals_for(0, step, "u", (3, 10))}
        loss = model.losses(networks, batch, noise, step).minimise["guide"]
        optimiser.step(torch.autograd.grad(loss, list(guide.parameters())))
    prior, z = PRIOR.double().numpy(), Z.double().numpy()
    best = inverse_gamma.variational(inverse_gamma.posterior(prior, z))
    inferred = model.infer(networks, batch)
    np.testing.assert_allclose(inferred["mean"].detach().numpy(), best.means, atol=0.03)
    np.testing.assert_allclose(inferred["scale"].detach().numpy(), best.scales, rtol=0.03)


def test_too_few_guides():
    model = models.model("inverse_gamma_svi")
    batch = {"row": torch.arange(3), "prior": PRIOR, "z": Z}
    with pytest.raises(ValueError, match="set latents to the number of problems"):
        model.infer(model.networks({}, 2, "own"), batch)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("distribution_transformer", {"components": 1.5}, "components must be a whole number"),
        ("distribution_transformer", {"heads": 7}, "7 heads do not divide the width 64"),
        ("distribution_transformer", {"warm_up": 2}, "warm_up must be from 0 to 1"),
        ("inverse_gamma_svi", {"samples": 0}, "samples must be a whole number"),
    ],
)
def test_impossible_hyper_parameters(name, values, message):
    with pytest.raises(ValueError, match=message):
        models.model(name, **values)
