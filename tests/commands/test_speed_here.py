"""``plan`` estimates with the speed of runs that were made here."""
# ruff: noqa: F811 (fixtures)

import json

import pytest
from trained_runs import at, data_file, made, run_of  # noqa: F401

from facsimile.commands.speed_here import speed_here
from facsimile.planning import cost
from facsimile.store import files


def rewritten(at, run, **changes):
    path = at.paths.run(run.key) / files.RECORD
    record = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(record))


def test_a_finished_run_says_how_long_the_next_takes(at):
    run = run_of(steps=10)
    assert speed_here(at).runs == 0
    made(at, run)
    rewritten(at, run, seconds=20.0)
    here = speed_here(at)
    assert here.runs == 1
    longer = run_of(seed=1, steps=1000)
    assert cost.train_seconds(longer, here) == pytest.approx(2000)


@pytest.mark.parametrize(
    "changes", [{"processor": "another"}, {"device": "NVIDIA H200"}, {"precision": "bf16"}]
)
def test_runs_of_other_machines_and_precisions_say_nothing(at, changes):
    run = run_of(steps=10)
    made(at, run)
    rewritten(at, run, **changes)
    assert speed_here(at).runs == 0


def test_a_control_that_was_not_trained_says_nothing(at):
    run = run_of(steps=10)
    made(at, run)
    path = at.paths.run(run.key) / files.RECORD
    record = json.loads(path.read_text())
    untrained = {key: record[key] for key in ("code", "run", "state", "statement", "steps")}
    path.write_text(json.dumps(untrained | {"steps": 0}))
    assert speed_here(at).runs == 0


def test_measured_metrics_replace_estimates(at):
    run = run_of(steps=10)
    made(at, run)
    row = {"metric": "mig", "score": "mig", "result": 0.1, "n_train": 500, "seconds": 0.5}
    path = at.paths.score(run.key, "mig", "00000000")
    path.parent.mkdir()
    path.write_text(json.dumps({"stamp": {"code": "0"}, "scores": [row, row | {"score": "other"}]}))
    assert speed_here(at).metrics == {"mig": 10.0}
