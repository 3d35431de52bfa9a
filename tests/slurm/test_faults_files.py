"""Faults of files: full disk, damaged files, a writer killed in its work, clocks that differ."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from project import Project

from . import faults

pytestmark = pytest.mark.slow

HALF_WRITTEN = """\
import pathlib, sys, time
def half(path, data, write=pathlib.Path.write_bytes):
    if "latents" not in path.name:
        return write(path, data)
    write(path, data[: len(data) // 2])
    time.sleep(300)
pathlib.Path.write_bytes = half
sys.argv = ["facsimile", "encode", sys.argv[1]]
from facsimile.__main__ import main
main()
"""


@pytest.fixture
def project(reference: Project, tmp_path: Path) -> Project:
    """One model to train."""
    return faults.unmade(reference, tmp_path / "project")


@pytest.fixture
def finished(reference: Project, tmp_path: Path) -> Project:
    """Everything is finished."""
    return reference.copy(tmp_path / "project")


def trained_until_killed(project: Project, steps: int) -> Path:
    """Train, kill the process once a run has a checkpoint of ``steps``; returns its folder."""
    process = project.start("-m", "facsimile", "train", faults.shard(project))
    faults.wait(
        lambda: any(faults.step(folder) >= steps for folder in faults.folders(project)),
        "checkpoint",
    )
    faults.kill(process)
    process.communicate()
    return faults.folders(project)[0]


@pytest.fixture
def small_disk(project: Project) -> Iterator[Path]:
    """The project's results on a disk with room for one checkpoint but not for two."""
    results = project.folder / "results"
    size = sum(path.stat().st_blocks * 512 for path in results.rglob("*")) + 12_000_000
    kept = results.rename(project.folder / "kept")
    results.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(results)],
        capture_output=True,
        text=True,
    )
    if mount.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mount.stderr.strip()}")
    subprocess.run(["cp", "-a", f"{kept}/.", str(results)], check=True)
    yield results
    subprocess.run(["umount", str(results)], check=True)


def test_a_full_disk_is_reported_and_costs_only_the_steps_since_the_last_checkpoint(
    project: Project, reference: Project, small_disk: Path
):
    output = project.facsimile("train", faults.shard(project), check=False)
    assert (
        "no room on the disk (No space left on device); "
        "what was written before is kept, a checkpoint included" in output
    )
    assert "make room and run the same command again" in output
    assert "Traceback" not in output
    kept = faults.step(faults.folders(project)[0])
    assert kept > 0
    subprocess.run(["mount", "-o", "remount,size=200M", str(small_disk)], check=True)
    began = time.monotonic()
    project.snakemake(faults.TARGET)
    faults.report("disk_full", seconds=time.monotonic() - began, checkpoint=kept, of=faults.STEPS)
    faults.undisturbed(project, reference)
    faults.trained_once(project, 2)


def test_the_checkpoint_before_a_damaged_one_is_used_or_the_message_says_what_to_type(
    project: Project, reference: Project
):
    folder = trained_until_killed(project, 2 * faults.INTERVAL)
    truncate(folder / "checkpoint.safetensors")
    process = project.start("-m", "facsimile", "train", faults.shard(project))
    faults.wait(lambda: faults.step(folder) > 0, "checkpoint")
    faults.kill(process)
    output = process.communicate()[0]
    assert "unreadable checkpoint" in output
    assert "going on from the one before it, step " in output
    for name in ("checkpoint.safetensors", "checkpoint.prev.safetensors"):
        truncate(folder / name)
    key = "/".join(folder.parts[-4:])
    output = project.facsimile("train", faults.shard(project), check=False)
    assert output.rstrip().endswith(f"start this run again: facsimile forget {key}")
    project.facsimile("forget", key)
    began = time.monotonic()
    project.snakemake(faults.TARGET)
    faults.report("checkpoint", seconds=time.monotonic() - began)
    faults.undisturbed(project, reference)
    faults.trained_once(project, 1)


def test_damaged_latents_are_encoded_again_and_nothing_is_trained(
    finished: Project, reference: Project
):
    weights = finished.weights()
    first, second = faults.folders(finished)[:2]
    truncate(first / "latents.h5")
    alter(second / "latents.h5")
    for folder in (first, second):
        output = finished.snakemake("--forcerun", "score", "--", faults.TARGET, check=False)
        remedy = f"facsimile forget --latents {'/'.join(folder.parts[-4:])}"
        assert f"encode it again: {remedy}, then snakemake" in output + faults.logs(
            finished, "score"
        )
        finished.facsimile(*remedy.split()[1:])
    began = time.monotonic()
    finished.snakemake(faults.TARGET)
    faults.report("latents", seconds=time.monotonic() - began)
    faults.undisturbed(finished, reference)
    assert finished.weights() == weights


def test_a_writer_killed_while_it_writes_leaves_nothing_that_is_read(
    finished: Project, reference: Project
):
    weights, folder = finished.weights(), faults.folders(finished)[0]
    key = "/".join(folder.parts[-4:])
    finished.facsimile("forget", "--latents", key)
    process = finished.start("-c", HALF_WRITTEN, faults.shard(finished))
    faults.wait(lambda: list(folder.glob(".latents.h5.*.part")), "file that is being written")
    faults.kill(process)
    process.communicate()
    assert list(folder.glob(".latents.h5.*.part"))
    assert not (folder / "latents.h5").exists()
    began = time.monotonic()
    # With the scores as the only target nothing would be made: they are newer than all other files.
    finished.snakemake("--", faults.index(finished, "encoded"), faults.TARGET)
    faults.report("killed_in_write", seconds=time.monotonic() - began)
    faults.undisturbed(finished, reference)
    assert finished.weights() == weights


def test_a_node_whose_clock_is_ahead_causes_no_training(finished: Project, reference: Project):
    weights = finished.weights()
    ahead = time.time() + 3600
    for name in (
        "data/toy.h5",
        f"shards/{faults.shard(finished)}/trained.json",
        f"shards/{faults.shard(finished)}/encoded.json",
    ):
        os.utime(finished.folder / "results" / name, (ahead, ahead))
    began = time.monotonic()
    output = finished.snakemake(faults.TARGET)
    faults.report("clock", seconds=time.monotonic() - began)
    assert finished.weights() == weights, output
    faults.undisturbed(finished, reference)


def truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def alter(path: Path) -> None:
    """Change one number in the middle of an array and nothing else."""
    import h5py

    with h5py.File(path, "r+") as file:
        file["mean"][7, 1] += 1.0
