"""Metrics do not depend on each other.

What `facsimile check` tests of each metric is tested with it (tests/commands/contract).
"""

import pytest
from every_metric import OF_CODES

from facsimile.foundation import discover
from facsimile.metrics.base import draws


@pytest.mark.slow
def test_no_score_depends_on_the_metrics_computed_before(grid):
    codes, everyone = grid.entangled(), [discover.module("metrics", name) for name in OF_CODES]
    forwards, backwards = drawn(grid, codes), drawn(grid, codes)
    first = [metric.score(forwards, next(iter(metric.CONVENTIONS))) for metric in everyone]
    last = [
        metric.score(backwards, next(iter(metric.CONVENTIONS))) for metric in reversed(everyone)
    ]
    assert first == last[::-1]


def drawn(grid, codes):
    return draws.from_table(codes, grid.factors, 300, 150, 0, grid.outputs(codes))
