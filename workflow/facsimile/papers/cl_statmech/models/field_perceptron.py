"""A perceptron with binary weights that is trained in the space of their fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.models.base.algorithm import AlgorithmModel, Random, State
from facsimile.models.base.arrays import Arrays, Shapes
from facsimile.papers.cl_statmech.models._tasks import Floats, Singles, Task, gradient, task

LABEL = "Field perceptron"
STEP_SECONDS = {"load": 0.0007}  # of a pass over the first task's patterns, 1,000 weights
MOMENTS = (0.9, 0.999)  # of Adam


@dataclass(frozen=True)
class FieldPerceptron(AlgorithmModel):
    """Weights ±1 with means tanh h_i, whose fields h learn one task, or two in turn.

    Li et al. 2023, "Statistical mechanics of continual learning", and its release. The loss is the
    negative log-probability of the labels, with a normal approximation of w·x; in the second task
    also γ times the divergence KL from the weights' law after the first one. Fields are updated by
    Adam with decoupled decay, as in the release. A step is one pass over the patterns of the task.

    Args:
        load: α, patterns per weight of the first task.
        second_load: patterns per weight of the second task; 0 is none.
        overlap: r₀, the overlap of both teachers.
        penalty: γ, the weight of the divergence.
        first: passes over the first task; those that follow are over the second one.
        batch: patterns per update; 0 is all.
        rate: learning rate in the first task.
        second_rate: learning rate in the second task.
        decay: decay of the fields, as a factor of the rate.
    """

    load: float
    second_load: float = 0
    overlap: float = 0
    penalty: float = 1
    first: float = 2000
    batch: float = 100
    rate: float = 0.005
    second_rate: float = 0.005
    decay: float = 0.1
    takes: ClassVar[Shapes] = {"size": ()}

    def problem(
        self,
        data: Mapping[str, npt.NDArray[Any]],
    ) -> int:
        """Return the number of weights."""
        return int(data["size"][0])

    def start(
        self,
        problem: int,
        random: Random,
    ) -> State:
        fields = random.standard_normal(problem)
        zeros = np.zeros(problem)
        key = random.integers(2**62)
        return {
            "fields": fields,
            "before": fields,
            "mean": zeros,
            "square": zeros,
            "updates": np.array(0),
            "passes": np.array(0),
            "key": np.array(key),
        }

    def step(
        self,
        problem: int,
        state: State,
        random: Random,
    ) -> State:
        state = dict(state)
        passes = int(state["passes"])
        is_second = passes >= self.first and self.second_load > 0
        if is_second and passes == self.first:
            # Adam begins again, and the first task's fields become the prior.
            zeros = np.zeros(problem)
            state |= {"before": state["fields"], "mean": zeros, "square": zeros}
            state["updates"] = np.array(0)
        now = self._task(problem, state, int(is_second))
        size = int(self.batch) or len(now.labels)
        rate = self.second_rate if is_second else self.rate
        for begin in range(0, len(now.labels), size):
            block = slice(begin, begin + size)
            slope = gradient(state["fields"], now.patterns[block], now.labels[block])
            if is_second:
                share = len(now.labels[block]) / len(now.labels)
                slope = slope + share * self.penalty * self._pull(state)
            state |= self._adam(state, slope, rate)
        return state | {"passes": np.array(passes + 1)}

    def record(
        self,
        problem: int,
        state: State,
    ) -> dict[str, float]:
        errors = self._errors(problem, state)
        columns = {"error": errors[0], "self_overlap": _self_overlap(state)}
        return columns | ({"second_error": errors[1]} if self.second_load > 0 else {})

    def result(
        self,
        problem: int,
        state: State,
    ) -> Arrays:
        """Return the ``errors``, the ``order`` (r, q*) of the last task, and the ``setting``.

        The latter is (load, second load, overlap, penalty). ``fields`` are those at the end.
        """
        last = self._task(problem, state, int(self.second_load > 0))
        r = float(np.tanh(state["fields"]) @ last.teacher) / problem
        setting = [self.load, self.second_load, self.overlap, self.penalty]
        return {
            "errors": np.array(self._errors(problem, state)),
            "order": np.array([r, _self_overlap(state)]),
            "setting": np.array(setting, np.float64),
            "fields": state["fields"],
        }

    def check(self) -> None:
        if self.load <= 0:
            raise ValueError(f"load must be above 0, not {self.load:g}")
        if not -1 <= self.overlap <= 1:
            raise ValueError(f"overlap must be between -1 and 1, not {self.overlap:g}")
        for name in ("second_load", "penalty", "decay"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more, not {getattr(self, name):g}")
        for name in ("rate", "second_rate"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name):g}")
        for name in ("first", "batch"):
            value = getattr(self, name)
            if value < 0 or value != int(value):
                raise ValueError(f"{name} must be a whole number from 0, not {value:g}")

    def _task(
        self,
        problem: int,
        state: State,
        number: int,
    ) -> Task:
        load = self.second_load if number else self.load
        return task(int(state["key"]), number, problem, float(load), float(self.overlap))

    def _pull(self, state: State) -> Floats:
        """Gradient of KL(h | before): (h - before)(1 - tanh² h)."""
        fields = state["fields"]
        return np.asarray((fields - state["before"]) * (1 - np.tanh(fields) ** 2))

    def _adam(
        self,
        state: State,
        slope: Floats,
        rate: float,
    ) -> State:
        first, second = MOMENTS
        updates = int(state["updates"]) + 1
        mean = first * state["mean"] + (1 - first) * slope
        square = second * state["square"] + (1 - second) * slope**2
        scaled = mean / (1 - first**updates) / (np.sqrt(square / (1 - second**updates)) + 1e-20)
        fields = state["fields"] - rate * (scaled + self.decay * state["fields"])
        return {"mean": mean, "square": square, "updates": np.array(updates), "fields": fields}

    def _errors(
        self,
        problem: int,
        state: State,
    ) -> list[float]:
        """Generalisation error of sign(h) on each task: the angle between it and the teacher."""
        signs, errors = np.where(state["fields"] >= 0, 1.0, -1.0), []
        for number in range(2 if self.second_load > 0 else 1):
            teacher = self._teacher(problem, state, number)
            errors.append(float(np.arccos(signs @ teacher / problem) / np.pi))
        return errors

    def _teacher(
        self,
        problem: int,
        state: State,
        number: int,
    ) -> Singles:
        # A task without patterns has a teacher all the same.
        return task(int(state["key"]), number, problem, 0.0, float(self.overlap)).teacher


def _self_overlap(state: State) -> float:
    return float(np.mean(np.tanh(state["fields"]) ** 2))
