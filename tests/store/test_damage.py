"""What faults leave behind: half-written files, a full disk, damaged latents, future times."""

import errno
import os
import time
from pathlib import Path

import pytest

from facsimile.foundation import atomic
from facsimile.foundation.paths import Paths
from facsimile.store import files, records, shard_jobs
from facsimile.studies.runs import Run, Shard


@pytest.fixture
def run() -> Run:
    statement = {"model": "beta_vae", "params": {"beta": 1}}
    return Run("toy", "beta_vae", 0, statement, "01234567", 1.0, 0, 0, control=False)


def test_half_written_files_are_removed_under_the_lease_except_leases_of_others(tmp_path, run):
    paths, folder = Paths(tmp_path), Paths(tmp_path).run(run.key)
    folder.mkdir(parents=True)
    for name in (".latents.h5.1.abc.part", ".claim.other.part", "checkpoint.safetensors"):
        (folder / name).write_text("x")
    computed: list[Run] = []
    shard_jobs.make_all(
        Shard("toy", "beta_vae", (run,)),
        paths,
        lambda run: run in computed,
        lambda run, _: computed.append(run),
        print,
    )
    assert sorted(path.name for path in folder.iterdir()) == [
        ".claim.other.part",
        "checkpoint.safetensors",
    ]


@pytest.mark.parametrize("where", ["lease", "make"])
def test_a_full_disk_is_reported_wherever_it_is_met(tmp_path, run, monkeypatch, where):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    if where == "lease":
        monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(
        files.StoreError, match=r"01234567/0: no room on the disk .* run the same command again"
    ):
        shard_jobs.make_all(
            Shard("toy", "beta_vae", (run,)), Paths(tmp_path), lambda _: False, full, print
        )


def test_forgetting_latents_removes_them_and_the_indexes_that_list_them(tmp_path, run):
    paths = Paths(tmp_path)
    shard = Shard("toy", "beta_vae", (run,))
    for name in (files.LATENTS, files.WEIGHTS):
        atomic.write_bytes(paths.run(run.key) / name, b"x")
    atomic.write_json(paths.run(run.key) / files.RECORD, {"state": "done"})
    for stage in ("trained", "encoded"):
        shard_jobs.write_index(paths.shard(shard.key) / f"{stage}.json", shard, paths)
    removed = {path.name for path in records.forget(paths, run, latents=True)}
    assert removed == {"encoded.json", files.LATENTS}
    assert (paths.run(run.key) / files.WEIGHTS).exists()
    assert (paths.shard(shard.key) / "trained.json").exists()


@pytest.mark.parametrize(("ahead", "moved"), [(3600, True), (-3600, False)])
def test_a_modification_time_in_the_future_is_reset_and_logged(tmp_path, ahead, moved):
    path, messages, when = tmp_path / "trained.json", [], time.time() + ahead
    path.touch()
    os.utime(path, (when, when))
    shard_jobs.clear_future_time(path, messages.append)
    assert bool(messages) == moved
    assert (abs(path.stat().st_mtime - time.time()) < 60) == moved
    shard_jobs.clear_future_time(tmp_path / "none", messages.append)
