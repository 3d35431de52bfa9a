"""``plan`` estimates with the speed of runs that were made here."""
# ruff: noqa: F811 (fixtures)

import json

import pytest
from trained_runs import data_file, run_of, trained, workspace  # noqa: F401

from facsimile.commands.speed_here import speed_here
from facsimile.planning import cost, processor
from facsimile.planning.workspace import Workspace
from facsimile.store import files


def rewritten(workspace, run, **changes):
    path = workspace.paths.run(run.key) / files.RECORD
    record = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(record))


def test_a_finished_run_says_how_long_the_next_takes(workspace):
    run = run_of(steps=10)
    assert speed_here(workspace).runs == 0
    trained(workspace, run)
    rewritten(workspace, run, seconds=20.0)
    here = speed_here(workspace)
    assert here.runs == 1
    longer = run_of(seed=1, steps=1000)
    assert cost.train_seconds(longer, here) == pytest.approx(2000)


def test_dense_networks_are_measured_on_a_processor_with_bf16(workspace, monkeypatch):
    monkeypatch.setattr(processor, "has_bf16", lambda: True)
    auto = Workspace(workspace.config.model_copy(update={"precision": "auto"}))
    run = run_of(steps=10, network="mlp")
    trained(workspace, run)
    assert speed_here(auto).runs == 1


@pytest.mark.parametrize(
    "changes", [{"processor": "another"}, {"device": "NVIDIA H200"}, {"precision": "bf16"}]
)
def test_runs_of_other_machines_and_precisions_say_nothing(workspace, changes):
    run = run_of(steps=10)
    trained(workspace, run)
    rewritten(workspace, run, **changes)
    assert speed_here(workspace).runs == 0


def test_a_control_that_was_not_trained_says_nothing(workspace):
    run = run_of(steps=10)
    trained(workspace, run)
    path = workspace.paths.run(run.key) / files.RECORD
    record = json.loads(path.read_text())
    untrained = {key: record[key] for key in ("code", "run", "state", "statement", "steps")}
    path.write_text(json.dumps(untrained | {"steps": 0}))
    assert speed_here(workspace).runs == 0


def test_measured_metrics_replace_estimates(workspace):
    run = run_of(steps=10)
    trained(workspace, run)
    row = {"metric": "mig", "score": "mig", "result": 0.1, "n_train": 500, "seconds": 0.5}
    path = workspace.paths.score(run.key, "mig", "00000000")
    path.parent.mkdir()
    path.write_text(json.dumps({"stamp": {"code": "0"}, "scores": [row, row | {"score": "other"}]}))
    assert speed_here(workspace).metrics == {"mig": 10.0}
