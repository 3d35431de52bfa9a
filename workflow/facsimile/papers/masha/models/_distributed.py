"""What all methods share: the start, the count of what is sent, and the columns of the history."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.models.base.algorithm import AlgorithmModel, Random, State
from facsimile.models.base.arrays import Arrays, Shapes
from facsimile.papers.masha.models._saddle import VALUE_BITS, Saddle, saddle

# Coordinates that a device sends before a run ends.
BUDGET = 40_000
COUNTS = ("dense", "compressed", "received", "calls")


@dataclass(frozen=True)
class Distributed(AlgorithmModel):
    """Base class of methods for distributed saddle points, which start from N(0, I).

    The state has the point ``z``, the start, and what one device has done so far: coordinates sent
    in full vectors (``dense``) and in compressed ones, coordinates received, calls of its operator.

    Args:
        k: coordinates in a compressed message; all of them if it is 0, or the dimension or more.
        rate: multiple of the step size that is stated in the class.
    """

    k: float
    rate: float = 0.5
    takes: ClassVar[Shapes] = {
        "coupling": (4, 4),
        "of_x": (4,),
        "of_y": (4,),
        "regularisation": (),
    }

    def problem(self, data: Mapping[str, npt.NDArray[Any]]) -> Saddle:
        return saddle(data)

    def kept(self, problem: Saddle) -> int:
        """Coordinates of a compressed message, at most all."""
        return min(int(self.k) or problem.dimension, problem.dimension)

    def ratio(self, problem: Saddle) -> float:
        """The factor d / k by which messages shrink."""
        return problem.dimension / self.kept(problem)

    def step_size(self, problem: Saddle) -> float:
        """The step size γ."""
        raise NotImplementedError

    def start(
        self,
        problem: Saddle,
        random: Random,
    ) -> State:
        z = random.normal(size=problem.dimension)
        counts = {name: np.array(0) for name in COUNTS}
        return {"z": z, "start": z, **counts}

    def counted(
        self,
        problem: Saddle,
        state: State,
        **more: int,
    ) -> State:
        """Return the counts of a state after one more step, by ``COUNTS``."""
        return {name: state[name] + more.get(name, 0) for name in COUNTS}

    def message(self, problem: Saddle) -> dict[str, int]:
        """What one compressed vector adds to the counts; the mean of M may have M k coordinates."""
        kept = self.kept(problem)
        received = min(problem.dimension, problem.devices * kept)
        name = "dense" if kept == problem.dimension else "compressed"
        return {name: kept, "received": received}

    def record(
        self,
        problem: Saddle,
        state: State,
    ) -> dict[str, float]:
        dense, compressed = int(state["dense"]), int(state["compressed"])
        index_bits = math.log2(problem.dimension)
        return {
            "distance": problem.distance(state["z"]),
            "sent": dense + compressed,
            "bits": VALUE_BITS * dense + (VALUE_BITS + index_bits) * compressed,
            "received": int(state["received"]),
            "calls": int(state["calls"]),
        }

    def is_finished(
        self,
        problem: Saddle,
        state: State,
    ) -> bool:
        return bool(state["dense"] + state["compressed"] >= BUDGET)

    def result(
        self,
        problem: Saddle,
        state: State,
    ) -> Arrays:
        """The last point, the start, the solution and the step size."""
        return {
            "z": state["z"],
            "start": state["start"],
            "solution": problem.solution,
            "step_size": np.array(self.step_size(problem)),
        }

    def check(self) -> None:
        if self.k < 0 or self.k != int(self.k):
            raise ValueError(f"k must be a whole number, not {self.k:g}")
        if not self.rate > 0:
            raise ValueError(f"rate must be above 0, not {self.rate:g}")
