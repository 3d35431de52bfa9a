"""The speed of this machine, by its processor and by the work that was finished here."""

from collections.abc import Iterator
from pathlib import Path

from facsimile.planning import cost, processor, speed
from facsimile.planning.speed import Speed
from facsimile.planning.workspace import Workspace
from facsimile.store import records, stored_scores
from facsimile.studies.runs import Run


def speed_here(workspace: Workspace) -> Speed:
    """Return the speed of this machine, by its processor and by the work in the store."""
    expected = speed.of_processor(workspace.config)
    store = workspace.paths.root / "runs"
    return speed.calibrated(expected, _trained(store, expected), _scored(store))


def _trained(store: Path, expected: Speed) -> Iterator[tuple[Run, float]]:
    """Yield runs that this processor trained, and how many times as long as estimated it took."""
    for path in speed.sampled(store, "*/*/run.json"):
        record = records.record(path.parent)
        if record is None or not record.get("seconds") or not record.get("steps"):
            continue
        is_ours = record.get("processor") == processor.name() and record["device"] == "cpu"
        # Runs of another precision say nothing about those to come.
        in_bf16 = record.get("precision") == "bf16"
        is_of_images = "network" in record["statement"]["training"]
        if is_ours and (not is_of_images or in_bf16 == (expected.convolutions == 1.0)):
            run = speed.run_of(record)
            yield run, record["seconds"] / record["steps"] / cost.step_seconds(run)


def _scored(store: Path) -> dict[str, list[float]]:
    """Return measured seconds by metric, for as many training points as ``cost.SCORE_POINTS``."""
    seconds: dict[str, list[float]] = {}
    for path in speed.sampled(store, "*/*/scores/*.json"):
        stored = stored_scores.read(path)
        for row in stored.scores[:1] if stored else []:
            if row.get("n_train"):
                whole = row["seconds"] * cost.SCORE_POINTS / row["n_train"]
                seconds.setdefault(row["metric"], []).append(whole)
    return seconds
