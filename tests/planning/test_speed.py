"""The speed of a machine: by its processor, and by what was finished there."""

import pytest

from facsimile.planning import config, core_speed, cost, processor, speed
from facsimile.studies.runs import Run


def run_of(model="beta_vae", network="dlib"):
    training = {"steps": 1000} | ({"network": network} if network else {})
    statement = {"model": model, "params": {}, "training": training}
    return Run("toy", model, 0, statement, "", None, None, None, control=False)


def record_of(run, seconds, **changes):
    record = {
        "dataset": run.dataset,
        "model": run.model,
        "seed": run.seed,
        "statement": run.statement,
        "seconds": seconds,
        "steps": run.steps,
    }
    return record | changes


@pytest.mark.parametrize(
    ("precision", "has_bf16", "ratio"),
    [
        ("auto", True, 1.0),
        ("auto", False, speed.FLOAT32),
        ("float32", True, speed.FLOAT32),
        ("bf16", False, 1.0),
    ],
)
def test_a_processor_without_bf16_is_slower(monkeypatch, precision, has_bf16, ratio):
    monkeypatch.setattr(processor, "has_bf16", lambda: has_bf16)
    here = speed.of_processor(config.check({"precision": precision}))
    reference = cost.train_seconds(run_of())
    assert cost.train_seconds(run_of(), here) == pytest.approx(ratio * reference)
    # Models of arrays are trained in float32 everywhere.
    of_arrays = run_of(network=None)
    assert cost.train_seconds(of_arrays, here) == cost.train_seconds(of_arrays)


def test_a_slower_core_makes_everything_slower_that_was_not_measured(monkeypatch):
    monkeypatch.setattr(processor, "has_bf16", lambda: True)
    here = speed.of_processor(config.check({}), core=1.5)
    for run in (run_of(), run_of(network=None)):
        assert cost.train_seconds(run, here) == pytest.approx(1.5 * cost.train_seconds(run))
    assert here.start == 1.5 * speed.START_SECONDS
    assert speed.calibrated(here, [], {}) == here


def test_a_core_that_takes_twice_as_long_has_twice_the_ratio(monkeypatch):
    works = {name: lambda: None for name in core_speed.REFERENCE_SECONDS}
    monkeypatch.setattr(core_speed, "_works", lambda: works)
    expected = iter([2 * seconds for seconds in core_speed.REFERENCE_SECONDS.values()])
    monkeypatch.setattr(core_speed, "ROUNDS", 1)
    monkeypatch.setattr(core_speed, "_seconds", lambda work: next(expected))
    assert core_speed.ratio() == pytest.approx(2.0)


def test_the_fastest_round_counts(monkeypatch):
    monkeypatch.setattr(core_speed, "_works", lambda: {"python": lambda: None})
    monkeypatch.setattr(core_speed, "ROUNDS", 3)
    seconds = iter([3.0, 1.0, 2.0])
    monkeypatch.setattr(core_speed, "_seconds", lambda work: next(seconds))
    assert core_speed.fastest() == {"python": 1.0}


def test_each_kind_of_work_takes_time():
    assert core_speed.fastest().keys() == core_speed.REFERENCE_SECONDS.keys()
    assert all(seconds > 0 for seconds in core_speed.fastest().values())


def test_finished_runs_decide_for_their_model_and_guide_for_others():
    expected = speed.Speed(convolutions=1.6, start=8.0)
    slow, slower = run_of(), run_of("dip_vae_i")
    here = speed.calibrated(expected, [(slow, 2.0), (slow, 4.0), (slower, 5.0)], {"mig": [3, 5]})
    assert here.of(slow) == 3.0
    assert here.of(slower) == 5.0
    assert here.of(run_of("beta_tc_vae")) == 4.0
    assert here.metrics == {"mig": 4}
    assert (here.start, here.runs) == (8.0, 3)
    untouched = speed.calibrated(expected, [], {})
    assert (untouched.convolutions, untouched.runs) == (1.6, 0)


def test_dense_networks_say_nothing_of_convolutions():
    dense = run_of("factor_vae", network="mlp")
    here = speed.calibrated(speed.Speed(convolutions=1.6), [(dense, 0.5)], {})
    assert here.of(dense) == 0.5
    assert here.of(run_of()) == here.convolutions == 1.6
