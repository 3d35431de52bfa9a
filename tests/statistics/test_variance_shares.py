"""Variance explained by objective, hyper-parameter and seed, on made-up studies whose shares are known."""

import numpy as np
import pytest

from facsimile.statistics import variance_shares


def labels(objectives, settings, seeds):
    cells = np.repeat(np.arange(objectives * settings), seeds)
    return cells // settings, cells % settings


def study(rng, objectives, settings, seeds, scales):
    """Scores of planted effects, and the shares that each has of their variance."""
    a, b = rng.standard_normal(objectives), rng.standard_normal((objectives, settings))
    a, b = scales[0] * (a - a.mean()), scales[1] * (b - b.mean(axis=1, keepdims=True))
    objective, setting = labels(objectives, settings, seeds)
    parts = np.array([np.mean(a**2), np.mean(b**2), scales[2] ** 2])
    noise = scales[2] * rng.standard_normal(objective.size)
    return a[objective] + b[objective, setting] + noise, objective, setting, parts / parts.sum()


def test_shares_worked_out_by_hand():
    # Mean 4, total 48; the objectives' means 2 and 6 give 32 of it, the cells' means 1, 3, 5, 7 give 40.
    values = np.array([0.0, 2, 2, 4, 4, 6, 6, 8])
    found = variance_shares.explained(values, *labels(2, 2, 2), np.random.default_rng(0))
    assert found.r2_objective == pytest.approx(32 / 48)
    assert found.r2_setting == pytest.approx(40 / 48)
    assert found.shares == pytest.approx(
        [1 - 16 / 48 * 7 / 6, 16 / 48 * 7 / 6 - 8 / 48 * 7 / 4, 8 / 48 * 7 / 4]
    )
    assert found.shares.sum() == pytest.approx(1)


def test_r2_is_that_of_least_squares_on_one_hot_columns_whatever_the_order_and_the_cell_sizes():
    rng = np.random.default_rng(1)
    values, objective, setting, _ = study(rng, 3, 4, 6, (1, 1, 1))
    kept = rng.permutation(values.size)[:50]
    values, objective, setting = values[kept], objective[kept], setting[kept]
    found = variance_shares.explained(values, objective, setting, rng)
    for groups, r2 in (
        (objective, found.r2_objective),
        (objective * 10 + setting, found.r2_setting),
    ):
        one_hot = (groups[:, None] == np.unique(groups)).astype(float)
        residual = values - one_hot @ np.linalg.lstsq(one_hot, values)[0]
        assert r2 == pytest.approx(1 - (residual**2).sum() / ((values - values.mean()) ** 2).sum())


def test_a_hyper_parameter_is_its_own_objectives_even_where_the_labels_are_alike():
    values = np.array([0.0, 0.0, 5.0, 5.0])
    found = variance_shares.explained(
        values, np.array([0, 0, 1, 1]), np.zeros(4), np.random.default_rng(0)
    )
    assert found.r2_objective == found.r2_setting == 1


def test_noise_is_seed_by_adjusted_r2_though_plain_r2_says_otherwise():
    rng = np.random.default_rng(2)
    many = [
        variance_shares.explained(
            rng.standard_normal(180), *labels(6, 6, 5), np.random.default_rng(0), resamples=2
        )
        for _ in range(200)
    ]
    assert np.mean([found.r2_setting for found in many]) == pytest.approx(35 / 179, abs=0.01)
    assert np.mean([found.shares for found in many], axis=0) == pytest.approx([0, 0, 1], abs=0.01)


@pytest.mark.parametrize("scales", [(1.5, 0.5, 0.5), (0.3, 0.5, 1.5)])
def test_intervals_hold_the_truth(scales):
    rng = np.random.default_rng(3)
    held = []
    for _ in range(60):
        values, objective, setting, truth = study(rng, 6, 6, 5, scales)
        found = variance_shares.explained(values, objective, setting, rng, resamples=300)
        ends = [found.share(part) for part in variance_shares.PARTS]
        held += [end.low <= share <= end.high for end, share in zip(ends, truth, strict=True)]
    assert np.mean(held) > 0.85


def test_one_run_a_cell_or_no_variation_says_nothing():
    for values, seeds in ((np.arange(6.0), 1), (np.ones(12), 2)):
        found = variance_shares.explained(values, *labels(2, 3, seeds), np.random.default_rng(0))
        assert np.isnan(found.shares).all()
        assert np.isnan(found.share("seed").low)
        assert found.n == values.size
