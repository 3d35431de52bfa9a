"""Separated attribute predictability: the reference's values, known codes, invariances."""

import numpy as np
import pytest

from facsimile.metrics import mig, sap
from facsimile.metrics.base import draws as base_draws

SEEDS = range(4)


def drawn(codes, grid, n_train=600, n_test=300):
    return base_draws.from_table(codes, grid.factors, n_train, n_test, seed=0)


def scored(codes, grid, **options):
    return sap.score(drawn(codes, grid, **options))


def test_squared_correlations_equal_the_reference(golden):
    """continuous_factors=True, on NumPy 1.16.4."""
    scores = sap.squared_correlations(golden["draws"])
    np.testing.assert_allclose(scores, golden["sap_matrix_continuous"], rtol=0, atol=1e-14)
    assert float(np.mean(mig.gap(scores))) == pytest.approx(
        float(golden["sap_continuous"]), abs=1e-14
    )


def test_the_score_is_the_mean_gap(grid):
    draws = drawn(grid.entangled(), grid)
    first, second = np.sort(sap.squared_correlations(draws), axis=0)[[-1, -2]]
    assert sap.score(draws)["sap_continuous"] == pytest.approx(np.mean(first - second), abs=1e-15)
    first, second = np.sort(sap.matrix(draws), axis=0)[[-1, -2]]
    assert sap.score(draws)["sap"] == pytest.approx(np.mean(first - second), abs=1e-15)


def test_a_perfect_code_scores_1_by_correlations(grid):
    assert scored(grid.oracle(), grid, n_train=4000)["sap_continuous"] > 0.99


def test_a_linear_classifier_on_one_code_separates_two_classes_but_not_many(grid):
    """With two values all points are right, and the second-best code is right by chance.

    With more values the best code is not always right.
    """
    pairs = type(grid)((2, 2, 2, 2))
    scores = sap.matrix(drawn(pairs.oracle(), pairs))
    np.testing.assert_array_equal(np.diag(scores), 1)
    np.testing.assert_allclose(
        scores[~np.eye(4, dtype=bool)], 0.5, atol=4 * 0.5 / np.sqrt(300)
    )  # four standard deviations
    assert np.diag(sap.matrix(drawn(grid.oracle(), grid)))[1:].max() < 1


def test_noise_shuffled_and_constant_codes_are_at_the_bottom(grid):
    shuffled = np.random.default_rng(2).permutation(grid.oracle())
    assert scored(grid.noise(), grid, n_train=4000)["sap_continuous"] < 0.02
    assert scored(shuffled, grid, n_train=4000)["sap_continuous"] < 0.03
    assert scored(np.full((360, 3), 0.3, np.float32), grid) == {"sap": 0.0, "sap_continuous": 0.0}


@pytest.mark.parametrize("seed", SEEDS)
def test_order_sign_scale_and_shift_do_not_matter_to_correlations(grid, seed):
    rng = np.random.default_rng(seed)
    codes = grid.entangled()
    moved = codes[:, rng.permutation(6)] * rng.choice([-8, -0.5, 0.25, 4], 6) + rng.normal(size=6)
    one, other = (scored(c, grid)["sap_continuous"] for c in (codes, moved.astype(np.float32)))
    assert one == pytest.approx(other, abs=1e-6)


def test_a_copy_leaves_no_gap(grid):
    codes = grid.oracle()
    assert scored(np.c_[codes, codes], grid) == {"sap": 0.0, "sap_continuous": 0.0}


def test_a_code_that_hardly_varies_has_no_correlation(grid):
    """By the reference's threshold of 1e-12 for the variance; a linear classifier fails, too."""
    codes = grid.oracle() * np.float32(1e-7)
    assert scored(codes, grid)["sap_continuous"] == 0.0
    assert scored(grid.oracle() * np.float32(1e-5), grid)["sap_continuous"] > 0.9


def test_a_single_code_has_its_own_entry(grid):
    draws = drawn(grid.oracle()[:, :1], grid)
    scores = sap.score(draws)
    assert scores["sap_continuous"] == pytest.approx(sap.squared_correlations(draws).mean())
    assert scores["sap"] == pytest.approx(sap.matrix(draws).mean())


def test_two_exchanged_values_lower_the_correlation_of_their_factor(grid):
    """Of three equally frequent values with two exchanged the correlation is 1/2."""
    codes = grid.oracle()
    codes[:, 0] = np.array([0, 2, 1])[grid.factors[:, 0]]
    scores = sap.squared_correlations(
        base_draws.Draws(*[base_draws.Sample(codes, grid.factors)] * 2)
    )
    assert scores[0, 0] == pytest.approx(0.25)
    assert scores[1, 1] == pytest.approx(1)


def test_accuracies_are_computed_once(grid, monkeypatch):
    draws, calls = drawn(grid.oracle(), grid), []
    accuracy = sap._accuracy
    monkeypatch.setattr(
        sap, "_accuracy", lambda *arguments: calls.append(arguments) or accuracy(*arguments)
    )
    assert sap.score(draws) == sap.score(draws)
    assert len(calls) == 16
