"""MASHA1, MASHA2 and extragradient: compressors by enumeration, the solution, exact moments."""

import itertools

import numpy as np
import pytest

from facsimile import models
from facsimile.models.base import algorithm
from facsimile.papers.masha.datasets.bilinear_saddle import MEMBERS, BilinearSaddle
from facsimile.papers.masha.models import _saddle


class Equal(BilinearSaddle):
    equal = MEMBERS["bilinear_saddle_equal"]["equal"]


@pytest.fixture(scope="module")
def data():
    return BilinearSaddle.generate(None)


@pytest.fixture(scope="module")
def small():
    """A problem of two devices in R^4."""
    drawn = np.random.default_rng(0)
    roots = drawn.normal(size=(2, 2, 2))
    return {
        "coupling": roots @ roots.transpose(0, 2, 1) + np.eye(2),
        "of_x": drawn.normal(size=(2, 2)),
        "of_y": drawn.normal(size=(2, 2)),
        "regularisation": np.full(2, 0.1),
    }


def ran(model, data, steps, seed=0):
    problem = model.problem(data)
    progress = algorithm.begin(model, problem, seed)
    for _ in algorithm.advance(model, problem, seed, steps, progress):
        pass
    return problem, progress


def test_the_solution_is_where_the_operator_vanishes_though_those_of_devices_do_not(data):
    problem = _saddle.saddle(data)
    values = problem.each(problem.solution)
    assert np.abs(values.mean(0)).max() < 1e-8
    assert np.linalg.norm(values, axis=1).min() > 10
    x, y = np.split(problem.solution, 2)
    coupling, mu = data["coupling"].mean(0), 0.1
    np.testing.assert_allclose(coupling @ y + data["of_x"].mean(0) + mu * x, 0, atol=1e-5)
    np.testing.assert_allclose(coupling.T @ x + data["of_y"].mean(0) - mu * y, 0, atol=1e-5)


def test_compressors_by_enumeration_of_all_subsets():
    """E RandK(x) = x and E |RandK(x) - x|² = (d/k - 1) |x|²; TopK leaves at most (1 - k/d) |x|²."""
    d, k = 6, 2
    x = np.random.default_rng(1).normal(size=d)
    kept = np.array(list(itertools.combinations(range(d), k)))
    everything = _saddle._only(np.tile(x, (len(kept), 1)), kept, d / k)
    np.testing.assert_allclose(everything.mean(0), x, rtol=1e-12)
    squares = ((everything - x) ** 2).sum(1)
    assert squares.mean() == pytest.approx((d / k - 1) * x @ x, rel=1e-12)
    # Each of the 15 subsets is drawn equally often.
    drawn = _saddle.rand_k(np.tile(x, (15_000, 1)), k, np.random.default_rng(2))
    _, counts = np.unique(drawn != 0, axis=0, return_counts=True)
    assert len(counts) == len(kept)
    assert ((counts - 1_000) ** 2 / 1_000).sum() < 36.1  # χ² of 14 degrees of freedom, p = 0.001
    left = x - _saddle.top_k(x[None], k)[0]
    assert left @ left == min(((x - row * k / d) ** 2).sum() for row in everything)
    assert left @ left < (1 - k / d) * x @ x
    equal = np.ones((1, d))
    assert ((equal - _saddle.top_k(equal, k)) ** 2).sum() == pytest.approx((1 - k / d) * d)


def test_masha_without_compression_whose_w_is_always_new_is_extragradient(data):
    """K = d and τ = 0; the two add the same numbers in another order."""
    rate = {"masha1": np.sqrt(1.1), "masha2": 1.0}
    _, expected = ran(models.model("extragradient", rate=1), data, 20)
    for name, multiple in rate.items():
        model = models.model(name, k=40, refresh=1, rate=multiple)
        _, progress = ran(model, data, 20)
        np.testing.assert_allclose(progress.state["z"], expected.state["z"], rtol=1e-11)


def test_extragradient_has_its_closed_form(data):
    model = models.model("extragradient", rate=1)
    problem, progress = ran(model, data, 30)
    matrix = model.result(problem, progress.state)["error_matrix"]
    error = np.linalg.matrix_power(matrix, 30) @ (progress.state["start"] - problem.solution)
    np.testing.assert_allclose(progress.state["z"] - problem.solution, error, atol=1e-11)


def test_the_second_moment_of_masha1_is_the_exact_one(small):
    """All draws of two steps, k = 1 of d = 4: the mean squared distance, beside 1,000 runs."""
    model = models.model("masha1", k=1, rate=1)
    problem = model.problem(small)
    start = algorithm.begin(model, problem, 0).state
    exact = 0.0
    for probability, state in outcomes(model, problem, start):
        for other, after in outcomes(model, problem, state):
            exact += probability * other * problem.distance(after["z"])
    drawn = []
    for seed in range(1_000):
        random = np.random.default_rng(seed)
        state = model.step(problem, start, random)
        drawn.append(problem.distance(model.step(problem, state, random)["z"]))
    error = np.std(drawn) / np.sqrt(len(drawn))
    assert np.mean(drawn) == pytest.approx(exact, abs=3.5 * error)
    assert error < 0.03 * exact


def outcomes(model, problem, state):
    """Every state after a step with its probability: what devices keep, and whether w is new."""
    middle = model.middle(problem, state)
    differences = problem.each(middle) - state["at_w"]
    refresh = model.probability(problem)
    for kept in itertools.product(range(4), repeat=2):
        sent = _saddle._only(differences, np.array(kept)[:, None], 4.0)
        after = middle - model.step_size(problem) * sent.mean(0)
        yield (1 - refresh) / 16, {**state, "z": after}
        yield refresh / 16, {**state, "z": after, "w": after, "at_w": problem.each(after)}


def test_what_masha2_has_sent_and_what_it_remembers_are_all_that_there_was(data):
    model = models.model("masha2", k=4, rate=1)
    problem = model.problem(data)
    state = algorithm.begin(model, problem, 0).state
    sent, wanted = 0, 0
    for step in range(5):
        middle = model.middle(problem, state)
        wanted += model.step_size(problem) * (problem.each(middle) - state["at_w"])
        state = model.step(problem, state, np.random.default_rng(step))
        sent = sent + middle - state["z"]
    # Every device kept four coordinates a step; z moved by the mean of what was sent.
    np.testing.assert_allclose(sent + state["error"].mean(0), wanted.mean(0), atol=1e-12)
    assert state["compressed"] == 5 * 4


@pytest.mark.slow
def test_naive_compression_stalls_and_masha_does_not_unless_all_devices_are_equal(data):
    naive = models.model("extragradient", k=20, rate=1, compressor=1)
    _, stalled = ran(naive, data, 600)
    assert stalled.history[-1]["distance"] > 0.1
    _, equal = ran(naive, Equal.generate(None), 600)
    assert equal.history[-1]["distance"] < 1e-6 * stalled.history[-1]["distance"]
    _, masha = ran(models.model("masha1", k=10, rate=1), data, 1_000)
    assert masha.history[-1]["distance"] < 1e-6
    logarithms = np.log([row["distance"] for row in masha.history])
    steps = np.array([row["step"] for row in masha.history])
    quarters = [np.polyfit(steps[part], logarithms[part], 1)[0] for part in halves(steps)]
    assert quarters[0] == pytest.approx(quarters[1], rel=0.25), "a linear rate"


def halves(steps):
    """The third and the fourth quarter of the steps."""
    last = steps[-1]
    return (steps >= last / 2) & (steps < 0.75 * last), steps >= 0.75 * last


def test_impossible_hyper_parameters_are_refused():
    for name, values, message in (
        ("masha1", {"k": 1.5}, "k must be a whole number"),
        ("masha1", {"k": 4, "rate": 0}, "rate must be above 0"),
        ("masha2", {"k": 4, "refresh": 2}, "refresh is a probability"),
        ("masha2", {"k": 4, "keeps_old": 2}, "keeps_old must be 0 or 1"),
        ("extragradient", {"compressor": 2}, "compressor must be 0 or 1"),
    ):
        with pytest.raises(ValueError, match=message):
            models.model(name, **values)
