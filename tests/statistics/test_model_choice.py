"""Transfer of a choice of model, on scores whose answer is known, and against draws made one by one."""

import numpy as np
import pandas as pd
import pytest

from facsimile.statistics import model_choice
from facsimile.statistics.model_choice import Case

SAME, BOTH_OTHER = (
    Case(same_metric=True, same_dataset=True),
    Case(same_metric=False, same_dataset=False),
)
ELSEWHERE = Case(same_metric=True, same_dataset=False)


def probability(values, case):
    return model_choice.beats_random(values, case, np.random.default_rng(0))


def fixed(per_dataset, metrics=2, seeds=4):
    """Scores that depend on data set and setting alone."""
    return np.broadcast_to(
        np.array(per_dataset, dtype=float)[:, None, :, None], (len(per_dataset), metrics, 5, seeds)
    ).copy()


def test_an_order_that_always_holds_is_beaten_by_nothing_but_itself():
    for case in model_choice.CASES:
        found = probability(fixed([range(5), range(5)]), case)
        assert found.value == pytest.approx(4.5 / 5)
        assert np.isnan(found.low)


def test_an_order_that_turns_round_elsewhere_misleads():
    values = fixed([range(5), range(5)[::-1]])
    assert probability(values, SAME).value == pytest.approx(0.9)
    assert probability(values, ELSEWHERE).value == pytest.approx(0.1)


def test_chance_is_one_half_and_the_interval_holds_it():
    values = np.random.default_rng(1).standard_normal((3, 4, 12, 20))
    for case in model_choice.CASES:
        found = probability(values, case)
        assert found.low < 0.5 < found.high
        assert found.high - found.low < 0.2


@pytest.mark.parametrize("case", model_choice.CASES)
def test_it_is_what_ten_thousand_draws_tend_to(case):
    rng = np.random.default_rng(2)
    values = rng.standard_normal((3, 2, 6, 1)) + 0.7 * rng.standard_normal((3, 2, 6, 5))
    won = [draw(values, case, rng) for _ in range(10_000)]
    assert probability(values, case).value == pytest.approx(np.mean(won), abs=3 * np.std(won) / 100)


def draw(values, case, rng):
    """One draw as it is told: choose, then compare with a random setting at another seed."""
    datasets, metrics, settings, seeds = values.shape
    d, m, s = rng.integers(datasets), rng.integers(metrics), rng.integers(seeds)
    e = d if case.same_dataset else rng.choice([x for x in range(datasets) if x != d])
    k = m if case.same_metric else rng.choice([x for x in range(metrics) if x != m])
    t = rng.choice([x for x in range(seeds) if x != s])
    chosen, rival = values[d, m, :, s].argmax(), rng.integers(settings)
    return (np.sign(values[e, k, chosen, t] - values[e, k, rival, t]) + 1) / 2


def test_one_data_set_one_score_or_one_seed_cannot_be_asked():
    assert np.isnan(probability(fixed([range(5)]), ELSEWHERE).value)
    assert np.isfinite(probability(fixed([range(5)]), SAME).value)
    assert np.isnan(probability(fixed([range(5)] * 2, metrics=1), BOTH_OTHER).value)
    assert np.isnan(probability(fixed([range(5)] * 2, seeds=1), SAME).value)


def test_failed_runs_take_no_part():
    values = fixed([range(5), range(5)])
    values[0, :, 4, 0] = (
        np.nan
    )  # the best setting of data set 0 failed at seed 0, so the next is chosen there
    found = probability(values, SAME)
    # Seed 0 of data set 0 chooses setting 3, which beats 3.5 of 5; others choose 4, which is not there at seed 0.
    chosen = 3 * [0.7] + 6 * [0.9] + 12 * [0.9]
    assert found.value == pytest.approx(np.mean(chosen))
    assert found.n == 2 * 5 * 4 - 1


def test_the_grid_has_a_place_for_every_run():
    tidy = pd.DataFrame(
        [("a", "x", "s1", 0, 1.0), ("a", "x", "s2", 0, 2.0), ("b", "x", "s1", 1, 3.0)],
        columns=["dataset", "name", "setting", "seed", "result"],
    )
    found = model_choice.grid(tidy, ["a", "b"], ["x"], ["s1", "s2"])
    assert found.shape == (2, 1, 2, 2)
    assert found[0, 0, :, 0].tolist() == [1, 2]
    assert found[1, 0, 0, 1] == 3
    assert np.isnan(found).sum() == 5
