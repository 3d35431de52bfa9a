"""Every file of metrics/ keeps the same promises; a new file is found by its name."""

import dataclasses

import numpy as np
import pytest
from every_metric import NAMES, OF_CODES

from facsimile.foundation import discover
from facsimile.metrics.base import draws
from facsimile.studies import score_names

SLOW = pytest.mark.slow


@pytest.fixture(params=NAMES)
def metric(request):
    return discover.module("metrics", request.param)


def scored(metric, grid, codes, convention=None):
    return metric.score(drawn(grid, codes), convention or next(iter(metric.CONVENTIONS)))


def drawn(grid, codes):
    return draws.from_table(codes, grid.factors, 300, 150, 0, grid.outputs(codes))


def test_its_description_is_complete(metric):
    low, high = metric.RANGE
    assert low < high
    assert metric.BETTER in ("higher", "lower")
    outputs = {field.name for field in dataclasses.fields(draws.ModelOutputs)}
    assert set(metric.NEEDS) <= {"codes", "factors", "table", "grid"} | outputs
    assert "codes" in metric.NEEDS
    assert any(character.isdigit() for character in metric.REFERENCE), "REFERENCE names a year"
    assert all(metric.CONVENTIONS.values()), "each convention says what it changes"
    assert metric.__doc__
    assert metric.score.__doc__


@pytest.mark.parametrize("kind", ["oracle", "entangled", pytest.param("noise", marks=SLOW)])
def test_its_scores_are_finite_and_its_headline_in_range(metric, grid, kind):
    for convention in metric.CONVENTIONS:
        scores = scored(metric, grid, getattr(grid, kind)(), convention)
        assert all(type(value) is float and np.isfinite(value) for value in scores.values()), scores
        assert metric.RANGE[0] <= scores[metric.HEADLINE] <= metric.RANGE[1]
        family = metric.__name__.rpartition(".")[2]
        unknown = [name for name in scores if not score_names.exists(f"{family}.{name}")]
        assert unknown == [], "a study can name only scores that are in SCORES"


def test_the_oracle_is_better_than_noise(metric, grid):
    oracle, noise = (
        scored(metric, grid, codes)[metric.HEADLINE] for codes in (grid.oracle(), grid.noise())
    )
    if "factors" not in metric.NEEDS:
        pytest.skip(
            "a score that does not see the factors: noise may be as good to it as the truth"
        )
    assert (oracle > noise) == (metric.BETTER == "higher")


def test_it_is_a_function_of_its_arguments(metric, grid):
    codes = grid.entangled()
    before = codes.copy()
    state = np.random.get_state()[1].copy()
    assert scored(metric, grid, codes) == scored(metric, grid, codes)
    np.testing.assert_array_equal(codes, before)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.slow
def test_no_score_depends_on_the_metrics_computed_before(grid):
    codes, everyone = grid.entangled(), [discover.module("metrics", name) for name in OF_CODES]
    forwards, backwards = drawn(grid, codes), drawn(grid, codes)
    first = [metric.score(forwards, next(iter(metric.CONVENTIONS))) for metric in everyone]
    last = [
        metric.score(backwards, next(iter(metric.CONVENTIONS))) for metric in reversed(everyone)
    ]
    assert first == last[::-1]
