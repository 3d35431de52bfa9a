"""Gradient ascent on the posterior mean of one Gaussian process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch

from facsimile.models.base import offline_designs
from facsimile.models.base.algorithm import AlgorithmModel, Random, State
from facsimile.models.base.arrays import Arrays, Shapes
from facsimile.papers.root.models._letter_process import Kernel, PosteriorMean, fitted
from facsimile.papers.root.models._pairs import CLIMB_RATE, NOISE, Offline, drawn_kernel

LABEL = "GA on GP"
STEP_SECONDS = {"1": 0.04}
RUN_BYTES = 600_000
DESIGNS = 128


@dataclass(frozen=True)
class ProcessAscent(AlgorithmModel):
    """The 128 best offline designs climb the posterior mean of a process that saw random rows.

    The process is one of those of ROOT (Dao et al. 2025): length scale and variance are uniform in
    6.25 ± 0.25, the noise is 0.01; steps are 0.05. Table 1 has such a method, whose settings
    we have not seen.

    rows: offline rows that the process sees, drawn without replacement.
    """

    rows: float
    takes: ClassVar[Shapes] = {"sequence": (8,), "offline": (), "x": (24,), "y": ()}

    def problem(
        self,
        data: Mapping[str, npt.NDArray[Any]],
    ) -> Offline:
        return Offline.of(data)

    def start(
        self,
        problem: Offline,
        random: Random,
    ) -> State:
        """Fit the process."""
        rows = random.permutation(len(problem.y))[: int(self.rows)]
        kernel = drawn_kernel(random)
        weights = fitted(problem.grid, kernel, problem.numbers[rows], problem.y[rows])
        best = offline_designs.best_rows(problem.y, DESIGNS)
        kernel_arrays = {"length": np.array(kernel.length), "variance": np.array(kernel.variance)}
        return {"x": problem.x[best], "process": weights, **kernel_arrays}

    def step(
        self,
        problem: Offline,
        state: State,
        random: Random,
    ) -> State:
        x = torch.from_numpy(np.array(state["x"]))
        after = offline_designs.ascend(_posterior(problem, state), x, CLIMB_RATE, 1)
        return state | {"x": after.numpy()}

    def record(
        self,
        problem: Offline,
        state: State,
    ) -> dict[str, float]:
        predicted = _posterior(problem, state)(torch.from_numpy(np.array(state["x"])))
        return {"predicted": float(predicted.mean()), "highest_predicted": float(predicted.max())}

    def result(
        self,
        problem: Offline,
        state: State,
    ) -> Arrays:
        """The ``designs``, int64 [128, 8]."""
        return {"designs": problem.encoding.decode(state["x"])}

    def check(self) -> None:
        if self.rows < 1 or self.rows != int(self.rows):
            raise ValueError(f"rows must be a whole number of 1 or more, not {self.rows:g}")


def _posterior(
    problem: Offline,
    state: State,
) -> PosteriorMean:
    kernel = Kernel(float(state["length"]), float(state["variance"]), NOISE)
    return PosteriorMean.of(problem.grid, kernel, state["process"])
