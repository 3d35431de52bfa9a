"""Run an algorithm to its end, from its checkpoint if it has one.

What its steps compute is in ``models/base/algorithm.py``. This is the counterpart of ``loop.run``.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from facsimile.datasets import Arrays, Data
from facsimile.models.base import algorithm
from facsimile.models.base.algorithm import AlgorithmModel, NonFiniteColumn, Progress, State
from facsimile.store import checkpoints, files
from facsimile.studies.training import Training
from facsimile.training import loop


class NonFiniteRun(loop.NonFiniteLoss):
    """A run whose history has a number that is not finite."""

    def __init__(self, failure: NonFiniteColumn) -> None:
        RuntimeError.__init__(self, str(failure))
        self.state: Any = failure.progress
        self.step = failure.progress.step
        self.last = failure.last


def run(
    model: AlgorithmModel,
    training: Training,
    data: Data,
    seed: int,
    folder: Path,
    clock: loop.Clock,
    session: loop.Session,
    reached: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Make all steps of a run and return where it ended.

    The arguments are those of ``loop.run``. Raises NonFiniteRun.
    """
    problem = problem_of(model, data)
    try:
        progress = algorithm.begin(model, problem, seed)
        _restore(progress, folder)
        progress.sessions.append({"from": progress.step, **session})
        began = time.perf_counter()
        seconds_before = progress.seconds
        for _ in algorithm.advance(model, problem, seed, training.steps, progress):
            progress.seconds = seconds_before + time.perf_counter() - began
            if progress.step < training.steps:
                reached(progress)
            # After the last step the run is stored as a whole.
            if clock.due(progress.step) and progress.step < training.steps:
                clock.check_lease()
                checkpoints.save_checkpoint(folder, tensors(progress), loop.progress(progress))
                clock.saved()
    except NonFiniteColumn as failure:
        raise NonFiniteRun(failure) from None
    return progress


def problem_of(
    model: AlgorithmModel,
    data: Data,
) -> Any:
    """The problem of a data set; raises ValueError for one that the model cannot take."""
    loop.shape_of(model, data)
    assert isinstance(data, Arrays)  # or shape_of would have refused it
    return model.problem(data.arrays(slice(None)))


def tensors(progress: Progress) -> dict[str, Tensor]:
    """The state of a run, for storage."""
    # A copy, as the state may be changed in place, and an array may be a view.
    return {name: torch.from_numpy(np.array(value)) for name, value in progress.state.items()}


def state_of(stored: Mapping[str, Tensor]) -> State:
    """The state that ``tensors`` made tensors of."""
    return {name: value.numpy() for name, value in stored.items()}


def _restore(
    progress: Progress,
    folder: Path,
) -> None:
    """Continue from the checkpoint of a run, if there is one.

    Raises StoreError for a checkpoint of another state than the algorithm's.
    """
    checkpoint = checkpoints.load_checkpoint(folder)
    if checkpoint is None:
        return
    stored, saved = checkpoint
    state = state_of(stored)
    if _shapes(state) != _shapes(progress.state):
        raise files.StoreError(
            f"{folder / files.CHECKPOINT}: of another state: it has {_shapes(state)}, the model "
            f"{_shapes(progress.state)}; the model's code has changed since; start this run again: "
            f"facsimile forget {files.run_key(folder)}"
        )
    progress.state = state
    for name in loop.PROGRESS:
        setattr(progress, name, saved[name])


def _shapes(
    state: State,
) -> dict[str, tuple[int, ...]]:
    return {name: state[name].shape for name in sorted(state)}
