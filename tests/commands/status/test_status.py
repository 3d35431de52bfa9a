"""`facsimile status`: counts, causes of failures, and that it only reads files."""

import io
import json
import os
import time

import pytest
from project import write_study
from rich.console import Console

from facsimile.commands.status import failures, progress, status, usage
from facsimile.foundation import units
from facsimile.planning import workspace as workspaces
from facsimile.store import checkpoints, files
from facsimile.studies import panels
from facsimile.training import weights_code


@pytest.fixture
def workspace(tmp_path):
    """The tiny study with no results yet."""
    write_study(tmp_path / "papers")
    return workspaces.load(
        papers=tmp_path / "papers",
        results=tmp_path / "results",
        scale="smoke",
    )


@pytest.fixture
def runs(workspace):
    return workspace.runs(workspace.study("tiny"))


def record(workspace, run, **changes):
    """Write the record of a run that took 6 seconds for 12 steps."""
    folder = workspace.paths.run(run.key)
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "run": run.key,
        "model": run.model,
        "state": "done",
        "code": weights_code.hashes(run),
        "seconds": 6.0,
        "steps": 12,
    }
    (folder / files.RECORD).write_text(
        json.dumps(content | {"started": "2026-11-21T10:00:00", "device": "cpu"} | changes)
    )


def claim(workspace, run, **changes):
    folder = workspace.paths.run(run.key)
    folder.mkdir(parents=True, exist_ok=True)
    held = {
        "host": "elsewhere",
        "boot": "x",
        "pid": 1,
        "started": 0,
        "job": "7",
        "token": "t",
        "beat": 3,
    }
    (folder / "claim.json").write_text(json.dumps(held | changes))


def printed(workspace, **how):
    console = Console(file=io.StringIO(), width=200)
    status.watch(workspace, "tiny", console=console, **how) if how else status.status(
        workspace, "tiny", console
    )
    return console.file.getvalue()


def counted(workspace):
    study = workspace.study("tiny")
    groups = progress.counts(workspace.runs(study), progress.read(workspace, study))
    return {model: dict(counts) for (_, model), counts in groups.items()}


def test_nothing_made_is_pending(workspace):
    assert counted(workspace) == {
        "beta_vae": {"pending": 4},
        "oracle": {"pending": 1},
        "noise": {"pending": 1},
    }
    text = printed(workspace)
    assert "nothing used" in text
    assert "nothing is running" in text


def test_each_state_is_counted(workspace, runs):
    record(workspace, runs[0])
    record(
        workspace,
        runs[1],
        code=weights_code.hashes(runs[1]) | {"facsimile.training.loop": "00000000"},
    )
    record(workspace, runs[2], state="failed", reason="loss is [nan] at step 7")
    claim(workspace, runs[3])
    assert counted(workspace)["beta_vae"] == {"done": 1, "stale": 1, "failed": 1, "running": 1}
    assert f"failed: {runs[2].key}: loss is [nan] at step 7" in printed(workspace)


def test_a_claim_of_a_dead_process_of_this_host_is_pending(workspace, runs):
    from facsimile.store.lease import this_process

    claim(workspace, runs[0], **this_process() | {"pid": 2**22 - 1, "started": 0.0})
    assert counted(workspace)["beta_vae"] == {"pending": 4}
    claim(workspace, runs[0], **this_process())
    assert counted(workspace)["beta_vae"] == {"running": 1, "pending": 3}


def test_an_unreadable_record_is_a_failure_and_the_rest_is_shown(workspace, runs):
    record(workspace, runs[0])
    (workspace.paths.run(runs[0].key) / files.RECORD).write_text("{")
    record(workspace, runs[1])
    assert counted(workspace)["beta_vae"] == {"failed": 1, "done": 1, "pending": 2}
    assert f"facsimile forget {runs[0].key}" in printed(workspace)


def test_hours_left_use_the_speed_measured_here(workspace, runs):
    record(workspace, runs[0])  # half a second a step
    claim(workspace, runs[1])
    seen = progress.read(workspace, workspace.study("tiny"))
    assert progress.spent(seen) == {"cpu": 6.0, "gpu": 0.0}
    # Left are three runs of beta_vae and two controls.
    assert progress.remaining(runs, seen) == (18.0, 5, 1)
    assert progress.remaining(runs, seen).eta == 18.0
    claim(workspace, runs[2])
    assert progress.remaining(runs, progress.read(workspace, workspace.study("tiny"))).eta == 9.0


def test_steps_in_a_checkpoint_are_not_left(workspace, runs):
    import torch

    record(workspace, runs[0])
    folder = workspace.paths.run(runs[1].key)
    folder.mkdir(parents=True)
    checkpoints.save_checkpoint(folder, {"a": torch.zeros(1)}, {"step": 8})
    seen = progress.read(workspace, workspace.study("tiny"))
    assert seen.checkpoints == {runs[1].key: 8}
    assert progress.remaining(runs, seen).seconds == (4 + 12 + 12) * 0.5
    assert "1 of the pending runs resume from a checkpoint" in printed(workspace)
    (folder / files.CHECKPOINT).write_bytes(b"broken")
    assert progress.read(workspace, workspace.study("tiny")).checkpoints == {}


def test_gpu_hours_are_counted_separately(workspace, runs):
    record(workspace, runs[0], device="NVIDIA H200", seconds=7200.0)
    record(workspace, runs[1], seconds=3600.0)
    assert "1.00 core-hours and 2.00 GPU-hours used" in printed(workspace)


def test_bytes_are_counted_by_kind(workspace, runs):
    record(workspace, runs[0])
    folder = workspace.paths.run(runs[0].key)
    (folder / "scores").mkdir()
    sizes = {
        files.WEIGHTS: 300_000,
        files.LATENTS: 200_000,
        files.CHECKPOINT: 100_000,
        "scores/mig-01234567.json": 50_000,
    }
    for name, size in sizes.items():
        (folder / name).write_bytes(os.urandom(size))
    log(workspace, "train/toy/x/1.log", "hello")
    workspace.paths.dataset("toy").parent.mkdir()
    workspace.paths.dataset("toy").write_bytes(os.urandom(70_000))
    disk = usage.measure(workspace.config.results)
    assert disk.files == {
        "records": 1,
        "weights": 1,
        "latents": 1,
        "checkpoints": 1,
        "scores": 1,
        "logs": 1,
        "data": 1,
    }
    for kind, size in (
        ("weights", 300_000),
        ("latents", 200_000),
        ("checkpoints", 100_000),
        ("scores", 50_000),
    ):
        assert size <= disk.bytes[kind] < size + 8192
    assert "weights 3" in printed(workspace)


def log(workspace, name, text, when=None):
    path = workspace.config.results / "logs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if when:
        os.utime(path, (when, when))
    return path


LIMIT = (
    "slurmstepd: error: *** JOB 12 ON n1 CANCELLED AT 2026-11-21T10:00:00 DUE TO TIME LIMIT ***\n"
)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("error: [Errno 28] No space left on device: 'x'\n", "disk full"),
        (
            "error: /x: no room on the disk (Disk quota exceeded); what was written is kept\n",
            "disk full",
        ),
        (LIMIT, "time limit"),
        (
            "slurmstepd: error: *** STEP 12.0 ON n1 CANCELLED AT 2026-11-21T10:00:00 "
            "DUE TO PREEMPTION ***\n",
            "preempted",
        ),
        ("slurmstepd: error: *** JOB 12 ON n1 CANCELLED AT 2026-11-21T10:00:00 ***\n", "cancelled"),
        (
            "slurmstepd: error: Detected 1 oom_kill event in StepId=12.0. "
            "Some of the step tasks have been OOM Killed.\n",
            "out of mem",
        ),
        ("Traceback (most recent call last):\n  File x\nMemoryError\n", "out of memory"),
        ("error: CUDA out of memory. Tried to allocate 2 GiB\n", "out of GPU memory"),
        ("error: device: cuda, but torch 2.13.0 finds no GPU here\n", "no GPU"),
        ("error: results/data/toy.h5: there is no such file; make it first\n", "data missing"),
        ("error: x/latents.h5: truncated or no latents file (x)\n", "a damaged file"),
        ("error: something else entirely\n", ""),
    ],
)
def test_the_end_of_a_log_names_the_cause(workspace, text, cause):
    failure = failures.diagnose(log(workspace, "x.log", "toy/x: 0 of 2 runs are there\n" + text))
    assert failure is not None
    assert failure.cause.startswith(cause)
    assert bool(failure.cause) == bool(cause)
    assert failure.message in text


def test_a_log_without_an_error_is_no_failure(workspace):
    assert (
        failures.diagnose(
            log(workspace, "x.log", "toy/x: 0 of 2 runs are there, 2 to make\nno error here\n")
        )
        is None
    )
    assert failures.diagnose(workspace.config.results / "none.log") is None


def test_failed_jobs_are_shown_newest_first_and_forgotten_when_done(workspace):
    study = workspace.study("tiny")
    first, second = workspace.shards(study)[:2]
    now = time.time()
    older = log(workspace, f"train/{first.key}.log", "error: something\x1b[2J else\n", now - 100)
    newer = log(workspace, f"train/{second.key}.log", "error: No space left on device\n", now)
    log(workspace, "train/another/study/00000000.log", "error: not ours\n", now)
    text = printed(workspace)
    assert text.index(str(newer)) < text.index(str(older))
    assert "not ours" not in text
    assert "\x1b[2J" not in text
    index = workspace.paths.shard(second.key) / "trained.json"
    index.parent.mkdir(parents=True)
    index.write_text("{}")
    assert str(newer) not in printed(workspace)


def test_a_failed_job_for_a_single_table_is_shown(workspace):
    study = workspace.study("tiny")
    shard = workspace.shards(study)[0]
    panel = panels.name(study, workspace.config.scale, {("mig", "")})
    path = log(workspace, f"score/{shard.key}/{panel}.log", "error: something\n")
    assert str(path) in printed(workspace)
    table = workspace.paths.shard_scores(shard.key, panel)
    table.parent.mkdir(parents=True)
    table.touch()
    assert str(path) not in printed(workspace)


def test_the_log_of_slurms_last_attempt_explains_more(workspace):
    shard = workspace.shards(workspace.study("tiny"))[0]
    units = f"{shard.dataset}_{shard.model}_{shard.id}"
    log(workspace, f"train/{shard.key}.log", "toy/x: training\n")
    log(
        workspace,
        f"slurm/rule_train/{units}/11.log",
        "slurmstepd: error: Detected 1 oom_kill event\n",
        time.time() - 100,
    )
    path = log(workspace, f"slurm/rule_train/{units}/12.log", "Error in rule train\n" + LIMIT)
    [failure] = failures.newest(
        workspace, workspace.study("tiny"), usage.measure(workspace.config.results).logs, 5
    )
    assert (failure.log, failure.cause.split(";")[0]) == (path, "time limit reached")


def test_watch_ends_when_everything_is_finished(workspace, runs):
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        for run in runs:
            record(workspace, run)

    text = printed(workspace, seconds=5, sleep=sleep)
    assert waited == [5]
    assert "none left" in text


def test_sizes_and_times_read_well():
    assert [units.size(n) for n in (0, 999, 1000, 1.5e9, 7.4e15)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "1.5 GB",
        "7,400.0 TB",
    ]
    assert [units.duration(s) for s in (12, 300, 7500, 190_000)] == [
        "12 s",
        "5 min",
        "2 h 5 min",
        "2 d 5 h",
    ]
