"""MASHA1: compressed differences by an unbiased compressor, RandK."""

import math
from dataclasses import dataclass

from facsimile.models.base.algorithm import Random, State
from facsimile.papers.masha.models._masha import Masha
from facsimile.papers.masha.models._saddle import Saddle, rand_k

LABEL = "MASHA1"
STEP_SECONDS = {"1": 7.8e-5}
RUN_BYTES = 80_000
MAY_END_EARLY = True


@dataclass(frozen=True)
class Masha1(Masha):
    """MASHA1: z⁺ = z' - γ mean of RandK(F_m(z') - F_m(w)), γ = rate √(1 - τ) / (L √(q / M + 1)).

    Beznosikov et al. 2022, Algorithm 1, as we read it; q = d / k, and M is the number of devices.
    """

    def step_size(self, problem: Saddle) -> float:
        variance = self.ratio(problem) / problem.devices + 1
        return self.rate * self.square_root(problem) / (problem.lipschitz * math.sqrt(variance))

    def step(
        self,
        problem: Saddle,
        state: State,
        random: Random,
    ) -> State:
        middle = self.middle(problem, state)
        differences = problem.each(middle) - state["at_w"]
        sent = rand_k(differences, self.kept(problem), random)
        after = middle - self.step_size(problem) * sent.mean(0)
        return self.moved(problem, state, after, random)
