"""UC: known sets of latents, and the released code's values with the numpy of its time."""

import json

import numpy as np
import pytest
from project import GOLDENS

from facsimile.metrics import _latent_sets, unconfoundedness
from facsimile.metrics.base import draws as base_draws

ANSWERS = json.loads((GOLDENS / "unconfoundedness" / "answers.json").read_text())


def scored(codes, grid, convention="corrected"):
    return unconfoundedness.score(
        base_draws.from_table(codes, grid.factors, 2000, 50, 0), convention
    )


@pytest.fixture
def robust(monkeypatch):
    """Sets from a given matrix [d, k] of robustness."""

    def sets(matrix, rho, convention="corrected"):
        scores = (np.arange(len(matrix)), np.asarray(matrix, np.float64))
        monkeypatch.setattr(_latent_sets, "_robustness", lambda draws: scores)
        points = base_draws.Sample(np.zeros((4, 1), np.float32), np.arange(4)[:, None])
        return _latent_sets.of_factors(base_draws.Draws(points, points), rho, convention)

    return sets


@pytest.mark.parametrize("convention", unconfoundedness.CONVENTIONS)
def test_a_perfect_code_has_one(grid, convention):
    assert scored(grid.oracle(), grid, convention)["uc"] == 1.0


def test_seven_latents_per_factor_can_be_disjoint(grid):
    codes = np.repeat(grid.oracle(), 7, axis=1)
    assert scored(codes, grid) == {"uc": 1.0, "uc_rho7": 1.0}


def test_seven_of_ten_overlap_at_best_by_two_fifths(grid):
    codes = np.c_[grid.oracle(), grid.noise(6)]
    assert scored(codes, grid)["uc_rho7"] <= 0.6
    assert scored(codes[:, :7], grid)["uc_rho7"] == 0.0


def test_factors_in_one_latent_are_confounded(grid):
    """A single latent encodes all four factors; if two share one, one pair in six is confounded."""
    codes = grid.oracle()
    assert scored(codes[:, :1], grid)["uc"] == 0.0
    merged = np.c_[codes[:, 0] + 0.1 * codes[:, 1], codes[:, 2:]]
    assert scored(merged, grid)["uc"] == pytest.approx(5 / 6)


@pytest.mark.parametrize("convention", unconfoundedness.CONVENTIONS)
def test_constant_codes_have_zero(grid, convention):
    assert scored(np.full((360, 3), 0.1), grid, convention) == {"uc": 0.0, "uc_rho7": 0.0}


def test_a_constant_latent_is_in_no_set(grid):
    codes = grid.entangled()
    assert scored(np.c_[np.zeros(360), codes], grid) == scored(codes, grid)


def test_one_factor_has_nothing_to_be_confounded_with(grid):
    single = type(grid)((5,))
    assert scored(single.oracle(), single)["uc"] == 1.0


def test_order_sign_and_scale_of_latents_do_not_matter(grid):
    codes = grid.entangled(10)
    moved = codes[:, [3, 8, 1, 5, 9, 0, 2, 7, 4, 6]] * np.float32(
        [1, -2, 4, -1, 0.5, -1, 1, 2, -8, 1]
    )
    assert scored(moved, grid) == pytest.approx(scored(codes, grid))


def test_the_released_selection_depends_on_the_order_of_latents(grid):
    codes = np.c_[grid.oracle(), grid.noise(6)]
    orders = [np.random.default_rng(seed).permutation(10) for seed in range(10)]
    scores = {scored(codes[:, order], grid, "dlib-fork")["uc_rho7"] for order in orders}
    assert len(scores) > 1
    assert len({scored(codes[:, order], grid)["uc_rho7"] for order in orders}) == 1


def test_the_highest_are_chosen(robust):
    matrix = np.array([[0.1, 0.9], [0.8, 0.3], [0.5, 0.3], [0.7, 0.0]])
    assert robust(matrix, 1) == [{1}, {0}]
    assert robust(matrix, 2) == [{1, 3}, {0, 1}]
    assert robust(matrix, 9) == [{0, 1, 2, 3}] * 2


def test_the_released_selection_is_the_highest_and_places_in_the_list(robust):
    column = np.array([[0.3, 0.1, 0.9, 0.2, 0.5, 0.4, 0.6, 0.0, 0.7, 0.8]]).T
    assert robust(column, 1, "dlib-fork") == [{2}]
    assert robust(column, 2, "dlib-fork") == [{2, 7}]  # the second highest is latent 9
    assert robust(column, 7, "dlib-fork") == [{2, 9}]  # in whose place latent 9 was put
    assert robust(column[:3], 2, "dlib-fork") == [{2, 1}]  # three are sorted: the lowest


@pytest.mark.parametrize("case", ANSWERS)
def test_it_is_the_released_number(case, read_golden):
    golden, expected = read_golden(case), ANSWERS[case]
    scores = unconfoundedness.score(golden["draws"], "dlib-fork")
    assert scores == pytest.approx({"uc": expected["uc_full_1"], "uc_rho7": expected["uc_full_7"]})


@pytest.mark.parametrize("case", ANSWERS)
def test_the_released_sets(case, read_golden):
    golden = read_golden(case)
    points = base_draws.Sample(golden["mus_train"].T[:300], golden["ys_train"].T[:300])
    draws = base_draws.Draws(points, points)
    for rho in (1, 7):
        scores = _latent_sets.of_factors(draws, rho, "dlib-fork")
        assert [sorted(members) for members in scores] == ANSWERS[case][f"sets_{rho}"]
