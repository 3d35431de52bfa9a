"""MAID on the quadratic problem, whose optimum, hypergradients and constants are known exactly."""

import numpy as np
import pytest
import torch

from facsimile import models
from facsimile.models.base import algorithm
from facsimile.papers.maid.datasets import bilevel_quadratic
from facsimile.papers.maid.models import _bilevel


@pytest.fixture(scope="module")
def data():
    return bilevel_quadratic.BilevelQuadratic.generate(None)


@pytest.fixture(scope="module")
def problem(data):
    return _bilevel.bilevel(data)


def test_the_data_are_those_that_torch_draws_from_the_scripts_seed():
    torch.manual_seed(29)
    stream = bilevel_quadratic.Stream(29)
    for n in (10_000, 10):
        np.testing.assert_array_equal(stream.uniform(n), torch.rand(n).numpy())
    for n in (1000, 1000, 32):
        np.testing.assert_allclose(stream.normal(n), torch.randn(n).numpy(), atol=1e-6)
    np.testing.assert_array_equal(stream.uniform(3), torch.rand(3).numpy())


def test_constants_and_values_are_those_of_the_rows(data, problem):
    """Another program, which used torch, had these four numbers."""
    assert problem.convexity == pytest.approx(70.458, abs=1e-3)
    assert problem.smoothness == pytest.approx(2613.0, abs=0.1)
    at_one = problem.solution(np.ones(10))
    assert problem.upper(at_one) == pytest.approx(2053.30, abs=0.01)
    assert problem.least == pytest.approx(0.0495127041, abs=1e-6)
    rows = {name: values.astype(float) for name, values in data.items()}
    left = rows["a2"] @ at_one + rows["a3"] @ np.ones(10) - rows["b2"]
    np.testing.assert_allclose(rows["a2"].T @ left, 0, atol=1e-8)
    right = rows["a1"] @ at_one - rows["b1"]
    assert problem.upper(at_one) == pytest.approx(right @ right / 2, rel=1e-10)


def test_the_hypergradient_is_the_derivative_of_the_exact_value(problem):
    t = np.linspace(0.2, 1, 10)
    exact = problem.hypergradient(t)
    for index in range(10):
        shift = np.eye(10)[index] * 1e-3
        sides = [problem.upper(problem.solution(t + sign * shift)) for sign in (1, -1)]
        # g is quadratic, so that the central difference is exact but for rounding.
        assert (sides[0] - sides[1]) / 2e-3 == pytest.approx(exact[index], rel=1e-6)


@pytest.mark.parametrize("accuracy", [1e-1, 1e-4, 1e-8])
def test_both_solvers_are_as_accurate_as_asked(problem, accuracy):
    t = np.ones(10)
    x, count = _bilevel.fista(problem, t, problem.begin, accuracy, 1)
    assert np.linalg.norm(x - problem.solution(t)) <= accuracy
    assert count < 200
    right = problem.upper_gradient(x)
    solved, count = _bilevel.conjugate_gradients(problem, right, accuracy)
    assert np.linalg.norm(problem.hessian @ solved - right) <= 1.01 * accuracy
    assert count <= 20
    nothing, count = _bilevel.conjugate_gradients(problem, right, 1e9)
    assert (count, np.abs(nothing).max()) == (0, 0), "not the variable of the lower level"


@pytest.mark.parametrize("start", [1e-1, 1e-5])
def test_bounds_hold_and_every_step_lowers_the_exact_value(data, start):
    history = ran(data, 25, accuracy=start)
    assert all(row["error"] <= row["bound"] for row in history[1:])
    gaps = [row["gap"] for row in history]
    assert np.all(np.diff(gaps) < 0)
    assert gaps[-1] < 0.1 * gaps[0]


def test_a_coarse_fixed_accuracy_stops(data):
    history = ran(data, 25, accuracy=1e-1, adaptive=0)
    assert history[-1]["stopped"]
    assert history[-1]["step"] < 10
    assert history[-1]["gap"] > 50


def ran(data, steps, **params):
    model = models.model("maid", **params)
    problem = model.problem(data)
    progress = algorithm.begin(model, problem, 0)
    for _ in algorithm.advance(model, problem, 0, steps, progress):
        pass
    return progress.history


def test_impossible_hyper_parameters_are_refused():
    for values, message in (
        ({"accuracy": 0}, "accuracy must be above 0"),
        ({"accuracy": 1, "adaptive": 2}, "adaptive must be 0 or 1"),
        ({"accuracy": 1, "strictness": 0}, "strictness must be above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            models.model("maid", **values)
