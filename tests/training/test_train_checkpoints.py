"""Checkpoints that cannot be written, cannot be read, or belong to another run.

The error is clear, and an older checkpoint is used if there is one.
"""
# ruff: noqa: F811 (fixtures)

import errno
import os
import subprocess

import pytest
import torch
from trained_runs import data_file, elsewhere, equal, run_of, trained, workspace  # noqa: F401

from facsimile.foundation import atomic
from facsimile.planning import config
from facsimile.store import checkpoints, files, records
from facsimile.training import machine

KEY = "toy/beta_vae/00000000/0"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / KEY


def save(folder, step, value=None):
    checkpoints.save_checkpoint(
        folder, {"w": torch.full((1000,), float(step if value is None else value))}, {"step": step}
    )


def test_the_previous_checkpoint_is_used_if_the_last_is_unreadable(folder):
    save(folder, 10)
    save(folder, 20)
    assert checkpoints.load_checkpoint(folder)[1]["step"] == 20
    (folder / files.CHECKPOINT).write_bytes((folder / files.CHECKPOINT).read_bytes()[:200])
    messages = []
    tensors, state = checkpoints.load_checkpoint(folder, messages.append)
    assert state["step"] == tensors["w"][0] == 10
    assert "checkpoint.safetensors: unreadable" in messages[0]
    assert "going on from the one before it, step 10" in messages[0]
    (folder / files.CHECKPOINT).unlink()
    assert checkpoints.load_checkpoint(folder)[1]["step"] == 10


def test_an_unreadable_checkpoint_is_named_with_the_remedy_if_there_is_no_other(workspace):
    run = run_of()
    folder = workspace.paths.run(run.key)
    folder.mkdir(parents=True)
    for name in (files.CHECKPOINT, files.PREVIOUS):
        (folder / name).write_bytes(b"half a checkpoint")
        with pytest.raises(
            files.StoreError, match=rf"{files.CHECKPOINT}: unreadable.*facsimile forget {run.key}"
        ):
            trained(workspace, run)


@pytest.mark.slow
@pytest.mark.parametrize("execution", ["serial", "packed"])
def test_an_unreadable_checkpoint_costs_the_steps_since_the_previous_one_and_no_bit(
    workspace, tmp_path, execution
):
    run = run_of(steps=8)
    settings = {"execution": execution, "device": "cpu", "pack": 1}
    [whole] = trained(elsewhere(workspace, tmp_path / "whole", **settings), run)
    broken = elsewhere(workspace, tmp_path / "broken", **settings, checkpoint_steps=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "finish", stop)
        with pytest.raises(KeyboardInterrupt):
            trained(broken, run)
    folder = broken.paths.run(run.key)
    (folder / files.CHECKPOINT).write_bytes(b"")
    [resumed] = trained(broken, run)
    assert equal(whole, resumed)
    assert [session["from"] for session in records.record(folder)["sessions"]] == [0, 3]


def stop(*_):
    raise KeyboardInterrupt


def test_a_checkpoint_of_another_run_is_refused(folder, tmp_path):
    save(folder, 10)
    other = tmp_path / "toy/beta_vae/11111111/0"
    other.mkdir(parents=True)
    (folder / files.CHECKPOINT).rename(other / files.CHECKPOINT)
    with pytest.raises(
        files.StoreError, match=f"of another run, {KEY}: a changed study has other runs"
    ):
        checkpoints.load_checkpoint(other)


@pytest.mark.parametrize("execution", ["serial", "packed"])
def test_a_checkpoint_of_another_network_is_refused(workspace, tmp_path, execution):
    run = run_of(steps=4)
    here = elsewhere(workspace, tmp_path / "here", execution=execution, device="cpu", pack=1)
    checkpoints.save_checkpoint(
        here.paths.run(run.key), {"weights.vae.encoder.mean.bias": torch.zeros(3)}, {"step": 2}
    )
    with pytest.raises(
        files.StoreError,
        match=rf"of another network: .* \(\d+ differ\); .*facsimile forget {run.key}",
    ):
        trained(here, run)


@pytest.mark.parametrize("number", files.DISK_FULL)
def test_a_full_disk_is_reported_and_the_older_checkpoint_stays(folder, monkeypatch, number):
    save(folder, 10)

    def full(path):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(atomic, "_flush", full)
    with pytest.raises(
        files.StoreError,
        match=r"no room on the disk.*a checkpoint included: make room and run the same command",
    ):
        save(folder, 20)
    assert checkpoints.load_checkpoint(folder)[1]["step"] == 10
    assert not list(folder.glob(".*.part"))


def test_other_disk_errors_are_not_taken_for_a_full_disk(folder, monkeypatch):
    def broken(path):
        raise OSError(errno.EIO, "I/O error")

    monkeypatch.setattr(atomic, "_flush", broken)
    with pytest.raises(OSError, match="I/O error"):
        save(folder, 10)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    where = tmp_path / "disk"
    where.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(where)],
        capture_output=True,
        text=True,
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield where
    subprocess.run(["umount", str(where)], check=True)


def test_on_a_disk_that_is_really_full(small_disk):
    folder = small_disk / KEY
    folder.mkdir(parents=True)
    save(folder, 10)
    (small_disk / "ballast").write_bytes(
        bytes(os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize)
    )
    with pytest.raises(files.StoreError, match="no room on the disk"):
        save(folder, 20)
    assert checkpoints.load_checkpoint(folder)[1]["step"] == 10
    (small_disk / "ballast").unlink()
    save(folder, 30)
    assert checkpoints.load_checkpoint(folder)[1]["step"] == 30


def execution_of(**settings):
    return machine.execution(config.check(settings))


@pytest.mark.skipif(torch.cuda.is_available(), reason="for machines without a GPU")
def test_the_execution_depends_on_the_device():
    assert (execution_of().name, execution_of().device) == ("serial", "cpu")
    packed = execution_of(execution="packed", pack=7, precision="float32")
    assert packed == machine.Execution("packed", "cpu", "float32", 7, compiled=False)
    with pytest.raises(ValueError, match="finds no GPU here"):
        execution_of(device="cuda", execution="packed")


def test_executions_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="serial runs on the processor"):
        execution_of(device="cuda", execution="serial")
    with pytest.raises(ValueError, match="tf32 is a GPU's"):
        execution_of(precision="tf32", execution="serial")
