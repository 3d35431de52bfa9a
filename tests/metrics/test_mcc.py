"""Mean correlation coefficient: known codes, invariances, published functions."""

import json

import numpy as np
import pytest
from project import GOLDENS

from facsimile.metrics import mcc
from facsimile.metrics.base import draws as base_draws

GOLDEN = json.loads((GOLDENS / "mcc" / "dsprites.json").read_text())


def scored(codes, grid, convention="paper", seed=0):
    return mcc.score(base_draws.from_table(codes, grid.factors, 2000, 500, seed), convention)


@pytest.mark.parametrize("convention", mcc.CONVENTIONS)
def test_a_perfect_code_has_one(grid, convention):
    assert all(
        value == pytest.approx(1) for value in scored(grid.oracle(), grid, convention).values()
    )


@pytest.mark.parametrize("convention", mcc.CONVENTIONS)
def test_noise_and_shuffled_codes_are_near_zero(grid, convention):
    large = type(grid)((3, 4, 5, 6, 7))
    shuffled = np.random.default_rng(2).permutation(large.oracle())
    for codes in (large.noise(5), shuffled):
        assert max(scored(codes, large, convention).values()) < 0.12


def test_constant_codes_have_zero(grid):
    assert set(scored(np.full((360, 4), 0.1), grid).values()) == {0.0}


def test_a_constant_code_beside_a_perfect_one_changes_nothing(grid):
    assert scored(np.c_[np.full(360, 0.1), grid.oracle()], grid) == pytest.approx(
        scored(grid.oracle(), grid)
    )


@pytest.mark.parametrize("convention", mcc.CONVENTIONS)
def test_order_sign_and_scale_of_latents_do_not_matter(grid, convention):
    codes = grid.entangled(4)
    moved = codes[:, [2, 0, 3, 1]] * np.float32([-3, 0.1, 7, -1]) + np.float32([1, 2, 3, 4])
    assert scored(moved, grid, convention) == pytest.approx(
        scored(codes, grid, convention), abs=1e-6
    )


def test_copies_change_nothing(grid):
    codes = grid.entangled(4)
    assert scored(np.c_[codes, codes], grid)["mcc"] >= scored(codes, grid)["mcc"]
    perfect = grid.oracle()
    assert scored(np.c_[perfect, perfect], grid)["mcc"] == pytest.approx(1)


def test_a_monotonic_code_keeps_its_ranks(grid):
    scores = scored(grid.oracle() ** 5, grid)
    assert [scores["mcc_spearman"], scores["mcc_spearman_test"]] == pytest.approx([1, 1])
    assert scores["mcc"] < 0.95


def test_the_index_of_a_value_is_its_size(grid):
    """Of three values with two exchanged the correlation is 1/2, over equally frequent ones."""
    codes = grid.oracle()
    codes[:, 0] = np.array([1, 0, 2])[grid.factors[:, 0]]
    points = base_draws.Sample(codes, grid.factors)
    scores = mcc.score(base_draws.Draws(points, points))
    assert [scores["mcc"], scores["mcc_spearman"]] == pytest.approx([3.5 / 4, 3.5 / 4])


def test_fewer_codes_than_factors(grid):
    codes = grid.oracle()[:, 1:3]
    assert scored(codes, grid)["mcc"] == pytest.approx(0.5)
    assert scored(codes, grid, "icebeem")["mcc"] == pytest.approx(1)
    with pytest.raises(ValueError, match="as many codes as factors, not 2 for 4"):
        scored(codes, grid, "slow-disentanglement")


def test_pairs_are_those_of_the_training_points(grid):
    train, test = (
        base_draws.Sample(grid.oracle(), grid.factors),
        base_draws.Sample(grid.oracle()[:, [1, 0, 2, 3]], grid.factors),
    )
    scores = mcc.score(base_draws.Draws(train, test))
    assert scores["mcc"] == pytest.approx(1)
    assert scores["mcc_test"] == pytest.approx(0.5)


def test_noise_can_win_a_code_only_by_slow_disentanglement(grid):
    """Its columns of noise are paired, too.

    With uninformative codes and few points they take the best codes.
    """
    draws = base_draws.from_table(grid.noise(30), grid.factors, 60, 60, 0)
    assert mcc.score(draws, "slow-disentanglement")["mcc"] < mcc.score(draws, "paper")["mcc"]


@pytest.mark.parametrize("convention", ["icebeem", "slow-disentanglement"])
def test_it_is_the_published_functions_number(golden, convention):
    expected = GOLDEN[golden["case"]].get(convention)
    if expected is None:
        with pytest.raises(ValueError, match="as many codes as factors"):
            mcc.score(golden["draws"], convention)
        return
    scores = mcc.score(golden["draws"], convention)
    assert [scores["mcc"], scores["mcc_spearman"]] == pytest.approx(expected, abs=1e-9)
