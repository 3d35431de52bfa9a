"""MASHA2: compressed differences by a contractive compressor, TopK, with error feedback."""

from dataclasses import dataclass

import numpy as np

from facsimile.models.base.algorithm import Random, State
from facsimile.papers.masha.models._masha import Masha
from facsimile.papers.masha.models._saddle import Saddle, top_k

LABEL = "MASHA2"
STEP_SECONDS = {"1": 7.8e-5}
RUN_BYTES = 80_000
MAY_END_EARLY = True


@dataclass(frozen=True)
class Masha2(Masha):
    """MASHA2: z⁺ = z' - mean of TopK(γ (F_m(z') - F_m(w)) + e_m), γ = rate √(1 - τ) k / (L d).

    What TopK leaves is the next error e_m of the device. Beznosikov et al. 2022, Algorithm 2, as we
    read it, without compression on the way back.
    """

    def step_size(self, problem: Saddle) -> float:
        shrinks = problem.lipschitz * self.ratio(problem)
        return self.rate * self.square_root(problem) / shrinks

    def start(
        self,
        problem: Saddle,
        random: Random,
    ) -> State:
        return super().start(problem, random) | {"error": np.zeros_like(problem.offsets)}

    def step(
        self,
        problem: Saddle,
        state: State,
        random: Random,
    ) -> State:
        middle = self.middle(problem, state)
        differences = problem.each(middle) - state["at_w"]
        wanted = self.step_size(problem) * differences + state["error"]
        sent = top_k(wanted, self.kept(problem))
        after = middle - sent.mean(0)
        moved = self.moved(problem, state, after, random)
        return moved | {"error": wanted - sent}
