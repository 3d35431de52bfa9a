"""FactorVAE score: which codes count, what a lost factor costs, and what is beneath its notice."""

import numpy as np
import pytest

from facsimile.metrics import factor_vae_score as metric
from facsimile.metrics.base import cases
from facsimile.metrics.base import draws as base_draws
from facsimile.metrics.base.conventions import CORRECTED, DLIB


def scored(codes, grid, convention=DLIB, **options):
    draws = base_draws.from_table(codes, grid.factors, 400, 400, 0, **options)
    return metric.score(draws, convention)


@pytest.mark.parametrize(("dead", "size"), [(3, 0.0), (3, 0.049), (0, 0.0)])
def test_active_dimensions_are_all_codes_or_the_active_ones(grid, dead, size):
    oracle = grid.oracle()
    still = size * np.random.default_rng(0).standard_normal((len(oracle), dead))
    codes = np.c_[oracle, still * 0.9].astype(np.float32)
    both = [scored(codes, grid, convention) for convention in (DLIB, CORRECTED)]
    assert [scores["active_dimensions"] for scores in both] == [4 + dead, 4]
    assert both[0]["factor_vae_score"] == both[1]["factor_vae_score"] == 1


def test_codes_below_the_threshold_score_0(grid):
    for convention in (DLIB, CORRECTED):
        assert scored(grid.oracle() * np.float32(0.04), grid, convention) == {
            "factor_vae_score": 0,
            "active_dimensions": 0,
        }
    assert scored(grid.oracle() * np.float32(0.06), grid)["factor_vae_score"] == 1


def test_a_factor_without_a_latent_costs_its_share_and_a_copy_nothing(grid):
    oracle = grid.oracle()
    # Batches that hold the lost factor fixed are confused with those of one other factor.
    assert scored(oracle[:, 1:], grid)["factor_vae_score"] == pytest.approx(0.75, abs=0.06)
    assert scored(np.c_[oracle, oracle[:, :1]], grid)["factor_vae_score"] == 1


def test_a_rotation_matters_only_near_45_degrees(grid):
    assert scored(cases.rotated(grid.oracle(), 30), grid)["factor_vae_score"] > 0.95
    assert scored(cases.rotated(grid.oracle(), 45), grid)["factor_vae_score"] < 0.7


def test_larger_batches_see_through_noise(grid):
    codes = cases.noisy(grid.oracle(), np.random.default_rng(0), 2.0)
    few, many = (scored(codes, grid, batch=batch)["factor_vae_score"] for batch in (4, 256))
    assert many > few + 0.3
