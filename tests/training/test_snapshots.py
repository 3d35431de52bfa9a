"""Snapshots: each is stored as a run of fewer steps and scored, and the best one has a name."""
# ruff: noqa: F811 (fixtures)

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from project import PAPERS
from trained_runs import data_file, elsewhere, equal, run_of, trained, workspace  # noqa: F401

from facsimile.planning import cost
from facsimile.scoring import snapshots
from facsimile.store import checkpoints, files, records
from facsimile.studies import reading, runs
from facsimile.studies.runs import Shard
from facsimile.studies.training import Snapshots
from facsimile.training import train_shard

EVERY = 4
EXECUTIONS = ["serial", pytest.param("packed", marks=pytest.mark.slow)]


def snapshots_of(every=EVERY, metrics=None, **settings):
    return replace(
        run_of(**{"steps": 10} | settings), snapshots=Snapshots(every=every, metrics=metrics or {})
    )


def shard_of(*members):
    return Shard("toy", members[0].model, tuple(runs.with_snapshots(list(members))))


def train(workspace, *members):
    train_shard.train_shard(workspace, shard_of(*members), lambda _: None)


def weights(workspace, run):
    return records.weights(workspace.paths.run(run.key))


def test_snapshots_change_no_hash_and_are_runs_of_fewer_steps():
    whole = snapshots_of()
    assert whole.key == run_of(steps=10).key
    assert [part.key for part in whole.snapshot_runs] == [
        run_of(steps=steps).key for steps in (8, 4)
    ]
    assert {part.snapshot_of for part in whole.snapshot_runs} == {whole.key}
    assert run_of(steps=10).snapshot_runs == whole.snapshot_runs[0].snapshot_runs == ()


def test_a_shard_has_its_runs_first_and_each_snapshot_once():
    twice = [snapshots_of(), snapshots_of(seed=1), snapshots_of(steps=8)]
    shard = shard_of(*twice)
    assert shard.whole == tuple(twice)
    # The run of 8 steps is also a run of the study; it shares its snapshot after 4 steps with the
    # run of 10.
    assert [(part.steps, part.seed) for part in shard.runs[3:]] == [(4, 0), (8, 1), (4, 1)]
    plain = [run_of(steps=10), run_of(steps=10, seed=1)]
    assert runs.shards(plain, 50) == [Shard("toy", "beta_vae", tuple(plain))]


@pytest.mark.slow
@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_snapshot_has_the_bits_of_the_run_of_fewer_steps(workspace, tmp_path, execution):
    here = elsewhere(workspace, tmp_path / "here", execution=execution, device="cpu", pack=2)
    whole = snapshots_of()
    train(here, whole)
    alone = elsewhere(here, tmp_path / "alone")
    for part in whole.snapshot_runs:
        [expected] = trained(alone, run_of(steps=part.steps))
        assert equal(weights(here, part), expected)
        record = records.record(here.paths.run(part.key))
        assert (record["steps"], record["snapshot_of"], record["run"]) == (
            part.steps,
            whole.key,
            part.key,
        )
    [unwatched] = trained(alone, run_of(steps=10))
    assert equal(weights(here, whole), unwatched)


@pytest.mark.slow
@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_run_killed_between_two_snapshots_resumes_and_makes_no_snapshot_twice(
    workspace, tmp_path, monkeypatch, execution
):
    settings = {"execution": execution, "device": "cpu", "pack": 2}
    straight = elsewhere(workspace, tmp_path / "straight", **settings)
    killed = elsewhere(workspace, tmp_path / "killed", checkpoint_steps=3, **settings)
    whole = snapshots_of()
    train(straight, whole)
    save = checkpoints.save_checkpoint

    def save_and_die(folder, tensors, state):
        save(folder, tensors, state)
        if state["step"] == 6:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "save_checkpoint", save_and_die)
        with pytest.raises(KeyboardInterrupt):
            train(killed, whole)
    late, early = whole.snapshot_runs
    assert records.record(killed.paths.run(late.key)) is None
    before = (killed.paths.run(early.key) / files.WEIGHTS).stat().st_ino
    train(killed, whole)
    assert (killed.paths.run(early.key) / files.WEIGHTS).stat().st_ino == before
    for run in (whole, late, early):
        assert equal(weights(killed, run), weights(straight, run))
    assert [
        session["from"] for session in records.record(killed.paths.run(whole.key))["sessions"]
    ] == [0, 6]


@pytest.mark.slow
def test_a_missing_snapshot_is_trained_without_its_run(workspace):
    whole = snapshots_of()
    train(workspace, whole)
    late, early = whole.snapshot_runs
    expected = weights(workspace, late)
    stays = [(workspace.paths.run(run.key) / files.WEIGHTS).stat().st_ino for run in (whole, early)]
    records.forget(workspace.paths, late)
    train(workspace, whole)
    assert equal(weights(workspace, late), expected)
    assert [
        (workspace.paths.run(run.key) / files.WEIGHTS).stat().st_ino for run in (whole, early)
    ] == stays


@pytest.mark.slow
@pytest.mark.parametrize("execution", EXECUTIONS)
def test_snapshots_after_a_failure_fail_and_those_before_it_are_stored(
    workspace, tmp_path, execution
):
    # A learning rate at which float32 overflows; the record of the run says at which step.
    here = elsewhere(workspace, tmp_path / "here", execution=execution, device="cpu", pack=2)
    whole = snapshots_of(every=1, steps=30, lr=1e6)
    train(here, whole)
    record = records.record(here.paths.run(whole.key))
    assert record["state"] == "failed"
    states = {
        part.steps: records.record(here.paths.run(part.key))["state"]
        for part in whole.snapshot_runs
    }
    assert record["steps"] >= 1
    assert states == {
        steps: "done" if steps <= record["steps"] else "failed" for steps in range(1, 30)
    }


def test_an_expensive_metric_is_computed_at_multiples_of_its_own():
    whole = snapshots_of(every=2, metrics={"dci": 6})
    assert [part.steps for part in whole.snapshot_runs if part.is_evaluated("mig")] == [8, 6, 4, 2]
    assert [part.steps for part in whole.snapshot_runs if part.is_evaluated("dci")] == [6]
    assert whole.is_evaluated("dci")
    with pytest.raises(ValueError, match="dci: 5 is no multiple of the 2 steps"):
        Snapshots(every=2, metrics={"dci": 5})


def test_a_snapshot_costs_disk_space_and_scoring_but_no_training(root):
    whole, study = snapshots_of(), reading.load(PAPERS / "overlap" / "study.yaml")
    plain, watched = (cost.estimate([run], study, "desk") for run in (run_of(steps=10), whole))
    assert watched.steps == plain.steps
    assert watched.bytes == 3 * plain.bytes
    assert watched.core_hours > plain.core_hours
    assert sum(map(cost.train_seconds, shard_of(whole).runs)) == cost.train_seconds(whole)


def test_the_best_snapshot_is_the_earliest_best_in_the_direction_of_the_metric():
    rows = [
        ("mig", 2, 0.1),
        ("mig", 4, 0.3),
        ("mig", 6, 0.3),
        ("elbo", 2, -9.0),
        ("elbo", 4, -5.0),
        ("elbo", 6, -7.0),
    ]
    scores = pd.DataFrame(rows, columns=["metric", "step", "result"]).assign(run="r", score="s")
    assert snapshots.best(scores).set_index("metric")["step"].to_dict() == {"mig": 4, "elbo": 4}
    # For total correlation lower is better.
    assert snapshots.best(scores.iloc[:3].assign(metric="unsupervised"))["step"].tolist() == [2]


def test_scores_of_snapshots_are_listed_under_their_run_with_their_step():
    whole = snapshots_of()
    late, early = whole.snapshot_runs
    results = [(whole.key, 0.2), (late.key, 0.5), (early.key, 0.1)]
    scores = pd.DataFrame(results, columns=["run", "result"]).assign(
        metric="mig", score="mig", variation=""
    )
    sampled = scores.iloc[:1].assign(variation="sampled", result=0.9)
    identity = pd.DataFrame({"run": [whole.key], "dataset": ["toy"], "seed": [0]})
    scores = pd.concat([scores, sampled])
    table = snapshots.with_snapshots(identity.merge(scores, on="run"), scores, [whole])
    listed = {row.variation: (row.step, row.result) for row in table.itertuples()}
    assert listed == {
        "": (10, 0.2),
        "sampled": (10, 0.9),
        "step_4": (4, 0.1),
        "step_8": (8, 0.5),
        "step_10": (10, 0.2),
        "best": (8, 0.5),
    }
    assert set(table["run"]) == {whole.key}
    assert np.all(table["dataset"] == "toy")
    unwatched = identity.merge(scores, on="run")
    assert snapshots.with_snapshots(unwatched, scores, [run_of(steps=10)]) is unwatched
