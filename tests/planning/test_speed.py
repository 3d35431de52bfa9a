"""The speed of a machine: by its processor, and by what was finished there."""

import pytest

from facsimile.planning import config, cost, processor, speed
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
