"""Shares of variance due to objective, hyper-parameter and seed, on studies with known shares."""

import numpy as np
import pytest

from facsimile.statistics import variance_shares


def labels(objectives, settings, seeds):
    cells = np.repeat(np.arange(objectives * settings), seeds)
    return cells // settings, cells % settings


def study(rng, objectives, settings, seeds, scales):
    """Return scores with planted effects, and the share of each effect in their variance."""
    a, b = rng.standard_normal(objectives), rng.standard_normal((objectives, settings))
    a, b = scales[0] * (a - a.mean()), scales[1] * (b - b.mean(axis=1, keepdims=True))
    objective, setting = labels(objectives, settings, seeds)
    parts = np.array([np.mean(a**2), np.mean(b**2), scales[2] ** 2])
    noise = scales[2] * rng.standard_normal(objective.size)
    return a[objective] + b[objective, setting] + noise, objective, setting, parts / parts.sum()


def test_shares_worked_out_by_hand():
    # Mean 4, total sum of squares 48. The means of the objectives, 2 and 6, account for 32 of it;
    # the means of the cells, 1, 3, 5, 7, account for 40.
    values = np.array([0.0, 2, 2, 4, 4, 6, 6, 8])
    result = variance_shares.explained(values, *labels(2, 2, 2), np.random.default_rng(0))
    assert result.r2_objective == pytest.approx(32 / 48)
    assert result.r2_setting == pytest.approx(40 / 48)
    assert result.shares == pytest.approx(
        [1 - 16 / 48 * 7 / 6, 16 / 48 * 7 / 6 - 8 / 48 * 7 / 4, 8 / 48 * 7 / 4]
    )
    assert result.shares.sum() == pytest.approx(1)


def test_r2_equals_least_squares_on_one_hot_columns_for_any_order_and_cell_sizes():
    rng = np.random.default_rng(1)
    values, objective, setting, _ = study(rng, 3, 4, 6, (1, 1, 1))
    kept = rng.permutation(values.size)[:50]
    values, objective, setting = values[kept], objective[kept], setting[kept]
    result = variance_shares.explained(values, objective, setting, rng)
    for groups, r2 in (
        (objective, result.r2_objective),
        (objective * 10 + setting, result.r2_setting),
    ):
        one_hot = (groups[:, None] == np.unique(groups)).astype(float)
        residual = values - one_hot @ np.linalg.lstsq(one_hot, values)[0]
        assert r2 == pytest.approx(1 - (residual**2).sum() / ((values - values.mean()) ** 2).sum())


def test_equal_labels_of_two_objectives_are_different_hyper_parameters():
    values = np.array([0.0, 0.0, 5.0, 5.0])
    result = variance_shares.explained(
        values, np.array([0, 0, 1, 1]), np.zeros(4), np.random.default_rng(0)
    )
    assert result.r2_objective == result.r2_setting == 1


def test_adjusted_r2_attributes_noise_to_the_seed_and_plain_r2_does_not():
    rng = np.random.default_rng(2)
    many = [
        variance_shares.explained(
            rng.standard_normal(180), *labels(6, 6, 5), np.random.default_rng(0), resamples=2
        )
        for _ in range(200)
    ]
    assert np.mean([result.r2_setting for result in many]) == pytest.approx(35 / 179, abs=0.01)
    assert np.mean([result.shares for result in many], axis=0) == pytest.approx([0, 0, 1], abs=0.01)


@pytest.mark.parametrize("scales", [(1.5, 0.5, 0.5), (0.3, 0.5, 1.5)])
def test_intervals_contain_the_truth(scales):
    rng = np.random.default_rng(3)
    contained = []
    for _ in range(60):
        values, objective, setting, truth = study(rng, 6, 6, 5, scales)
        result = variance_shares.explained(values, objective, setting, rng, resamples=300)
        ends = [result.share(part) for part in variance_shares.PARTS]
        contained += [end.low <= share <= end.high for end, share in zip(ends, truth, strict=True)]
    assert np.mean(contained) > 0.85


def test_the_interval_of_plain_r2_is_about_its_value():
    rng = np.random.default_rng(4)
    values, objective, setting, _ = study(rng, 6, 6, 5, (1.0, 0.5, 0.5))
    result = variance_shares.explained(values, objective, setting, rng, resamples=300)
    for index, value in enumerate((result.r2_objective, result.r2_setting)):
        estimate = result.plain(index)
        assert estimate.low < estimate.value == value < estimate.high
        assert estimate.n == values.size


def test_shares_are_nan_for_one_run_per_cell_or_without_variation():
    for values, seeds in ((np.arange(6.0), 1), (np.ones(12), 2)):
        result = variance_shares.explained(values, *labels(2, 3, seeds), np.random.default_rng(0))
        assert np.isnan(result.shares).all()
        assert np.isnan(result.share("seed").low)
        assert result.n == values.size
