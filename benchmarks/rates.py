"""Seconds per step of each model of each paper, beside the estimate that `facsimile plan` uses.

    python benchmarks/rates.py [--scale desk] [--seconds 4] [--data-dir FOLDER] [--out FILE] [ID …]

Trains one run of each model for some seconds, in a process with one thread, on data sets that are
made in a temporary folder; those whose official files are missing are left out, and named. A ratio
of 1 means that the model's STEP_SECONDS (or the default of cost.py) is right for this machine.
"""

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from facsimile import datasets
from facsimile.commands.speed_here import speed_here
from facsimile.foundation import canonical
from facsimile.planning import config, cost, processor
from facsimile.planning.speed import Speed
from facsimile.planning.workspace import Workspace
from facsimile.store import records
from facsimile.studies.runs import Run, Shard
from facsimile.training import train_shard
from facsimile.training.run_records import is_small

LEAST_STEPS = 10
PACK = 8  # runs of a small network that are trained together
COLUMNS = ("paper", "model", "params", "steps", "s per step", "estimated", "ratio")
HEAD = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"


def main() -> None:
    """Print one row per model, and the rows that were left out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("studies", nargs="*", metavar="ID", help="papers; all by default")
    parser.add_argument("--scale", default="desk")
    parser.add_argument("--seconds", type=float, default=4.0, help="training time per model")
    parser.add_argument("--data-dir", type=Path, help="folder of official files")
    parser.add_argument("--out", type=Path, help="also write the table to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = {"results": folder, "scale": arguments.scale, "data_dir": arguments.data_dir}
        workspace = Workspace(config.check(settings))
        # Before any run, whose speed would enter the estimates of those that follow.
        speed = speed_here(workspace)
        lines = [f"Processor: {processor.name()}; scale {arguments.scale}.", "", HEAD]
        print("\n".join(lines), flush=True)
        for study in arguments.studies or workspace.study_ids():
            for row in rows(workspace, study, speed, arguments.seconds):
                lines.append(row)
                print(row, flush=True)
    if arguments.out:
        arguments.out.write_text("\n".join(lines) + "\n")


def rows(workspace: Workspace, name: str, speed: Speed, seconds: float) -> list[str]:
    """Measure the models of a study; none if it has no such scale."""
    study = workspace.study(name)
    if workspace.config.scale not in study.scales:
        return []
    measured = []
    for run, others in one_per_model(workspace.runs(study)):
        expected = cost.step_seconds(run) * speed.of_network(run)
        members = [run, *others] if is_small(run) else [run]
        steps = min(run.steps, max(LEAST_STEPS, round(seconds / expected / len(members))))
        try:
            per_step, made = seconds_per_step(workspace, members, steps)
        except datasets.DatasetError as error:
            measured.append(f"| {name} | {run.model} | left out: {str(error).splitlines()[0]} |")
            continue
        params = " ".join(f"{key}={value}" for key, value in run.params.items())
        figures = f"{made:,} | {per_step:.2g} | {expected:.2g} | {per_step / expected:.2f}"
        measured.append(f"| {name} | {run.model} | {params} | {figures} |")
    return measured


def one_per_model(runs: list[Run]) -> list[tuple[Run, list[Run]]]:
    """The run with the median estimate of each model that is trained, and others to pack with it.

    Small networks are trained in packs, whose members have one data set.
    """
    of_model: dict[str, list[Run]] = {}
    for run in runs:
        if not run.control and run.steps:
            of_model.setdefault(run.model, []).append(run)
    chosen = []
    for members in of_model.values():
        run = sorted(members, key=cost.step_seconds)[len(members) // 2]
        others = [other for other in members if other.dataset == run.dataset and other != run]
        chosen.append((run, others[: PACK - 1]))
    return chosen


def seconds_per_step(workspace: Workspace, members: list[Run], steps: int) -> tuple[float, int]:
    """Train runs for some steps each; returns seconds per step of one, and the steps of all."""
    first = members[0]
    path = workspace.paths.dataset(first.dataset)
    if not path.exists():
        source = workspace.config.sources.get(first.dataset)
        datasets.make(first.dataset, path, source, data_dir=workspace.config.data_dir)
    short = tuple(shortened(run, steps) for run in members)
    train_shard.train_shard(workspace, Shard(first.dataset, first.model, short), lambda _: None)
    stored = [records.record(workspace.paths.run(run.key)) for run in short]
    made = sum(record["steps"] for record in stored)
    return sum(record["seconds"] for record in stored) / made, made


def shortened(run: Run, steps: int) -> Run:
    """The run with fewer steps."""
    settings: dict[str, Any] = run.statement["training"] | {"steps": steps}
    statement = run.statement | {"training": settings}
    return replace(run, statement=statement, hash=canonical.hash8(statement))


if __name__ == "__main__":
    main()
