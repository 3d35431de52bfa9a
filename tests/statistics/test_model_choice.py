"""Transfer of a choice of model: on scores with known results, and compared with single draws."""

import numpy as np
import pandas as pd
import pytest

from facsimile.statistics import model_choice
from facsimile.statistics.model_choice import Case

SAME = Case(same_metric=True, same_dataset=True)
BOTH_OTHER = Case(same_metric=False, same_dataset=False)
OTHER_DATASET = Case(same_metric=True, same_dataset=False)


def probability(values, case):
    return model_choice.beats_random(values, case, np.random.default_rng(0))


def fixed(per_dataset, metrics=2, seeds=4):
    """Return scores that depend only on data set and setting."""
    values = np.array(per_dataset, dtype=float)[:, None, :, None]
    return np.broadcast_to(values, (len(per_dataset), metrics, 5, seeds)).copy()


def test_with_a_constant_order_only_the_same_setting_ties():
    for case in model_choice.CASES:
        result = probability(fixed([range(5), range(5)]), case)
        assert result.value == pytest.approx(4.5 / 5)
        assert np.isnan(result.low)


def test_the_papers_convention_counts_ties_as_wins():
    rng = np.random.default_rng(0)
    values = fixed([range(5), range(5)])
    assert model_choice.beats_random(values, SAME, rng, ties=1).value == pytest.approx(1)
    assert model_choice.beats_random(values, SAME, rng, ties=0).value == pytest.approx(4 / 5)


def test_an_order_that_is_reversed_on_the_other_data_set_misleads():
    values = fixed([range(5), range(5)[::-1]])
    assert probability(values, SAME).value == pytest.approx(0.9)
    assert probability(values, OTHER_DATASET).value == pytest.approx(0.1)


def test_chance_is_one_half_and_in_the_interval():
    values = np.random.default_rng(1).standard_normal((3, 4, 12, 20))
    for case in model_choice.CASES:
        result = probability(values, case)
        assert result.low < 0.5 < result.high
        assert result.high - result.low < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("case", model_choice.CASES)
def test_it_agrees_with_ten_thousand_draws(case):
    rng = np.random.default_rng(2)
    values = rng.standard_normal((3, 2, 6, 1)) + 0.7 * rng.standard_normal((3, 2, 6, 5))
    won = [draw(values, case, rng) for _ in range(10_000)]
    assert probability(values, case).value == pytest.approx(np.mean(won), abs=3 * np.std(won) / 100)


def draw(values, case, rng):
    """One draw as described: choose, then compare with a random setting at another seed."""
    datasets, metrics, settings, seeds = values.shape
    d, m, s = rng.integers(datasets), rng.integers(metrics), rng.integers(seeds)
    e = d if case.same_dataset else rng.choice([x for x in range(datasets) if x != d])
    k = m if case.same_metric else rng.choice([x for x in range(metrics) if x != m])
    t = rng.choice([x for x in range(seeds) if x != s])
    chosen, rival = values[d, m, :, s].argmax(), rng.integers(settings)
    return (np.sign(values[e, k, chosen, t] - values[e, k, rival, t]) + 1) / 2


def test_it_is_undefined_for_one_data_set_one_score_or_one_seed():
    assert np.isnan(probability(fixed([range(5)]), OTHER_DATASET).value)
    assert np.isfinite(probability(fixed([range(5)]), SAME).value)
    assert np.isnan(probability(fixed([range(5)] * 2, metrics=1), BOTH_OTHER).value)
    assert np.isnan(probability(fixed([range(5)] * 2, seeds=1), SAME).value)


def test_failed_runs_are_left_out():
    values = fixed([range(5), range(5)])
    # The best setting of data set 0 failed at seed 0, so the next best is chosen there.
    values[0, :, 4, 0] = np.nan
    result = probability(values, SAME)
    # Seed 0 of data set 0 chooses setting 3, which beats 3.5 of 5. The others choose setting 4,
    # which does not exist at seed 0.
    chosen = 3 * [0.7] + 6 * [0.9] + 12 * [0.9]
    assert result.value == pytest.approx(np.mean(chosen))
    assert result.n == 2 * 5 * 4 - 1


def test_the_grid_has_an_element_for_every_run():
    tidy = pd.DataFrame(
        [("a", "x", "s1", 0, 1.0), ("a", "x", "s2", 0, 2.0), ("b", "x", "s1", 1, 3.0)],
        columns=["dataset", "name", "setting", "seed", "result"],
    )
    result = model_choice.grid(tidy, ["a", "b"], ["x"], ["s1", "s2"])
    assert result.shape == (2, 1, 2, 2)
    assert result[0, 0, :, 0].tolist() == [1, 2]
    assert result[1, 0, 0, 1] == 3
    assert np.isnan(result).sum() == 5
