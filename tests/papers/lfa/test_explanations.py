"""Explanations and approximations of linear, additive and quadratic functions, in closed form."""

import itertools
import math

import numpy as np
import pytest
import torch

from facsimile import models
from facsimile.papers.lfa import approximations, explanations, fits
from facsimile.papers.lfa.approximations import shapley_kernel
from facsimile.papers.lfa.fits import Adam, Exact
from facsimile.papers.lfa.functions import DenseNetwork

X = np.array([0.9, 0.2, 0.5, 0.7])
SLOPES = np.array([2.0, -1.0, 0.5, 3.0])
CURVATURE = np.array(
    [
        [1.0, 0.3, 0.0, -0.2],
        [0.3, -0.5, 0.4, 0.0],
        [0.0, 0.4, 0.8, 0.1],
        [-0.2, 0.0, 0.1, 0.6],
    ]
)


class Quadratic:
    """b x + x A x with a symmetric A."""

    def __init__(self, curvature):
        self.curvature = curvature

    def values(self, x):
        return x @ SLOPES + ((x @ self.curvature) * x).sum(1)

    def gradients(self, x):
        return SLOPES + 2 * x @ self.curvature


@pytest.fixture
def random():
    return np.random.Generator(np.random.Philox(key=0))


def all_explanations(function, random):
    """Explanations and approximations at X, by name."""
    points = X[None]
    existing = explanations.explain(function, points, random)
    fitted = approximations.approximate(function, points, random, Exact())
    return {name: rows[0] for name, rows in existing.items()}, {
        name: rows[0] for name, rows in fitted.items()
    }


def test_of_a_linear_function_gradients_are_the_slopes_and_the_others_contributions(random):
    existing, fitted = all_explanations(Quadratic(0 * CURVATURE), random)
    assert set(existing) == set(explanations.METHODS)
    assert set(fitted) == set(approximations.INSTANCES)
    for attributions in (existing, fitted):
        for name, values in attributions.items():
            expected = SLOPES if name in ("vg", "sg") else SLOPES * X
            np.testing.assert_allclose(values, expected, atol=1e-9, err_msg=name)


def test_of_an_additive_function_masks_give_its_parts_with_any_weights(random):
    function = Quadratic(np.diag([1.0, -2.0, 3.0, 0.5]))
    parts = SLOPES * X + np.diag(function.curvature) * X**2
    existing, fitted = all_explanations(function, random)
    for attributions in (existing, fitted):
        for name, values in attributions.items():
            if name.startswith(("lime", "kernelshap", "occlusion", "ig")):
                # The path of its approximation is drawn.
                tolerance = 0.05 if attributions is fitted and name == "ig" else 1e-8
                np.testing.assert_allclose(values, parts, atol=tolerance, err_msg=name)


def test_of_a_quadratic_function_gradients_and_paths_have_closed_forms(random):
    function = Quadratic(CURVATURE)
    existing, fitted = all_explanations(function, random)
    gradient = SLOPES + 2 * CURVATURE @ X
    np.testing.assert_allclose(existing["vg"], gradient)
    np.testing.assert_allclose(existing["gxi"], X * gradient)
    np.testing.assert_allclose(existing["ig"], X * (SLOPES + CURVATURE @ X), atol=1e-12)
    np.testing.assert_allclose(
        existing["occlusion"],
        X * (SLOPES + 2 * CURVATURE @ X - np.diag(CURVATURE) * X),
        atol=1e-12,
    )
    # Completeness: integrated gradients add up to the change of the value from 0.
    assert existing["ig"].sum() == pytest.approx(function.values(X[None])[0], abs=1e-12)
    # Gradients are linear, so that noise of mean 0 leaves them; standard errors of 800 draws.
    noise = 2 * np.linalg.norm(CURVATURE, axis=1) / math.sqrt(800)
    assert (np.abs(fitted["vg"] - gradient) < 5 * 0.01 * noise).all()
    assert (np.abs(fitted["sg"] - gradient) < 5 * 0.1 * noise).all()
    assert (np.abs(existing["sg"] - gradient) < 5 * 0.1 * noise).all()
    # On a path from a to 1 the mean share is (1 + a) / 2; its deviation (1 - a) / √12.
    for name, low in (("ig", 0), ("gxi", approximations.HIGHEST_LIMIT)):
        expected = X * (SLOPES + (1 + low) * CURVATURE @ X)
        error = np.abs(X * 2 * (CURVATURE @ X)) * (1 - low) / math.sqrt(12 * 800)
        assert (np.abs(fitted[name] - expected) < 5 * error + 1e-9).all()


def test_shapley_weights_on_all_masks_give_shapley_values():
    """The values by enumeration: mean contribution over all orders of the features."""

    class Product(Quadratic):
        def values(self, x):
            return super().values(x) + 4 * x[:, 0] * x[:, 1] * x[:, 3]

    function = Product(CURVATURE)
    values = np.zeros(4)
    for order in itertools.permutations(range(4)):
        kept = np.zeros(4)
        before = function.values(kept[None])[0]
        for feature in order:
            kept[feature] = X[feature]
            after = function.values(kept[None])[0]
            values[feature] += (after - before) / 24
            before = after
    masks = np.array(list(itertools.product([0.0, 1.0], repeat=4)))
    weights = shapley_kernel(X, masks)
    slopes = fits.slopes(masks, function.values(X * masks), weights)
    np.testing.assert_allclose(slopes, values, atol=1e-5)
    unweighted = fits.slopes(masks, function.values(X * masks), np.ones(16))
    assert np.abs(unweighted - values).max() > 0.01


def test_adam_stops_near_the_minimum(random):
    """Both fits of one sample; the released Adam ends with steps of 0.005 to 0.25."""
    masks = random.integers(0, 2, (2, fits.PERTURBATIONS, 4)).astype(float)
    parts = SLOPES * X
    values = masks @ parts
    adam = Adam(random)
    np.testing.assert_allclose(adam.regression(masks, values, bias=True), [parts] * 2, atol=1e-3)
    noisy = values + random.normal(scale=0.1, size=values.shape)
    exact = Exact().regression(masks, noisy, bias=True)
    fitted = adam.regression(masks, noisy, bias=True)
    np.testing.assert_allclose(fitted, exact, atol=0.05)
    assert np.abs(fitted - exact).max() > 1e-4
    one_hot = np.eye(4)[random.integers(0, 4, (2, fits.PERTURBATIONS))]
    slopes = adam.regression(one_hot, one_hot @ SLOPES, bias=False)
    np.testing.assert_allclose(slopes, [SLOPES] * 2, atol=1e-3)
    gradients = SLOPES + random.normal(scale=0.1, size=(2, fits.PERTURBATIONS, 4))
    np.testing.assert_allclose(adam.mean(gradients), Exact().mean(gradients), atol=0.05)


def test_the_released_loss_has_no_weights():
    """Weights [b] times errors [b, 1] are a matrix [b, b]: l2_loss of functions_model_g.py."""
    drawn = torch.Generator().manual_seed(0)
    predicted, target = torch.rand((2, 8, 1), generator=drawn, dtype=torch.float64)
    weights = torch.rand(8, generator=drawn, dtype=torch.float64)
    normalised = weights / weights.norm(p=1)
    released = (normalised * (predicted - target) ** 2).sum() / 2
    unweighted = ((predicted - target) ** 2).sum() / 2
    assert released.item() == pytest.approx(unweighted.item(), rel=1e-12)
    text = (normalised[:, None] * (predicted - target) ** 2).sum() / 2
    assert abs(text - released) > 0.1 * released


@pytest.mark.parametrize(("layers", "classify"), [(1, 0), (1, 1), (5, 0), (3, 1)])
def test_values_are_those_of_the_trained_network_and_gradients_its_derivatives(layers, classify):
    model = models.model("tabular_network", layers=layers, lr=1, period=10, classify=classify)
    networks = model.networks({"x": (4,)}, 1, "own")
    model.initialise(networks, 3)
    x = torch.rand((6, 4), generator=torch.Generator().manual_seed(1))
    whole = {"x": x, "part": torch.full((6,), 2)}
    whole["y"] = torch.zeros(6)
    stored = model.learned(networks, whole, 0)
    assert torch.equal(stored["points"], x)
    function = DenseNetwork(4, layers, stored["parameters"].double().numpy(), bool(classify))
    x.requires_grad_()
    output = networks["network"](x)[:, 0]
    output = output.sigmoid() if classify else output
    [gradient] = torch.autograd.grad(output.sum(), x)
    points = x.detach().double().numpy()
    np.testing.assert_allclose(function.values(points), output.detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(function.gradients(points), gradient.numpy(), atol=1e-6)


def test_a_vector_of_another_network_is_refused():
    with pytest.raises(ValueError, match="20 parameters, but 3 layers with 4 inputs have 121"):
        DenseNetwork(4, 3, np.zeros(20), False)


def test_the_loss_falls_by_half_a_cosine():
    model = models.model("tabular_network", layers=1, lr=0.2, period=100, classify=1)
    assert model.optimisers(None).lr == 0.2
    networks = model.networks({"x": (4,)}, 1, "own")
    model.initialise(networks, 0)
    batch = {"x": torch.ones((2, 4)), "y": torch.tensor([0.0, 1.0])}
    losses = [model.losses(networks, batch, {}, step) for step in (0, 50, 100, 150)]
    error = losses[0].terms["error"].item()
    minimised = [loss.minimise["network"].item() for loss in losses]
    np.testing.assert_allclose(minimised, [error, error / 2, 0, error / 2], atol=1e-6)
    # Cross entropy of one output p for a 0 and a 1.
    p = networks["network"](batch["x"])[0].sigmoid().item()
    assert error == pytest.approx(-(math.log(p) + math.log(1 - p)) / 2, rel=1e-5)
