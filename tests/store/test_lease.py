"""Leases: one holder at a time, whatever happens to other processes."""

import errno
import itertools
import json
import multiprocessing
import os
import signal
import time
from types import SimpleNamespace

import pytest
from workers import compete, hold

from facsimile.foundation.paths import Paths
from facsimile.store import lease, shard_jobs
from facsimile.store.lease import Lease, leased

# Not fork: a test process has threads by now, and their locks would be copied as they are.
spawn = multiprocessing.get_context("spawn")


@pytest.fixture
def other_holder(tmp_path):
    """A live process that holds the lease on tmp_path."""
    ready = spawn.Event()
    process = spawn.Process(target=hold, args=(tmp_path, ready))
    process.start()
    assert ready.wait(30)
    yield process
    process.kill()
    process.join()


def test_one_holder_at_a_time(tmp_path):
    first, second = Lease(tmp_path), Lease(tmp_path)
    assert first.take()
    assert not second.take()
    first.release()
    assert second.take()
    second.release()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_live_holder_keeps_its_lease_and_is_named(tmp_path, other_holder):
    mine = Lease(tmp_path)
    assert not mine.take()
    assert f"process {other_holder.pid}" in mine.holder()


@pytest.mark.slow
def test_the_lease_of_a_killed_process_is_taken_over_at_once(tmp_path, other_holder):
    os.kill(other_holder.pid, signal.SIGKILL)
    other_holder.join()
    with leased(tmp_path) as mine:
        assert mine is not None


def test_a_silent_holder_on_another_host_loses_its_lease_when_patience_ends(tmp_path):
    contents = lease.this_process() | {"host": "elsewhere", "token": "x", "beat": 3}
    (tmp_path / "claim.json").write_text(json.dumps(contents))
    mine = Lease(tmp_path, patience=0.3)
    assert not mine.take()
    time.sleep(0.2)
    # A heartbeat starts the wait again.
    (tmp_path / "claim.json").write_text(json.dumps(contents | {"beat": 4}))
    assert not mine.take()
    time.sleep(0.2)
    assert not mine.take()
    time.sleep(0.2)
    assert mine.take()
    mine.release()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"host": 1}', "\xff"])
def test_a_damaged_lease_is_taken_over_when_patience_ends(tmp_path, text):
    (tmp_path / "claim.json").write_text(text, encoding="latin-1")
    assert lease.is_held(tmp_path)
    mine = Lease(tmp_path, patience=0.1)
    assert not mine.take()
    time.sleep(0.15)
    assert mine.take()
    mine.release()
    assert list(tmp_path.iterdir()) == []


def test_a_holder_with_an_invalid_process_number_does_not_count_as_dead(tmp_path):
    contents = lease.this_process() | {"pid": "x", "token": "t"}
    (tmp_path / "claim.json").write_text(json.dumps(contents))
    assert lease.is_held(tmp_path)


def test_a_heartbeat_that_cannot_be_written_does_not_cost_the_lease(tmp_path, monkeypatch):
    mine, refused = Lease(tmp_path, heartbeat=0.02), []

    def full(path, beat, write=mine._write):
        if beat in (1, 2):
            refused.append(beat)
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, beat)

    monkeypatch.setattr(mine, "_write", full)
    assert mine.take()
    time.sleep(0.3)
    mine.check()
    assert refused == [1, 2]
    assert json.loads((tmp_path / "claim.json").read_text())["beat"] > 2
    mine.release()
    assert list(tmp_path.iterdir()) == []


def test_a_lease_that_was_taken_over_in_the_meantime_is_put_back(tmp_path):
    (tmp_path / "claim.json").write_text(
        json.dumps(lease.this_process() | {"token": "live", "beat": 0})
    )
    assert not Lease(tmp_path)._break("dead")
    assert json.loads((tmp_path / "claim.json").read_text())["token"] == "live"


def test_the_heartbeat_moves(tmp_path):
    mine = Lease(tmp_path, heartbeat=0.05)
    assert mine.take()
    time.sleep(0.3)
    assert json.loads((tmp_path / "claim.json").read_text())["beat"] > 0
    mine.check()
    mine.release()


@pytest.mark.slow
def test_of_many_processes_one_holds_the_lease_at_a_time(tmp_path):
    with spawn.Pool(4) as pool:
        logs = pool.map(compete, [tmp_path] * 4)
    spans = sorted(span for log in logs for span in log)
    assert len(spans) == 40
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))


def test_a_process_that_lost_its_lease_stops_writing_and_waits_for_the_other(tmp_path, monkeypatch):
    paths, run = Paths(tmp_path), SimpleNamespace(key="toy/beta_vae/0123abcd/0", snapshot_of=None)
    folder, messages, finished = paths.run(run.key), [], []

    def taken_over(run, mine):
        (folder / "claim.json").write_text(
            json.dumps(lease.this_process() | {"token": "other", "beat": 0})
        )
        finished.append(run)  # the other makes it
        mine.check()
        raise AssertionError("went on although another process had the lease")

    monkeypatch.setattr(shard_jobs, "POLL", 0.0)
    shard_jobs.make_all(
        SimpleNamespace(key="shard", runs=(run,), whole=(run,)),
        paths,
        lambda run: run in finished,
        taken_over,
        messages.append,
    )
    assert any(f"process {os.getpid()} on" in line for line in messages), messages
    assert json.loads((folder / "claim.json").read_text())["token"] == "other"
