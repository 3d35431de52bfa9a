"""Runs trained in packs.

What is stored of each run depends on the run and on K only. A pack that was stopped and resumed
gives the same bits.
"""
# ruff: noqa: F811 (fixtures)

import multiprocessing
import time

import numpy as np
import pandas as pd
import pytest
from trained_runs import data_file, elsewhere, equal, run_of, trained, workspace  # noqa: F401
from workers import train_until_sigterm

from facsimile.planning.workspace import Workspace
from facsimile.store import checkpoints, files, records
from facsimile.store.lease import Lease, LeaseLost

K = 3


@pytest.fixture
def packed(workspace, tmp_path):
    """A workspace that packs K runs on the processor."""
    return elsewhere(workspace, tmp_path / "packed", execution="packed", device="cpu", pack=K)


class Stop(BaseException):
    """Caught by nothing, so it has the effect of a kill."""


@pytest.mark.slow
@pytest.mark.parametrize("network", ["mlp", "dlib"])
def test_bits_depend_on_neither_slot_nor_companions(packed, tmp_path, network):
    shape = {"steps": 6, "network": network}
    first, _, _ = trained(packed, *(run_of(seed=seed, **shape) for seed in (1, 2, 3)))
    other = elsewhere(packed, tmp_path / "other")
    # The other runs have other hyper-parameters (beta=9). Five runs are a full pack, then a pack of
    # two runs and a dummy, in which our run is second.
    among = [run_of(seed=seed, beta=9, **shape) for seed in (5, 6, 7, 8)]
    *_, last = trained(other, *among, run_of(seed=1, **shape))
    assert equal(first, last)
    record = records.record(other.paths.run(run_of(seed=1, **shape).key))
    assert (record["execution"], record["pack"], record["slot"], record["device"]) == (
        "packed",
        K,
        1,
        "cpu",
    )


MODELS = [{"model": "beta_vae", "beta": 4}, {"model": "factor_vae", "gamma": 10}]


@pytest.mark.slow
@pytest.mark.parametrize("params", MODELS, ids=["beta_vae", "factor_vae"])
@pytest.mark.parametrize("execution", ["packed", "serial"])
@pytest.mark.parametrize("step", [1, 6])
def test_stopped_at_any_step_and_resumed_it_has_the_bits_of_an_uninterrupted_one(
    workspace, tmp_path, monkeypatch, execution, step, params
):
    settings = {"execution": execution, "device": "cpu", "pack": 2}
    members = [run_of(seed=seed, steps=8, **params) for seed in (0, 1)]
    stopped = elsewhere(workspace, tmp_path / "stopped", **settings)
    whole = trained(elsewhere(workspace, tmp_path / "whole", **settings), *members)
    stop_at(stopped, step, monkeypatch, *members)
    assert checkpoints.load_checkpoint(stopped.paths.run(members[0].key))[1]["step"] == step
    resumed = trained(stopped, *members)
    assert all(equal(a, b) for a, b in zip(whole, resumed, strict=True))
    record = records.record(stopped.paths.run(members[0].key))
    assert [session["from"] for session in record["sessions"]] == [0, step]
    assert list(stopped.paths.run(members[0].key).glob("checkpoint*")) == []


def stop_at(workspace, step, monkeypatch, *members):
    """Train, and stop as if killed once the checkpoint of this step is written."""
    often = Workspace(workspace.config.model_copy(update={"checkpoint_steps": step}))
    with monkeypatch.context() as patch:
        patch.setattr("facsimile.training.loop.Clock.saved", stop)
        with pytest.raises(Stop):
            trained(often, *members)


def stop(clock):
    raise Stop


@pytest.mark.slow
@pytest.mark.parametrize("before", ["serial", "packed"])
def test_a_run_begun_in_one_execution_is_finished_in_the_other(
    workspace, tmp_path, monkeypatch, before
):
    run = run_of(steps=12, lr=1e-4)
    begun = elsewhere(workspace, tmp_path / "begun", execution=before, device="cpu", pack=K)
    stop_at(begun, 7, monkeypatch, run)
    after = {"serial": "packed", "packed": "serial"}[before]
    trained(Workspace(begun.config.model_copy(update={"execution": after})), run)
    record = records.record(begun.paths.run(run.key))
    assert [(s["from"], s["execution"]) for s in record["sessions"]] == [(0, before), (7, after)]
    trained(workspace, run)
    mixed, alone = (
        pd.read_parquet(w.paths.run(run.key) / files.HISTORY) for w in (begun, workspace)
    )
    assert mixed["step"].to_list() == list(range(12))
    # Up to rounding in float32, whose errors have not grown much after 12 steps at this rate.
    np.testing.assert_allclose(mixed["loss"], alone["loss"], rtol=1e-4)


@pytest.mark.slow
def test_a_non_finite_loss_freezes_its_run_and_other_runs_keep_their_bits(packed, tmp_path):
    messages = []
    usual = {"model": "annealed_vae", "c_max": 25, "gamma": 1000, "iteration_threshold": 100}
    good = run_of(seed=5, steps=9, **usual)
    # γ·C(t) is 0, 2.5e38, then 5e38: more than float32 holds.
    diverging = run_of(
        seed=4, steps=9, **usual | {"c_max": 1e34, "gamma": 1e5, "iteration_threshold": 4}
    )
    failed, kept = trained(packed, diverging, good, log=messages.append)
    assert failed is None
    record = records.record(packed.paths.run(diverging.key))
    assert "non-finite loss at step 2; the last finite loss was 2.5e+38" in record["reason"]
    assert any("FAILED" in line for line in messages)
    history = pd.read_parquet(packed.paths.run(diverging.key) / files.HISTORY)
    assert len(history) == record["steps"] == 2
    assert np.isfinite(history["loss"]).all()
    assert record["last_finite_loss"] == history["loss"].iloc[-1]
    [quiet, _] = trained(
        elsewhere(packed, tmp_path / "quiet"), good, run_of(seed=4, steps=9, **usual)
    )
    assert equal(kept, quiet)


@pytest.mark.slow
def test_the_history_is_that_of_a_serial_run(workspace, packed):
    run = run_of("beta_tc_vae", steps=6, beta=4)
    trained(workspace, run)
    trained(packed, run)
    alone, together = (
        pd.read_parquet(w.paths.run(run.key) / files.HISTORY) for w in (workspace, packed)
    )
    assert list(alone.columns) == list(together.columns)
    np.testing.assert_allclose(together.to_numpy(), alone.to_numpy(), rtol=1e-4, atol=1e-3)


@pytest.mark.slow
def test_runs_with_other_training_settings_wait_for_the_next_pack(packed):
    messages = []
    short, long = run_of(steps=2), run_of(steps=3)
    assert len(trained(packed, short, long, log=messages.append)) == 2
    assert sum("a pack of 1 of" in line for line in messages) == 2


@pytest.mark.slow
def test_a_run_that_was_taken_over_is_left_alone(packed, monkeypatch):
    mine, lost = run_of(seed=0, steps=2), run_of(seed=1, steps=2)
    check, times = Lease.check, []

    def taken_over(lease):
        if lease.path.parent == packed.paths.run(lost.key) and not times:
            times.append(1)
            raise LeaseLost("taken over")
        check(lease)

    monkeypatch.setattr(Lease, "check", taken_over)
    messages = []
    assert len(trained(packed, mine, lost, log=messages.append)) == 2
    assert any("taken over; left to it" in line for line in messages)


@pytest.mark.slow
def test_sigterm_writes_a_checkpoint_of_every_run_of_the_pack(packed):
    members = [run_of(seed=seed, steps=100_000) for seed in range(2)]
    process = multiprocessing.get_context("spawn").Process(
        target=train_until_sigterm, args=(packed, *members)
    )
    process.start()
    folders = [packed.paths.run(run.key) for run in members]
    end = time.monotonic() + 300
    while not (folders[1] / "claim.json").exists() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(2)
    process.terminate()
    process.join(60)
    assert process.exitcode == 77
    steps = [checkpoints.load_checkpoint(folder)[1]["step"] for folder in folders]
    assert steps[0] == steps[1]
    assert not any((folder / "claim.json").exists() for folder in folders)
