"""Claims: one holder at a time, whatever happens to the others."""

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
    """A live process that holds the claim on tmp_path."""
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


def test_a_live_holder_keeps_its_claim_and_is_named(tmp_path, other_holder):
    mine = Lease(tmp_path)
    assert not mine.take()
    assert f"process {other_holder.pid}" in mine.describe()


def test_the_claim_of_a_killed_process_is_taken_at_once(tmp_path, other_holder):
    os.kill(other_holder.pid, signal.SIGKILL)
    other_holder.join()
    with leased(tmp_path) as mine:
        assert mine is not None


def test_a_silent_holder_on_another_host_loses_its_claim_after_the_lease(tmp_path):
    held = lease.holder() | {"host": "elsewhere", "token": "x", "beat": 3}
    (tmp_path / "claim.json").write_text(json.dumps(held))
    mine = Lease(tmp_path, lease=0.3)
    assert not mine.take()
    time.sleep(0.2)
    (tmp_path / "claim.json").write_text(
        json.dumps(held | {"beat": 4})
    )  # a sign of life starts the lease anew
    assert not mine.take()
    time.sleep(0.2)
    assert not mine.take()
    time.sleep(0.2)
    assert mine.take()
    mine.release()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"host": 1}', "\xff"])
def test_a_damaged_claim_stands_for_the_lease_and_no_longer(tmp_path, text):
    (tmp_path / "claim.json").write_text(text, encoding="latin-1")
    assert lease.is_held(tmp_path)
    mine = Lease(tmp_path, lease=0.1)
    assert not mine.take()
    time.sleep(0.15)
    assert mine.take()
    mine.release()
    assert list(tmp_path.iterdir()) == []


def test_a_claim_whose_process_number_is_none_is_not_dead(tmp_path):
    held = lease.holder() | {"pid": "x", "token": "t"}
    (tmp_path / "claim.json").write_text(json.dumps(held))
    assert lease.is_held(tmp_path)


def test_a_beat_that_cannot_be_written_costs_no_claim(tmp_path, monkeypatch):
    mine, refused = Lease(tmp_path, heartbeat=0.02), []

    def full(path, beat, write=mine._write):
        if beat in (1, 2):
            refused.append(beat)
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, beat)

    monkeypatch.setattr(mine, "_write", full)
    assert mine.take()
    time.sleep(0.3)
    mine.keep()
    assert refused == [1, 2]
    assert json.loads((tmp_path / "claim.json").read_text())["beat"] > 2
    mine.release()
    assert list(tmp_path.iterdir()) == []


def test_a_claim_that_was_taken_over_meanwhile_is_put_back(tmp_path):
    (tmp_path / "claim.json").write_text(json.dumps(lease.holder() | {"token": "live", "beat": 0}))
    assert not Lease(tmp_path)._break("dead")
    assert json.loads((tmp_path / "claim.json").read_text())["token"] == "live"


def test_the_heartbeat_moves(tmp_path):
    mine = Lease(tmp_path, heartbeat=0.05)
    assert mine.take()
    time.sleep(0.3)
    assert json.loads((tmp_path / "claim.json").read_text())["beat"] > 0
    mine.keep()
    mine.release()


def test_many_processes_and_one_claim_let_one_through_at_a_time(tmp_path):
    with spawn.Pool(4) as pool:
        logs = pool.map(compete, [tmp_path] * 4)
    spans = sorted(span for log in logs for span in log)
    assert len(spans) == 40
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))


def test_who_lost_its_claim_stops_writing_and_waits_for_the_other(tmp_path, monkeypatch):
    paths, run = Paths(tmp_path), SimpleNamespace(key="toy/beta_vae/0123abcd/0", part_of=None)
    folder, said, finished = paths.run(run.key), [], []

    def taken_over(run, mine):
        (folder / "claim.json").write_text(
            json.dumps(lease.holder() | {"token": "other", "beat": 0})
        )
        finished.append(run)  # the other makes it
        mine.keep()
        raise AssertionError("went on although another process had the claim")

    monkeypatch.setattr(shard_jobs, "POLL", 0.0)
    shard_jobs.make_all(
        SimpleNamespace(key="shard", runs=(run,), whole=(run,)),
        paths,
        lambda run: run in finished,
        taken_over,
        said.append,
    )
    assert any(f"process {os.getpid()} on" in line for line in said), said
    assert json.loads((folder / "claim.json").read_text())["token"] == "other"
