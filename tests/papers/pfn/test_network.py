"""The network that predicts, and the problems on which it is trained."""

import numpy as np
import pytest
import torch
from scipy import stats

from facsimile import models
from facsimile.datasets import DataFile
from facsimile.foundation import discover
from facsimile.models.base import arrays, attention, optimisers, rng
from facsimile.papers.pfn import gaussian_process
from facsimile.papers.pfn.models import prior_data_fitted_network as pfn
from facsimile.papers.pfn.models._exact import Normal

SHAPES = {"x": (6, 2)}
PRIOR = torch.tensor([[0.6, 1.0, 0.05, 2.0]])


def network(**values):
    """A network all of whose layers add something."""
    model = models.model("prior_data_fitted_network", **values)
    networks = model.networks(SHAPES, 2, "own")
    attention.initialise(networks["network"], 0, "test")
    return model, networks["network"]


def inputs():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((2, 5, 2), generator=generator)
    return x, torch.randn((2, 5), generator=generator), torch.randn((2, 3, 2), generator=generator)


def test_observed_points_have_no_order():
    _, net = network()
    x, y, query = inputs()
    order = [3, 0, 4, 1, 2]
    torch.testing.assert_close(net(x[:, order], y[:, order], query), net(x, y, query))


def test_queries_do_not_influence_each_other():
    _, net = network()
    x, y, query = inputs()
    query.requires_grad_()
    output = net(x, y, query)
    [gradient] = torch.autograd.grad(output[:, 0].sum(), query)
    assert gradient[:, 0].abs().min() > 0
    assert (gradient[:, 1:] == 0).all()
    torch.testing.assert_close(net(x, y, query[:, :1]), output[:, :1])


def test_observed_points_influence_every_query():
    _, net = network()
    x, y, query = inputs()
    y.requires_grad_()
    [gradient] = torch.autograd.grad(net(x, y, query)[:, 2].sum(), y)
    assert gradient.abs().min() > 0


def test_at_the_start_points_are_not_used():
    model = models.model("prior_data_fitted_network")
    networks = model.networks(SHAPES, 2, "own")
    model.initialise(networks, 0)
    x, y, query = inputs()
    net = networks["network"]
    torch.testing.assert_close(net(x, y, query), net(x[:, :0], y[:, :0], query))


def test_numbers_of_observed_points_have_their_distribution():
    normals = torch.randn(20_000, generator=torch.Generator().manual_seed(0))
    numbers = pfn.observed_numbers(normals, 4)
    weights = 1 / np.array([4, 3, 2, 1])
    expected = 20_000 * weights / weights.sum()
    assert stats.chisquare(np.bincount(numbers, minlength=4), expected).pvalue > 0.01


def test_sets_are_draws_from_the_prior():
    n = 2000
    noise = {
        "x": rng.normals_for(0, 0, "x", (n, 3, 5)),
        "y": rng.normals_for(0, 0, "y", (n, 3)),
    }
    model, _ = network()
    x, y = model.sets({"prior": PRIOR, "x": torch.zeros((1, 6, 2))}, noise)
    assert x.shape == (n, 3, 2)
    assert stats.kstest(x.flatten().numpy() / 2.0, "uniform").pvalue > 0.01
    prior = pfn.prior_of({"prior": PRIOR})
    exact = gaussian_process.predictive(
        x[:, :2].double().numpy(),
        prior.scale * y[:, :2].double().numpy(),
        x[:, 2:].double().numpy(),
        prior,
    )
    last = prior.scale * y[:, 2].double().numpy()
    standardised = (last - exact.mean[:, 2, 0]) / np.sqrt(exact.variance[:, 2, 0])
    assert stats.kstest(standardised, "norm").pvalue > 0.01


def test_the_loss_is_the_sum_of_its_groups():
    model, _ = network(groups=2)
    networks = model.networks(SHAPES, 2, "own")
    model.initialise(networks, 0)
    noise = {}
    for name, draw in model.draws(6, 2).items():
        noise[name] = rng.normals_for(0, 0, name, draw.shape)
    batch = {"prior": PRIOR, "x": torch.zeros((1, 6, 2))}
    losses = model.losses(networks, batch, noise, 0)
    halves = 2 * losses.terms["nll"].item()
    assert losses.minimise["network"].item() == pytest.approx(halves)
    too_few = {name: values[:1] for name, values in noise.items() if name != "observed"}
    with pytest.raises(ValueError, match="cannot be divided into 2 groups"):
        model.losses(networks, batch, too_few | {"observed": noise["observed"]}, 0)


def test_likelihoods_are_in_the_unit_of_the_observations():
    """Of a prior with three times the scale, every density is a third as high."""
    model, _ = network()
    data_class = discover.load_class("datasets", "gp_1_feature", DataFile)
    generated = {name: values[:4] for name, values in data_class.generate(None).items()}
    batch = arrays.tensors(generated)
    networks = {"network": pfn.Network(1, 20, 16, 2, 2)}
    attention.initialise(networks["network"], 0, "test")
    scaled = batch | {name: 3 * batch[name] for name in ("y", "target", "mean")}
    factors = torch.tensor([1.0, 9.0, 9.0, 1.0])
    scaled |= {"prior": batch["prior"] * factors, "variance": 9 * batch["variance"]}
    with torch.no_grad():
        ours, others = model.infer(networks, batch), model.infer(networks, scaled)
    torch.testing.assert_close(others["nll"], ours["nll"] + np.log(3), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(others["kl"], ours["kl"], atol=1e-4, rtol=1e-4)
    assert (ours["kl"] > ours["least_kl"]).all()


@pytest.mark.slow
def test_without_points_training_gives_the_prior():
    """With one point at most, the exact predictive distribution is learned in a few steps."""
    model = models.model("prior_data_fitted_network", points=1, features=2, buckets=20, lr=0.01)
    networks = model.networks(SHAPES, 2, "own")
    model.initialise(networks, 0)
    settings = model.optimisers(_Steps(steps=200))
    optimiser = optimisers.make(settings, networks["network"])
    batch = {"prior": PRIOR, "x": torch.zeros((1, 6, 2))}
    for step in range(200):
        noise = {}
        for name, draw in model.draws(64, 2).items():
            noise[name] = rng.normals_for(0, step, name, draw.shape)
        loss = model.losses(networks, batch, noise, step).minimise["network"]
        optimiser.step(torch.autograd.grad(loss, list(networks["network"].parameters())))
    x, y, query = inputs()
    output = networks["network"](x[:, :0], y[:, :0], query)
    exact = Normal(torch.zeros(2, 3), torch.ones(2, 3))
    divergence = model.density(batch).kl(output, exact)
    least = model.density(batch).least_kl(Normal(torch.zeros(1), torch.ones(1)))
    assert divergence.max() < least.item() + 0.05


class _Steps:
    """Settings of training, of which only the number of steps counts."""

    def __init__(self, steps):
        self.steps = steps


def test_a_data_set_with_more_features_than_are_drawn():
    model = models.model("prior_data_fitted_network", features=1)
    with pytest.raises(ValueError, match="set features to 2"):
        model.networks(SHAPES, 2, "own")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"buckets": 1}, "buckets must be 0, for a Gaussian, or 2 and more"),
        ({"points": 0}, "points must be a whole number from 1"),
        ({"heads": 3}, "3 heads do not divide the width 16"),
        ({"warm_up": 2}, "warm_up must be from 0 to 1"),
    ],
)
def test_impossible_hyper_parameters(values, message):
    with pytest.raises(ValueError, match=message):
        models.model("prior_data_fitted_network", **values)
