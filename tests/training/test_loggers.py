"""Training curves that are sent to loggers: a module of the user's, TensorBoard and W&B."""
# ruff: noqa: F811 (fixtures)

import json
import struct
import sys
import types
from importlib.machinery import ModuleSpec

import numpy as np
import pandas as pd
import pytest
from trained_runs import data_file, elsewhere, equal, run_of, trained, workspace  # noqa: F401

from facsimile.foundation.discover import UnknownName
from facsimile.store import files
from facsimile.training import loggers

STEPS = 12


class Recorded:
    """A logger that keeps what it gets."""

    def __init__(self, run, folder, fails_at):
        self.run, self.folder, self.fails_at = run, folder, fails_at
        self.rows, self.closed = [], False

    def log(self, step, values):
        if step == self.fails_at:
            raise OSError("the server is away")
        self.rows.append((step, dict(values)))

    def close(self):
        self.closed = True


@pytest.fixture
def module(monkeypatch):
    """A module of the user's, with all that it started."""
    module = types.ModuleType("my_logger")
    module.started, module.fails_at = [], None

    def start(run, folder):
        module.started.append(Recorded(run, folder, module.fails_at))
        return module.started[-1]

    module.start = start
    # Found like a module on the path.
    module.__spec__ = ModuleSpec("my_logger", None)
    monkeypatch.setitem(sys.modules, "my_logger", module)
    return module


def history(logged, run):
    return pd.read_parquet(logged.paths.run(run.key) / files.HISTORY)


@pytest.mark.slow
@pytest.mark.parametrize("execution", ["serial", "packed"])
def test_a_logger_gets_every_recorded_step_of_every_run(workspace, tmp_path, module, execution):
    settings = {"execution": execution, "device": "cpu", "pack": 2, "loggers": "my_logger"}
    logged = elsewhere(workspace, tmp_path / "logged", **settings)
    members = [run_of(seed=seed, steps=STEPS) for seed in (0, 1)]
    weights = trained(logged, *members)
    assert [started.run["key"] for started in module.started] == [run.key for run in members]
    for run, started in zip(members, module.started, strict=True):
        stored = history(logged, run)
        assert [step for step, _ in started.rows] == list(stored["step"]) == list(range(STEPS))
        losses = [values["loss"] for _, values in started.rows]
        np.testing.assert_array_equal(losses, stored["loss"])
        assert started.folder == logged.paths.curves / "my_logger"
        assert (started.run["params"], started.run["seed"]) == ({"beta": 4}, run.seed)
        assert started.closed
    # Nobody's weights depend on who listens.
    plain = trained(elsewhere(logged, tmp_path / "plain", loggers=[]), *members)
    assert all(equal(a, b) for a, b in zip(weights, plain, strict=True))


def test_a_logger_that_fails_is_left_out_and_training_goes_on(workspace, tmp_path, module):
    module.fails_at = 3
    messages = []
    logged = elsewhere(workspace, tmp_path / "logged", loggers=["my_logger"])
    [weights] = trained(logged, run_of(steps=STEPS), log=messages.append)
    assert weights is not None
    [started] = module.started
    assert [step for step, _ in started.rows] == [0, 1, 2]
    [message] = [line for line in messages if "my_logger" in line]
    assert message.endswith("failed and is left out: OSError('the server is away')")


def test_an_unknown_logger_is_an_error_before_anything_is_trained(workspace, tmp_path):
    logged = elsewhere(workspace, tmp_path / "logged", loggers=["tensorbord"])
    with pytest.raises(UnknownName, match="did you mean 'tensorboard'"):
        trained(logged, run_of(steps=STEPS))
    assert not logged.paths.runs.exists()


@pytest.mark.parametrize("name", loggers.SHIPPED)
def test_a_logger_whose_library_is_missing_says_what_to_install(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    for module in [module for module in sys.modules if module.endswith(f".{name}")]:
        monkeypatch.delitem(sys.modules, module)
    with pytest.raises(ModuleNotFoundError, match=f"pip install {name}; or take it out of loggers"):
        loggers.modules([name])


def test_tensorboard_reads_the_curve_that_was_written(workspace, tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    logged = elsewhere(workspace, tmp_path / "logged", loggers=["tensorboard"])
    run = run_of(steps=STEPS)
    trained(logged, run)
    events = EventAccumulator(str(logged.paths.curves / "tensorboard" / run.key))
    events.Reload()
    scalars = events.Scalars("loss")
    stored = history(logged, run)
    assert [event.step for event in scalars] == list(stored["step"])
    np.testing.assert_allclose([event.value for event in scalars], stored["loss"], rtol=1e-6)


def test_wandb_reads_the_curves_that_were_written_offline(workspace, tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="wandb is not installed")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    logged = elsewhere(workspace, tmp_path / "logged", loggers=["wandb"])
    runs = {run.key: run for run in (run_of(steps=STEPS), run_of(steps=STEPS, seed=1))}
    trained(logged, *runs.values())
    files_of_runs = list((logged.paths.curves / "wandb").glob("wandb/offline-run-*/run-*.wandb"))
    read = {}
    for path in files_of_runs:
        records = list(wandb_records(path))
        [name] = [record.run.display_name for record in records if record.HasField("run")]
        read[name] = [values(record) for record in records if record.HasField("history")]
    assert set(read) == set(runs)
    for key, run in runs.items():
        stored = history(logged, run)
        assert [row["_step"] for row in read[key]] == list(stored["step"])
        np.testing.assert_array_equal([row["loss"] for row in read[key]], stored["loss"])


def values(record):
    """What a record of wandb says of one step, by name."""
    items = record.history.item
    return {item.key or item.nested_key[0]: json.loads(item.value_json) for item in items}


def wandb_records(path):
    """The records of a file of wandb, which is a log of LevelDB after a header of 7 bytes.

    Blocks of 32 KiB hold pieces: checksum (4 bytes), length (2), kind (1: whole, 2 to 4: first,
    middle, last), content.
    """
    from wandb.proto.wandb_internal_pb2 import Record

    block, header = 32768, struct.Struct("<IHB")
    content, position, record = path.read_bytes(), 7, b""
    while position < len(content):
        left = block - position % block
        if left < header.size:
            position += left
            continue
        _, length, kind = header.unpack_from(content, position)
        position += header.size
        record += content[position : position + length]
        position += length
        if kind in (1, 4):
            yield Record.FromString(record)
            record = b""
