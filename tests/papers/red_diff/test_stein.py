"""The kernel Stein discrepancy and the scores that are made of it: known answers, invariances."""

from types import SimpleNamespace

import numpy as np
import pytest

from facsimile.papers.red_diff import inverse as problems
from facsimile.papers.red_diff import stein
from facsimile.papers.red_diff.datasets.linear_inverse import MEMBERS, LinearInverse
from facsimile.papers.red_diff.metrics import posterior_fidelity, stationary_point
from facsimile.statistics.diffusion.gaussian_mixture import GaussianMixture


def data(name):
    return type("Member", (LinearInverse,), MEMBERS[name]).generate(None)


def normal(d=3):
    return GaussianMixture(np.ones(1), np.zeros((1, d)), np.eye(d)[None])


def of(samples, name="inverse_a1_20", model="ddrm", convention="paper", **inferred):
    """Scores of samples, and the law that they are of."""
    arrays = data(name)
    problem = problems.inverse(arrays)
    observation = problem.observe(np.random.default_rng(0))
    law = problem.posterior(observation)
    samples = samples(law) if callable(samples) else samples
    outputs = SimpleNamespace(
        model=model,
        data=arrays,
        inferred={"samples": samples, "observation": observation, **inferred},
    )
    return posterior_fidelity.score(outputs, convention), law


def exactly(n):
    return lambda law: law.sample(n, np.random.default_rng(1))[0]


def test_the_stein_kernel_is_that_of_its_definition():
    """s·s k + s·∇k + s·∇k + ∇·∇k, by central differences of the kernel itself."""
    random = np.random.default_rng(0)
    x, scores = random.normal(size=(2, 2, 3))
    c, step = 0.7, 1e-4

    def kernel(a, b):
        return (c**2 + np.square(a - b).sum()) ** -0.5

    eye = step * np.eye(3)
    a, b = x
    expected = scores[0] @ scores[1] * kernel(a, b)
    for j in range(3):
        by_b = (kernel(a, b + eye[j]) - kernel(a, b - eye[j])) / (2 * step)
        by_a = (kernel(a + eye[j], b) - kernel(a - eye[j], b)) / (2 * step)
        ends = kernel(a + eye[j], b + eye[j]) - kernel(a + eye[j], b - eye[j])
        ends += kernel(a - eye[j], b - eye[j]) - kernel(a - eye[j], b + eye[j])
        expected += scores[0, j] * by_b + scores[1, j] * by_a + ends / (4 * step**2)
    found = stein.stein_kernel(x, scores, c)
    assert found[0, 1] == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(found, found.T)
    np.testing.assert_allclose(np.diag(found), np.square(scores).sum(1) / c + 3 / c**3)


def test_the_kernel_has_mean_zero_under_the_law():
    """∫ k(x, y) p(x) dx = 0 for each y, by quadrature in one dimension, for a mixture."""
    law = GaussianMixture(
        np.array([0.3, 0.7]), np.array([[-1.0], [2.0]]), np.array([[[0.5]], [[1.0]]])
    )
    grid = np.linspace(-9, 11, 801)[:, None]
    points = np.array([[-2.0], [0.0], [1.3]])
    everything = np.concatenate([points, grid])
    kernel = stein.stein_kernel(everything, law.score(everything), 0.5)[:3, 3:]
    density = np.exp(law.log_density(grid))
    integrals = (kernel * density).sum(1) * (grid[1, 0] - grid[0, 0])
    np.testing.assert_allclose(integrals, 0, atol=1e-10)


def test_the_discrepancy_of_one_point_at_the_mode():
    """All points at 0 of N(0, I): V = d / c³, and U the same."""
    v, u = stein.discrepancies(np.zeros((5, 3)), normal(), 0.5)
    assert v == pytest.approx(3 / 0.5**3)
    assert u == pytest.approx(3 / 0.5**3)


def test_the_discrepancy_does_not_change_if_all_is_moved_turned_or_reordered():
    random = np.random.default_rng(2)
    x = random.normal(size=(40, 3)) + 0.4
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    shift = np.array([1.0, -2.0, 5.0])
    spread = np.diag([1.0, 2.0, 3.0])
    law = GaussianMixture(np.ones(1), np.zeros((1, 3)), spread[None])
    moved = GaussianMixture(np.ones(1), shift[None], (turn.T @ spread @ turn)[None])
    expected = stein.discrepancies(x, law, 0.7)
    np.testing.assert_allclose(stein.discrepancies(x @ turn + shift, moved, 0.7), expected)
    np.testing.assert_allclose(stein.discrepancies(x[::-1].copy(), law, 0.7), expected)


def test_exact_draws_have_the_expected_discrepancy():
    v, u = np.mean(
        [
            stein.discrepancies(np.random.default_rng(i).normal(size=(100, 3)), normal(), 0.7)
            for i in range(60)
        ],
        axis=0,
    )
    # E |s|² = d for N(0, I).
    assert stein.expected(normal(), 0.7, 100) == pytest.approx((3 / 0.7 + 3 / 0.7**3) / 100)
    assert v == pytest.approx(stein.expected(normal(), 0.7, 100), rel=0.02)
    assert abs(u) < 0.005


@pytest.mark.parametrize("name", ["inverse_a1_20", "inverse_a2_50", "inverse_gaussian"])
def test_the_mean_squared_score_is_that_of_many_draws(name):
    problem = problems.inverse(data(name))
    law = problem.posterior(problem.observe(np.random.default_rng(3)))
    squares = np.square(law.score(law.sample(40_000, np.random.default_rng(4))[0])).sum(1)
    error = squares.std() / np.sqrt(len(squares))
    assert stein.mean_squared_score(law) == pytest.approx(squares.mean(), abs=3.5 * error)


def test_components_that_differ_in_too_many_coordinates_are_refused():
    law = GaussianMixture(
        np.full(2, 0.5), np.arange(6.0).reshape(2, 3), np.tile(np.eye(3), (2, 1, 1))
    )
    with pytest.raises(ValueError, match="at most 2 coordinates"):
        stein.mean_squared_score(law)


def test_the_scale_of_each_convention():
    """A1: the median of 0.1, ..., 0.75 is 0.425. A2: four values of √3, and eight of 0."""
    fading, repeated = (problems.inverse(data(f"inverse_{name}_20")) for name in ("a1", "a2"))
    assert stein.scale(fading) == pytest.approx(1 / 1.425)
    assert stein.scale(fading, stein.RANK) == stein.scale(fading)
    assert stein.scale(repeated) == 1
    assert stein.scale(repeated, stein.RANK) == pytest.approx(1 / (1 + np.sqrt(3)))
    assert stein.scale(fading, stein.UNIT) == 1


def test_exact_samples_score_as_theory_says():
    scores, law = of(exactly(1500), model="exact_posterior")
    assert scores["rmse"] == pytest.approx(scores["rmse_theory"], rel=0.02)
    # 500 draws have a standard deviation of 0.02, 1,500 a third of it.
    assert scores["ksd"] == pytest.approx(scores["ksd_theory"], abs=0.025)
    assert scores["weight"] == pytest.approx(scores["weight_theory"], abs=0.03)
    assert scores["weight_theory"] == pytest.approx(0.2, abs=1e-9)
    assert scores["spread_hidden"] == pytest.approx(1, abs=0.05)
    assert scores["spread_seen"] == pytest.approx(1, abs=0.03)
    assert scores["bias"] < 0.05
    assert scores["sliced_w2"] < 0.01
    offset = law.mean - problems.inverse(data("inverse_a1_20")).truth
    square = (np.trace(problems.covariance(law)) + offset @ offset) / 16
    assert scores["exact_rmse"] == pytest.approx(np.sqrt(square))


def test_one_point_has_no_spread_and_its_rmse_is_its_distance():
    problem = problems.inverse(data("inverse_a1_20"))
    scores, law = of(np.tile(problem.truth + 0.5, (120, 1)))
    assert scores["rmse"] == scores["rmse_100"] == pytest.approx(0.5)
    assert max(scores["spread_hidden"], scores["spread_seen"]) < 1e-12
    assert scores["ksd"] == pytest.approx(scores["ksd_100"])
    assert "rmse_theory" not in scores
    # A point: W₂² along a direction is the variance plus the squared offset.
    offset = problem.truth + 0.5 - law.mean
    directions = posterior_fidelity._directions(16)
    spreads = np.einsum("ij,jk,ik->i", directions, problems.covariance(law), directions)
    expected = np.mean(spreads + np.square(directions @ offset))
    assert scores["sliced_w2"] == pytest.approx(expected, rel=0.02)


def test_a_lost_mode_is_seen_by_weight_and_spread():
    def first_component(law):
        return law.of_components(np.array([True, False])).sample(500, np.random.default_rng(5))[0]

    scores, _ = of(first_component)
    assert scores["weight_error"] > 0.15
    assert scores["spread_hidden"] < 0.75
    assert scores["spread_seen"] == pytest.approx(1, abs=0.06)


def test_a_smaller_scale_weighs_single_points_more():
    scores, _ = of(exactly(200), "inverse_a2_20", convention=stein.RANK)
    other, _ = of(exactly(200), "inverse_a2_20", convention=stein.UNIT)
    assert scores["ksd"] > 2 * other["ksd"]
    assert scores["rmse"] == other["rmse"]


def test_the_stationary_point_is_compared_coordinate_by_coordinate():
    arrays = data("inverse_gaussian")
    problem = problems.inverse(arrays)
    observation = problem.observe(np.random.default_rng(6))
    mean = problem.posterior(observation).mean
    centre = mean + 0.1 * np.eye(16)[2]
    inferred = {"centre": centre, "stationary": mean, "observation": observation}
    scores = stationary_point.score(SimpleNamespace(data=arrays, inferred=inferred))
    assert scores["distance"] == pytest.approx(0.1)
    assert scores["from_posterior"] == pytest.approx(0.1 / 4)
    assert scores["from_posterior_theory"] == 0
    assert scores["point_3"] == pytest.approx(scores["point_3_theory"] + 0.1)
    assert scores["point_1"] == scores["point_1_theory"]
