"""The contract of algorithms.

Every such model is discovered by name, and makes a few steps on arrays of the shapes that it takes.
"""

import numpy as np
import pytest

from facsimile.models.base import algorithm
from facsimile.models.base.algorithm import AlgorithmModel
from facsimile.planning import cost
from facsimile.training import algorithm_runs

ROWS, STEPS = 6, 4
# Arrays of these names are whole numbers in every data set; half of the rows are held out.
WHOLE = {
    "labels": np.arange(ROWS) % 2,
    "task": np.zeros(ROWS, np.int64),
    "held_out": np.repeat((0, 1), ROWS // 2),
}


@pytest.fixture
def model(algorithm, make_model):
    return make_model(algorithm)


@pytest.fixture
def problem(model):
    drawn = np.random.default_rng(0)
    data = {}
    for name, shape in model.takes.items():
        values = drawn.uniform(0.5, 1.5, (ROWS, *shape)).astype(np.float32)
        data[name] = WHOLE.get(name, values)
    return model.problem(data)


def advanced(model, problem, progress, steps=STEPS, seed=3):
    for _ in algorithm.advance(model, problem, seed, steps, progress):
        pass
    return progress


def test_steps_are_recorded_in_float64_and_depend_on_the_seed_alone(model, problem):
    first, again = (advanced(model, problem, algorithm.begin(model, problem, 3)) for _ in range(2))
    assert first.history == again.history
    other = advanced(model, problem, algorithm.begin(model, problem, 4), seed=4)
    assert (other.history == first.history) == getattr(model, "deterministic", False)
    assert [row["step"] for row in first.history] == list(range(first.step + 1))
    assert len({tuple(row) for row in first.history}) == 1, "all rows have the same columns"
    for name, values in first.state.items():
        np.testing.assert_array_equal(values, again.state[name])
        assert values.dtype.kind != "f" or values.dtype == np.float64, name


def test_a_stored_state_continues_with_the_same_bits(model, problem):
    whole = advanced(model, problem, algorithm.begin(model, problem, 3))
    half = advanced(model, problem, algorithm.begin(model, problem, 3), 2)
    stored = algorithm_runs.state_of(algorithm_runs.tensors(half))
    resumed = algorithm.Progress(stored, half.step, half.history)
    advanced(model, problem, resumed)
    assert resumed.history == whole.history
    for name, values in whole.state.items():
        np.testing.assert_array_equal(values, resumed.state[name])


def test_the_plan_knows_of_runs_that_may_end_early(algorithm, model):
    decides = type(model).is_finished is not AlgorithmModel.is_finished
    assert cost.may_end_early(algorithm) == decides


def test_what_a_run_infers_is_finite(model, problem):
    progress = advanced(model, problem, algorithm.begin(model, problem, 3))
    result = model.result(problem, progress.state)
    assert result, "a model that infers nothing cannot be measured"
    for name, values in result.items():
        assert np.isfinite(values).all(), name


def test_the_first_steps_are_recorded_and_then_64_of_each_doubling():
    chosen = [step for step in range(4097) if algorithm.recorded(step)]
    assert chosen[:130] == [*range(129), 130]
    per_doubling = [sum(2**i < step <= 2 ** (i + 1) for step in chosen) for i in range(7, 12)]
    assert per_doubling == [64] * 5
