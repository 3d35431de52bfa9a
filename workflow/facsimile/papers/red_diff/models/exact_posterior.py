"""Draws from the exact posterior, a mixture of Gaussians."""

from dataclasses import dataclass

import numpy as np

from facsimile.models.base.algorithm import Random, State
from facsimile.papers.red_diff.inverse import Inverse
from facsimile.papers.red_diff.models._sampler import Sampler, after
from facsimile.statistics.diffusion.gaussian_mixture import Floats

LABEL = "Exact posterior"
STEP_SECONDS = {"1": 0.001}
RUN_BYTES = 140_000
MAY_END_EARLY = True


@dataclass(frozen=True)
class ExactPosterior(Sampler):
    """What the other methods are to approximate; one step draws all samples."""

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
        law = problem.posterior(state["observation"])
        x, _ = law.sample(int(self.samples), random)
        return after(state, x=x)
