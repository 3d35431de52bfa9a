"""Strong generalisation: the reference's values, known latents, and how points are sampled."""

import json

import numpy as np
import pytest
from project import GOLDENS

from facsimile import metrics
from facsimile.metrics import _interventions, strong_generalisation
from facsimile.metrics.base import draws as base_draws

ANSWERS = json.loads((GOLDENS / "strong_generalisation" / "answers.json").read_text())
DLIB = "dlib-sklearn020"


@pytest.fixture(scope="module")
def codes():
    with np.load(GOLDENS / "downstream" / "codes.npz", allow_pickle=False) as file:
        return file["codes"]


def scored(codes, grid, n_train=300, n_test=150, convention=DLIB, seed=0):
    return strong_generalisation.score(
        base_draws.from_table(codes, grid.factors, n_train, n_test, seed), convention
    )


@pytest.mark.slow
def test_other_ties_give_values_like_those_of_the_reference(grid, codes):
    """The reference breaks ties of latents at random; here another order breaks them differently.

    The means of eight orders and of the reference's five calls are within three standard errors.
    """
    orders = [np.random.default_rng(seed).permutation(6) for seed in range(8)]
    results = [scored(codes[:, order], grid) for order in orders]
    for key in ("strong_accuracy", "accuracy", "strong_generalisation_gap"):
        ours = np.array([result[key] for result in results])
        reference = np.array(ANSWERS["entangled"][key])
        error = np.hypot(*[np.std(x, ddof=1) / np.sqrt(len(x)) for x in (ours, reference)])
        assert abs(ours.mean() - reference.mean()) <= 3 * error
        assert np.ptp(ours) < 0.03


def test_values_of_the_reference_without_ties(grid, codes):
    """To the last digit.

    Without shift two cuts of one factor's trees are equally good, and rounding decides.
    """
    scores = scored(codes[:, :1], grid)
    assert scores["strong_accuracy"] == pytest.approx(
        ANSWERS["single"]["strong_accuracy"], abs=1e-6
    )
    assert scores["accuracy"] == pytest.approx(ANSWERS["single"]["accuracy"], abs=0.02)


def test_a_perfect_code_loses_nothing(grid):
    scores = scored(grid.oracle(), grid, 500, 200)
    assert scores["strong_accuracy"] == scores["accuracy"] == scores["strong_accuracy_train"] == 1
    assert scores["strong_generalisation_gap"] == 0


def test_a_latent_that_is_the_sum_of_two_factors_misleads():
    """While the other factor is held fixed the sum determines the target.

    Elsewhere predictions are right only at one end of the range.
    """
    factors = np.stack(np.unravel_index(np.arange(30), (5, 6)), axis=1)
    draws = base_draws.from_table(factors.sum(axis=1, keepdims=True), factors, 400, 1000, 0)
    scores = strong_generalisation.score(draws)
    assert scores["strong_accuracy_train"] == 1
    assert scores["strong_accuracy"] == pytest.approx((1 / 5 + 1 / 6) / 2, abs=0.01)
    assert scores["accuracy"] == pytest.approx(1 / 3, abs=0.04)  # ten sums for thirty combinations


def test_constants_have_almost_no_gap_and_chance_accuracy(grid):
    """A gap of nothing is no merit: read the accuracy first."""
    scores = scored(np.ones((360, 2)), grid)
    assert scores["strong_accuracy"] == pytest.approx(
        np.mean([1 / size for size in grid.sizes]), abs=0.08
    )
    assert abs(scores["strong_generalisation_gap"]) < 0.3


def test_the_held_factor_is_never_the_target_and_its_value_never_among_the_test_points(grid):
    table = base_draws.Table(grid.noise(), grid.factors)
    shifts = strong_generalisation.shifts(table, 50, 3)
    assert [target for target, _ in shifts] == np.repeat(range(4), 10).tolist()
    assert all(
        shift.factor != target and (shift.unseen != shift.seen).all() for target, shift in shifts
    )
    assert all(shift.unseen.max() < grid.sizes[shift.factor] for _, shift in shifts)
    random = np.random.RandomState(0)
    rows = table.draw(50, random)
    for _, shift in shifts:
        train, test = strong_generalisation._points((table, table), rows, rows, shift, random)
        assert (table.factors[train, shift.factor] == shift.seen).all()
        np.testing.assert_array_equal(table.factors[test, shift.factor], shift.unseen)
        others = np.delete(np.arange(4), shift.factor)
        np.testing.assert_array_equal(
            table.factors[train][:, others], table.factors[rows][:, others]
        )


def test_a_table_that_is_not_a_grid(grid):
    kept = np.random.default_rng(0).permutation(360)[:300]
    table, random = (
        base_draws.Table(grid.oracle()[kept], grid.factors[kept]),
        np.random.RandomState(0),
    )
    values = random.randint(5, size=40)
    rows = _interventions.intervened(table, table.draw(40, random), 2, values, random)
    np.testing.assert_array_equal(table.factors[rows, 2], values)
    draws = base_draws.from_table(grid.oracle()[kept], grid.factors[kept], 400, 200, 0)
    assert strong_generalisation.score(draws)["strong_accuracy"] > 0.97


@pytest.mark.slow
def test_the_seed_decides_which_factors_are_held(grid, codes):
    assert scored(codes[:, :2], grid, seed=0) != scored(codes[:, :2], grid, seed=1)


def test_few_points_and_missing_values(grid, codes):
    assert all(
        np.isfinite(list(scored(codes, grid, n_train, 3).values())).all() for n_train in (4, 12)
    )


def test_a_single_factor_and_draws_without_a_table_raise(grid, codes):
    with pytest.raises(ValueError, match="two factors"):
        metrics.score(
            codes, grid.factors[:, :1], metrics=["strong_generalisation"], n_train=50, n_test=50
        )
    draws = codes, grid.factors
    with pytest.raises(ValueError, match="give the whole table"):
        metrics.score_draws(draws, draws, metrics=["strong_generalisation"])
