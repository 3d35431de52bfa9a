"""The speed of this machine, by its processor and by the work that was finished here."""

import functools
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from facsimile.planning import core_speed, cost, processor, speed
from facsimile.planning.speed import Speed
from facsimile.planning.workspace import Workspace
from facsimile.store import records, stored_scores
from facsimile.studies.runs import Run


def speed_here(workspace: Workspace) -> Speed:
    """Return the speed of this machine, by a measurement and by the work in the store.

    The measurement takes a second, once per process.
    """
    expected = speed.of_processor(workspace.config, _core_ratio())
    store = workspace.paths.root / "runs"
    trained = _trained(store, expected)
    return speed.calibrated(expected, trained, _scored(store))


@functools.cache
def _core_ratio() -> float:
    return core_speed.ratio()


def _trained(
    store: Path,
    expected: Speed,
) -> Iterator[tuple[Run, float]]:
    """Yield runs that this processor trained, and how many times as long as estimated it took."""
    for path in speed.sampled(store, "*/*/run.json"):
        record = records.record(path.parent)
        if record is None or not _says_something(record, expected):
            continue
        run = speed.run_of(record)
        per_step = record["seconds"] / record["steps"]
        yield run, per_step / cost.step_seconds(run)


def _says_something(
    record: dict[str, Any],
    expected: Speed,
) -> bool:
    """Whether a run was trained by this processor, with the precision of runs to come."""
    # Controls are not trained: their records have neither a device nor seconds.
    if not record.get("seconds") or not record.get("steps"):
        return False
    if record.get("device") != "cpu" or record.get("processor") != processor.name():
        return False
    in_bf16 = not speed.is_dense(record["statement"]) and expected.convolutions == expected.core
    return in_bf16 == (record.get("precision") == "bf16")


def _scored(
    store: Path,
) -> dict[str, list[float]]:
    """Return measured seconds by metric, for as many training points as ``cost.SCORE_POINTS``."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for path in speed.sampled(store, "*/*/scores/*.json"):
        stored = stored_scores.read(path)
        if stored is None or not stored.scores:
            continue
        # All scores of a metric have the seconds of the metric.
        row = stored.scores[0]
        points = row.get("n_train")
        if points:
            whole = row["seconds"] * cost.SCORE_POINTS / points
            seconds[row["metric"]].append(whole)
    return seconds
