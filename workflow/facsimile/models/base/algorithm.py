"""The base class of models that are algorithms: a run is a sequence of steps of the model's own.

A model of losses says what the training loop minimises. An algorithm says what a step does, and
what is recorded of it: a method of optimisation whose x axis is the work done, for instance.

Example, a complete model in one file ``models/newton_root.py``::

    @dataclass(frozen=True)
    class NewtonRoot(AlgorithmModel):
        '''Newton's method for the square root of the data's only number.

        start_value: where it begins.
        '''

        start_value: float
        takes: ClassVar[Shapes] = {"square": ()}

        def start(self, problem, random):
            return {"root": np.array(self.start_value)}

        def step(self, problem, state, random):
            root = state["root"]
            return {"root": (root + problem["square"][0] / root) / 2}

        def record(self, problem, state):
            return {"residual": float(abs(state["root"] ** 2 - problem["square"][0]))}

Steps are computed by NumPy, in float64 unless the model chooses otherwise.
"""

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from facsimile.models.base import rng
from facsimile.models.base.arrays import Arrays, ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw

# Steps from one power of two to the next of which the state is recorded.
RECORDED = 64
State = dict[str, npt.NDArray[Any]]
Random = np.random.Generator


@dataclass(frozen=True)
class AlgorithmModel(ArraysModel):
    """Base class of models that are algorithms.

    Subclasses must set ``takes`` and override ``start``, ``step`` and ``record``. They may override
    ``problem``, ``is_finished`` and ``result``.

    The state is a mapping from names to NumPy arrays, and all that one step hands on to the next: a
    checkpoint holds nothing else, and a run that is resumed from one has the bits of a run that was
    not interrupted. Random numbers come from a generator that depends on the seed of the run and on
    the number of the step alone. A study states ``training: {steps: …}``, the largest number of
    steps.

    The state after the last step is stored as the weights of the run.

    A class whose runs do not depend on their seeds says so by the class attribute
    ``deterministic: ClassVar[bool] = True``. Then one run is enough for a verdict.
    """

    def problem(self, data: Mapping[str, npt.NDArray[Any]]) -> Any:
        """Return what the steps need and do not change. The default is the data.

        It is computed once per process, and is not part of a checkpoint.

        Args:
            data: all rows of the data set, by the names of its arrays.
        """
        return data

    @abstractmethod
    def start(
        self,
        problem: Any,
        random: Random,
    ) -> State:
        """Return the state before the first step.

        Args:
            problem: what ``problem`` returned.
            random: generator of the run's start.
        """

    @abstractmethod
    def step(
        self,
        problem: Any,
        state: State,
        random: Random,
    ) -> State:
        """Return the state after one more step, with the same names, shapes and types.

        Args:
            problem: what ``problem`` returned.
            state: the state before the step.
            random: generator of this step.
        """

    @abstractmethod
    def record(
        self,
        problem: Any,
        state: State,
    ) -> dict[str, float]:
        """Return the columns of the run's history, besides ``step``, at a state.

        Any of them may be the x axis of a figure of ``lines``: work, bits, calls of an oracle. A
        run fails if one of them is not finite.
        """

    def is_finished(
        self,
        problem: Any,
        state: State,
    ) -> bool:
        """Return whether the run ends before its last step, for example as a budget is spent."""
        return False

    def result(
        self,
        problem: Any,
        state: State,
    ) -> Arrays:
        """Return what the run infers, for metrics (``inferred.NAME``). The default is the state."""
        return dict(state)

    # What models of losses define.

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        """Return nothing: an algorithm has a state instead."""
        return {}

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> NoReturn:
        """Raise NotImplementedError: a step of an algorithm is ``step``."""
        raise NotImplementedError(
            f"{type(self).__name__} is an algorithm without losses; call step"
        )


@dataclass
class Progress:
    """How far a run has come: its state, the steps made, and the history so far.

    ``seconds`` and ``sessions`` are filled in by who runs it (``training/algorithm_runs.py``).
    """

    state: State
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0
    sessions: list[dict[str, Any]] = field(default_factory=list)


class NonFiniteColumn(RuntimeError):
    """A column of the history became infinite or NaN; ``last`` is its value before, if any."""

    def __init__(
        self,
        progress: Progress,
        column: str,
        last: float | None,
    ) -> None:
        before = "it never was finite" if last is None else f"it was {last:.6g} before"
        super().__init__(f"{column} is not finite after step {progress.step}; {before}")
        self.progress = progress
        self.last = last


def begin(
    model: AlgorithmModel,
    problem: Any,
    seed: int,
) -> Progress:
    """Return the progress before the first step, with the first row of the history."""
    state = model.start(problem, rng.generator(seed, "start", 0))
    progress = Progress(as_arrays(state))
    _record(model, problem, progress)
    return progress


def advance(
    model: AlgorithmModel,
    problem: Any,
    seed: int,
    steps: int,
    progress: Progress,
) -> Iterator[Progress]:
    """Make the remaining steps of a run; yield the progress after each, always the same object.

    Args:
        model: the algorithm.
        problem: what its ``problem`` returned.
        seed: seed of the run.
        steps: the largest number of steps.
        progress: where to continue.

    Raises:
        NonFiniteColumn: a recorded number is not finite.
        ValueError: a step changed the names, shapes or types of the state.
    """
    layout = _layout(progress.state)
    is_last = progress.step == steps or model.is_finished(problem, progress.state)
    while not is_last:
        random = rng.generator(seed, "step", progress.step)
        progress.state = as_arrays(model.step(problem, progress.state, random))
        progress.step += 1
        is_last = progress.step == steps or model.is_finished(problem, progress.state)
        if is_last or recorded(progress.step):
            if _layout(progress.state) != layout:
                raise ValueError(
                    f"{type(model).__name__}: the state was {layout}, and is "
                    f"{_layout(progress.state)} after step {progress.step}; keep names, types and "
                    "shapes"
                )
            _record(model, problem, progress)
        yield progress


def recorded(step: int) -> bool:
    """Whether the state after so many steps is recorded.

    It is after each of the first 128 steps, after every second one up to 256, after every fourth
    up to 512, and so on: 64 rows for each doubling, whatever the number of steps to come.
    """
    doublings = max(0, step.bit_length() - RECORDED.bit_length())
    return step % 2**doublings == 0


def as_arrays(state: Mapping[str, Any]) -> State:
    """Return a state whose values are all arrays, as they are after a checkpoint."""
    return {name: np.asarray(value) for name, value in state.items()}


def _layout(state: State) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and shape of each array of a state."""
    return {name: (str(value.dtype), value.shape) for name, value in state.items()}


def _record(
    model: AlgorithmModel,
    problem: Any,
    progress: Progress,
) -> None:
    """Add a row to the history; raises NonFiniteColumn."""
    columns = model.record(problem, progress.state)
    for name, value in columns.items():
        if not math.isfinite(value):
            last = progress.history[-1][name] if progress.history else None
            raise NonFiniteColumn(progress, name, last)
    numbers = {name: float(value) for name, value in columns.items()}
    progress.history.append({"step": progress.step, **numbers})
