"""Least squares of least norm, H⁺ y, without a prior."""

from dataclasses import dataclass

import numpy as np

from facsimile.models.base.algorithm import Random, State
from facsimile.papers.red_diff.inverse import Inverse
from facsimile.papers.red_diff.models._sampler import Sampler, after
from facsimile.statistics.diffusion.gaussian_mixture import Floats

LABEL = "Least squares"
STEP_SECONDS = {"1": 0.001}
RUN_BYTES = 140_000
MAY_END_EARLY = True


@dataclass(frozen=True)
class LeastSquares(Sampler):
    """All samples are H⁺ y, from which RED-diff starts."""

    steps: float = 1

    def first(
        self,
        problem: Inverse,
        observation: Floats,
        random: Random,
    ) -> State:
        return {"x": np.zeros(self.shape(problem))}

    def step(
        self,
        problem: Inverse,
        state: State,
        random: Random,
    ) -> State:
        point = problem.inverse @ state["observation"]
        return after(state, x=np.tile(point, (int(self.samples), 1)))
