"""What a metric must be: described, and finite and deterministic on codes of known structure."""

import dataclasses
import itertools
import math
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from facsimile.foundation import discover
from facsimile.metrics.base import cases, draws
from facsimile.studies import score_names

CONSTANTS = (
    *("RANGE", "BETTER", "HEADLINE", "NEEDS"),
    *("REFERENCE", "SCORES", "CONVENTIONS"),
)
# What a metric of codes may need.
OUTPUTS = [field.name for field in dataclasses.fields(draws.ModelOutputs)]
OF_CODES = {"codes", "factors", "table", "grid", *OUTPUTS}
N_TRAIN, N_TEST = 300, 150
# The codes that a metric is computed on twice.
AGAIN = "entangled"


def problems(name: str) -> Iterator[str]:
    """Yield what is wrong with a metric; one that needs outputs of a run is not computed."""
    metric = discover.module("metrics", name)
    missing = [constant for constant in CONSTANTS if not hasattr(metric, constant)]
    if missing:
        yield f"constants are missing: {', '.join(missing)}"
        return
    yield from _description_problems(metric)
    if "codes" not in metric.NEEDS:
        return
    grid = cases.Grid(cases.SIZES)
    kinds = {"oracle": grid.oracle(), "noise": grid.noise(), AGAIN: grid.entangled()}
    first = next(iter(metric.CONVENTIONS))
    # Kind of codes -> headline by the first convention.
    headlines: dict[str, float] = {}
    for convention, kind in itertools.product(metric.CONVENTIONS, kinds):
        scores = metric.score(_points(grid, kinds[kind]), convention)
        where = f"{kind} codes, convention {convention}"
        messages = [*_score_problems(name, metric, scores)]
        # Once is enough: it takes as long as the score itself.
        if kind == AGAIN:
            points = _points(grid, kinds[kind])
            messages += _dependence_problems(metric, points, convention, scores)
        for message in messages:
            yield f"{where}: {message}"
        if convention == first:
            headlines[kind] = scores.get(metric.HEADLINE, math.nan)
    yield from _order_problems(metric, headlines)


def _points(
    grid: cases.Grid,
    codes: cases.Latents,
) -> draws.Draws:
    outputs = grid.outputs(codes)
    return draws.from_table(codes, grid.factors, N_TRAIN, N_TEST, 0, outputs)


def _dependence_problems(
    metric: ModuleType,
    points: draws.Draws,
    convention: str,
    scores: dict[str, float],
) -> Iterator[str]:
    """Compute a metric again; yield what it depends on, or changes, beside its arguments."""
    before = points.train.codes.copy()
    # scikit-learn and SciPy draw from NumPy's global generator where no seed is passed.
    state = _global_state()
    if metric.score(points, convention) != scores:
        yield "the scores differ when computed again; use draws.seed"
    if not np.array_equal(points.train.codes, before):
        yield "the metric changes the codes in place; copy them first"
    if _global_state() != state:
        yield "the metric draws from NumPy's global generator; use draws.seed"


def _global_state() -> tuple[bytes, int]:
    """Return the words of NumPy's global generator, and how many of them are used."""
    state = np.random.get_state(legacy=False)["state"]
    return state["key"].tobytes(), state["pos"]


def _order_problems(
    metric: ModuleType,
    headlines: dict[str, float],
) -> Iterator[str]:
    """Yield a problem if noise is as good as the factors themselves."""
    # To a metric that does not see the factors, it may be.
    if "factors" not in metric.NEEDS:
        return
    oracle, noise = headlines["oracle"], headlines["noise"]
    right = oracle > noise if metric.BETTER == "higher" else oracle < noise
    if not right:
        yield (
            f"{metric.HEADLINE} is {oracle} for the factors themselves and {noise} for noise, "
            f"though BETTER is {metric.BETTER!r}"
        )


def _description_problems(metric: ModuleType) -> Iterator[str]:
    low, high = metric.RANGE
    if not low < high:
        yield f"RANGE {metric.RANGE}: the lowest value comes first"
    if metric.BETTER not in ("higher", "lower"):
        yield f"BETTER {metric.BETTER!r}: write 'higher' or 'lower'"
    if metric.HEADLINE not in metric.SCORES:
        yield f"HEADLINE {metric.HEADLINE!r} is none of SCORES"
    unknown = sorted(_unknown_needs(metric))
    if unknown:
        yield f"NEEDS {', '.join(unknown)}: there are {', '.join(sorted(OF_CODES))}"
    if not any(character.isdigit() for character in metric.REFERENCE):
        yield f"REFERENCE {metric.REFERENCE!r} names no year"
    unexplained = [name for name, text in metric.CONVENTIONS.items() if not text]
    if unexplained:
        yield f"CONVENTIONS: say what changes under {', '.join(unexplained)}"
    if not metric.__doc__:
        yield "the module needs a docstring: its first line is on the metric's page"
    if not metric.score.__doc__:
        yield "score needs a docstring: what is measured, `Formula:` and `Traps:`"


def _unknown_needs(metric: ModuleType) -> set[str]:
    """Return what no metric of codes is given. One of a run's outputs names arrays of the run."""
    return set(metric.NEEDS) - OF_CODES if "codes" in metric.NEEDS else set()


def _score_problems(
    name: str,
    metric: ModuleType,
    scores: dict[str, Any],
) -> Iterator[str]:
    for score, value in scores.items():
        try:
            score_names.check(f"{name}.{score}")
        except discover.UnknownName as error:
            yield str(error)
        if type(value) is not float or not math.isfinite(value):
            yield f"{score} must be a finite float, not {value!r}"
            return
    if metric.HEADLINE not in scores:
        yield f"the score {metric.HEADLINE!r} is missing"
        return
    low, high = metric.RANGE
    if not low <= scores[metric.HEADLINE] <= high:
        yield f"{metric.HEADLINE} is {scores[metric.HEADLINE]}, outside of {metric.RANGE}"
