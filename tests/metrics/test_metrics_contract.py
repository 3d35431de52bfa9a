"""Every metric puts known codes in order, and depends on nothing but its arguments.

What `facsimile check` tests is tested with it (tests/commands/contract).
"""

import numpy as np
import pytest
from every_metric import NAMES, OF_CODES

from facsimile.foundation import discover
from facsimile.metrics.base import draws


@pytest.fixture(params=NAMES)
def metric(request):
    return discover.module("metrics", request.param)


def scored(metric, grid, codes):
    return metric.score(drawn(grid, codes), next(iter(metric.CONVENTIONS)))


def drawn(grid, codes):
    return draws.from_table(codes, grid.factors, 300, 150, 0, grid.outputs(codes))


def test_the_oracle_is_better_than_noise(metric, grid):
    if "factors" not in metric.NEEDS:
        pytest.skip(
            "a score that does not see the factors: noise may be as good to it as the truth"
        )
    oracle, noise = (
        scored(metric, grid, codes)[metric.HEADLINE] for codes in (grid.oracle(), grid.noise())
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
