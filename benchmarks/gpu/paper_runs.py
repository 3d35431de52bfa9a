"""Runs of the paper's setting on dSprites, for the minutes that remain."""

import os
import signal
import threading
from collections.abc import Iterator

import numpy as np
from training import STEPS

from facsimile import datasets
from facsimile.planning.workspace import Workspace
from facsimile.store import checkpoints, files, latents, records
from facsimile.studies.runs import Run, Shard
from facsimile.training import encode_shard, loop, train_shard
from gpu.check import NO_TIME, Check, Row
from gpu.small_runs import mig, small_workspace

STUDY, SCALE, DATASET = "locatello2019", "paper", "dsprites"
SAVING = 15  # seconds left for the last checkpoint and for scores


def paper_runs(check: Check) -> Iterator[Row]:
    """Train runs of the paper's setting on dSprites until the time is up, then score those done."""
    seconds = check.left() - SAVING
    if seconds < 5:
        yield {"not_done": NO_TIME}
        return
    size = _size(check.rates, seconds)
    folder = check.out / "paper"
    settings = {"scale": SCALE, "precision": "auto", "execution": "packed"}
    workspace = small_workspace(folder, check.device.type, size, **settings)
    runs = [run for run in workspace.runs(workspace.study(STUDY)) if run.dataset == DATASET]
    runs = [run for run in runs if run.model == "beta_vae"][:size]
    shard = Shard(DATASET, "beta_vae", tuple(runs))
    datasets.dataset(DATASET, workspace.paths.dataset(DATASET))
    # As a scheduler does: the job writes its checkpoints and ends.
    alarm = threading.Timer(check.left() - SAVING, os.kill, (os.getpid(), signal.SIGTERM))
    alarm.start()
    try:
        train_shard.train_shard(workspace, shard, lambda line: None)
    except loop.Interrupted:
        pass  # the rows below say how far each run is
    finally:
        alarm.cancel()
    yield _progress(workspace, runs)
    yield from _scored(check, workspace, runs)


def _size(rates: dict[int, float], seconds: float) -> int:
    """The most runs that a pack finishes in these seconds, else the smallest pack."""
    fitting = [k for k, rate in rates.items() if STEPS * k / rate < 0.9 * seconds]
    return max(fitting, default=min(rates, default=1))


def _progress(workspace: Workspace, runs: list[Run]) -> Row:
    steps = []
    for run in runs:
        folder = workspace.paths.run(run.key)
        if records.record(folder) is not None:
            steps.append(run.steps)
        else:
            checkpoint = checkpoints.load_checkpoint(folder)
            steps.append(0 if checkpoint is None else checkpoint[1]["step"])
    finished = sum(step == run.steps for step, run in zip(steps, runs, strict=True))
    row: Row = {"runs": len(runs), "finished": finished, "steps": steps, "of": runs[0].steps}
    if finished < len(runs):
        row["not_done"] = f"{len(runs) - finished} runs; the same command continues them"
    return row


def _scored(check: Check, workspace: Workspace, runs: list[Run]) -> Iterator[Row]:
    data = datasets.dataset(DATASET, workspace.paths.dataset(DATASET))
    for run in runs:
        folder = workspace.paths.run(run.key)
        if records.record(folder) is None:
            continue
        if check.left() < 3:
            yield {"not_done": f"{run.key}: trained, but no time left to score it"}
            continue
        if not latents.is_encoded(folder):
            encode_shard.encode_run(workspace, run, lambda line: None)
        rows = np.random.default_rng(0).integers(0, len(data), 10_000)
        codes = latents.read(folder / files.LATENTS)[rows]
        loss = records.record(folder)["final"]["loss"]
        yield {"run": run.key, "loss": loss, "mig": mig(codes, data.factors(rows))}
