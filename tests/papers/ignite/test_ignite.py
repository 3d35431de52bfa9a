"""IGNITE: the gradient of a gradient's norm, the multiplier, plain ascent, and the search."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from facsimile import models
from facsimile.models.base import arrays, optimisers
from facsimile.papers.ignite.models import _surrogate
from facsimile.papers.ignite.models.surrogate_ascent import GROUP, MULTIPLIER
from facsimile.studies.training import Training

TRAINING = Training(steps=9, batch_size=16, latents=1, adam={"lr": 3e-4, "epsilon": 1e-7})
SHAPES = {"x": (24,), "y": (), "sequence": (8,), "offline": ()}


class Quadratic(nn.Module):
    """A first output wᵀ A w / 2 + bᵀ w, whatever the inputs."""

    def __init__(self, matrix, offset, start):
        super().__init__()
        self.matrix, self.offset = matrix, offset
        self.weights = nn.Parameter(start)

    def forward(self, x):
        w = self.weights
        value = w @ self.matrix @ w / 2 + self.offset @ w
        return value.expand(len(x), 1)


@pytest.fixture
def quadratic():
    drawn = torch.Generator().manual_seed(0)
    root = torch.randn(5, 5, generator=drawn, dtype=torch.float64)
    offset, start = torch.randn(2, 5, generator=drawn, dtype=torch.float64)
    return Quadratic(root + root.T, offset, start)


@pytest.fixture
def batch():
    drawn = np.random.default_rng(0)
    return arrays.tensors(
        {
            "x": drawn.normal(size=(16, 24)).astype(np.float32),
            "y": drawn.normal(size=16).astype(np.float32),
        }
    )


def created(seed=0, **values):
    model = models.model("surrogate_ascent", hidden=8, **values)
    networks = model.networks(SHAPES, 1, "own")
    model.initialise(networks, seed)
    return model, networks


def stepped(model, networks, batch, steps=1):
    """Make steps of training as the common loop does, and return the terms of the last one."""
    made = arrays.optimisers_of(model, TRAINING, networks)
    for step in range(steps):
        losses = model.losses(networks, batch, {}, step)
        for group, loss in losses.minimise.items():
            parameters = list(networks[group].parameters())
            made[group].step(torch.autograd.grad(loss, parameters, retain_graph=True))
    return losses.terms


def weights(networks):
    return torch.cat([p.detach().flatten() for p in networks[GROUP].parameters()])


@pytest.mark.parametrize("radius", [1e-3, 0.2, 5.0])
def test_the_gradient_of_the_norm_is_exact_for_a_quadratic_whatever_the_radius(quadratic, radius):
    x = torch.zeros(1, 1, dtype=torch.float64)
    norm, [difference] = _surrogate.norm_gradient(quadratic, x, radius)
    gradient = quadratic.matrix @ quadratic.weights + quadratic.offset
    exact = quadratic.matrix @ gradient / gradient.norm()
    torch.testing.assert_close(norm.double(), gradient.norm().detach(), rtol=1e-6, atol=0)
    torch.testing.assert_close(difference, exact.detach(), rtol=1e-9, atol=1e-9)


def test_the_rise_after_a_step_is_first_order_plus_the_curvature_of_a_quadratic(quadratic):
    """h(w + ρ u) - h(w) = ρ |∇h| + ρ² uᵀ A u / 2."""
    x, rho = torch.zeros(1, 1, dtype=torch.float64), 0.3
    before, gradients = _surrogate.mean_gradient(quadratic, x)
    moved = _surrogate.shifted(quadratic, gradients, rho)
    after, _ = _surrogate.mean_gradient(quadratic, x, moved)
    [g] = gradients
    u = g / g.norm()
    expected = rho * g.norm() + rho**2 / 2 * u @ quadratic.matrix @ u
    assert float(after - before) == pytest.approx(float(expected), rel=1e-9)


def test_a_function_that_does_not_depend_on_its_weights_is_not_moved():
    flat = Quadratic(torch.zeros(5, 5), torch.zeros(5), torch.ones(5))
    norm, [difference] = _surrogate.norm_gradient(flat, torch.zeros(1, 1), 0.1)
    assert norm == 0
    assert not difference.any()


def test_the_norm_of_a_linear_surrogate_is_that_of_the_mean_input(batch):
    linear = nn.Linear(24, 2, bias=False)
    norm, differences = _surrogate.norm_gradient(linear, batch["x"], 0.1)
    assert float(norm) == pytest.approx(float(batch["x"].mean(0).norm()), rel=1e-5)
    for difference in differences:
        assert difference.abs().max() < 1e-5  # it is constant, so the penalty has no effect


def test_a_step_adds_the_weighted_gradient_of_the_norm(batch):
    """Against autograd through the norm itself, for a small radius and gradients in float32."""
    model, networks = created(penalty=0.7, rho=0.3, radius=1e-2)
    member = networks[GROUP][0]
    loss = model.losses(networks, batch, {}, 0).minimise[GROUP]
    parameters = list(member.layers.parameters())
    ours = torch.autograd.grad(loss, parameters)
    likelihood = member.negative_log_likelihood(batch["x"], batch["y"])
    h = member.layers(batch["x"])[:, 0].mean()
    gradients = torch.autograd.grad(h, parameters, create_graph=True)
    norm = torch.sqrt(sum(g.square().sum() for g in gradients))
    exact = torch.autograd.grad(likelihood + 0.7 * 0.3 * norm, parameters, allow_unused=True)
    ours, exact = (torch.cat([g.flatten() for g in each]) for each in (ours, exact))
    assert (ours - exact).norm() < 0.01 * exact.norm()


def test_without_a_multiplier_a_run_is_the_plain_run_bit_by_bit(batch):
    model, plain = created()
    stepped(model, plain, batch, 3)
    # The multiplier stays 0: it is projected, and the bound is far above the norm.
    model, constrained = created(penalty_rate=0.1, epsilon=1e9, projected=1)
    stepped(model, constrained, batch, 3)
    assert torch.equal(weights(plain), weights(constrained))


@pytest.mark.parametrize(("projected", "expected"), [(0, -0.49), (1, 0.0)])
def test_the_multiplier_falls_below_zero_in_the_released_code_alone(batch, projected, expected):
    """λ + η (ρ |∇h| - ε), with ε far above ρ |∇h|; projected, at least 0."""
    model, networks = created(
        penalty=0.01, penalty_rate=0.01, epsilon=50, rho=1e-6, projected=projected
    )
    stepped(model, networks, batch)
    [multiplier] = networks[MULTIPLIER].values.tolist()
    assert multiplier == pytest.approx(expected, abs=1e-6)


def test_the_multiplier_rises_by_what_the_bound_is_exceeded(batch):
    model, networks = created(penalty=0.2, penalty_rate=0.5, epsilon=0.1, rho=2)
    terms = stepped(model, networks, batch)
    [multiplier] = networks[MULTIPLIER].values.tolist()
    assert multiplier == pytest.approx(0.2 + 0.5 * (float(terms["sharpness"]) - 0.1), rel=1e-5)
    assert float(terms["sharpness"]) > 0.1


def test_the_likelihood_is_a_gaussian_whose_deviation_is_between_soft_limits():
    member = _surrogate.Member(3, 4)
    drawn = torch.Generator().manual_seed(0)
    x, y = torch.randn(6, 3, generator=drawn), torch.randn(6, generator=drawn)
    with torch.no_grad():
        member.layers[-1].weight[1] = 0  # raw logarithm of the deviation: its bias
        for bias, deviation in ((-50.0, 0.1), (50.0, 0.2)):
            member.layers[-1].bias[1] = bias
            found = member.negative_log_likelihood(x, y)
            # The lower limit is softplus(0 - …) above log 0.1 where the raw value is far above.
            if bias > 0:
                deviation = math.exp(math.log(0.1) + math.log(1 + 0.2 / 0.1))
            normal = torch.distributions.Normal(member(x), deviation)
            torch.testing.assert_close(found, -normal.log_prob(y).mean(), rtol=1e-5, atol=1e-5)


def test_the_ensemble_climbs_the_minimum_or_the_mean(batch):
    for average, reduce in ((0, torch.Tensor.amin), (1, torch.Tensor.mean)):
        model, networks = created(members=3, average=average)
        [*members] = networks[GROUP]
        values = torch.stack([member(batch["x"]) for member in members])
        found = model.infer(networks, batch)["prediction"]
        torch.testing.assert_close(found, reduce(values, 0))
        assert not torch.allclose(values[0], values[1])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hidden": 2.5}, "hidden must be a whole number of 1 or more, not 2.5"),
        ({"members": 0}, "members must be a whole number"),
        ({"average": 2}, "average must be 0 or 1, not 2"),
        ({"radius": 0}, "radius is a radius above 0, not 0"),
        ({"penalty_rate": -1}, "penalty_rate must be 0 or more, not -1"),
    ],
)
def test_impossible_hyper_parameters_are_named(values, message):
    with pytest.raises(ValueError, match=message):
        models.model("surrogate_ascent", **({"hidden": 4} | values))


def test_the_optimiser_of_the_multiplier_is_a_plain_gradient_step():
    model, _ = created(penalty_rate=0.25)
    settings = model.optimisers(TRAINING)
    assert settings[MULTIPLIER] == optimisers.SGDSettings(0.25)
