"""What MASHA1 and MASHA2 share: a point w, at which devices know the operators of all."""

import math
from dataclasses import dataclass

from facsimile.models.base.algorithm import Random, State
from facsimile.papers.masha.models._distributed import Distributed
from facsimile.papers.masha.models._saddle import Floats, Saddle


@dataclass(frozen=True)
class Masha(Distributed):
    """z' = τ z + (1 - τ) w - γ F(w), and z⁺ = z' minus what is known of γ (F(z') - F(w)).

    Devices send F_m(z') - F_m(w) compressed. With probability 1 - τ, w becomes z⁺ and F_m(w) is
    sent in full.

    Args:
        refresh: the probability 1 - τ, 0 for 1 / (1 + d / k).
        keeps_old: 1 if w becomes the point before the step instead.
    """

    refresh: float = 0
    keeps_old: float = 0

    def probability(self, problem: Saddle) -> float:
        """The probability 1 - τ with which w is replaced."""
        return self.refresh or 1 / (1 + self.ratio(problem))

    def start(
        self,
        problem: Saddle,
        random: Random,
    ) -> State:
        """The first w is the start, of which all operators are sent in full."""
        state = super().start(problem, random)
        known = {"w": state["z"], "at_w": problem.each(state["z"])}
        full = problem.dimension
        return state | known | self.counted(problem, state, dense=full, received=full, calls=1)

    def middle(
        self,
        problem: Saddle,
        state: State,
    ) -> Floats:
        """The point z'."""
        tau = 1 - self.probability(problem)
        between = tau * state["z"] + (1 - tau) * state["w"]
        point: Floats = between - self.step_size(problem) * state["at_w"].mean(0)
        return point

    def moved(
        self,
        problem: Saddle,
        state: State,
        after: Floats,
        random: Random,
    ) -> State:
        """Return the state after a step to the point ``after``; w is replaced at random."""
        counts = self.counted(problem, state, **self.message(problem), calls=1)
        known = {"w": state["w"], "at_w": state["at_w"]}
        if random.random() < self.probability(problem):
            point = state["z"] if self.keeps_old else after
            known = {"w": point, "at_w": problem.each(point)}
            full = problem.dimension
            counts = self.counted(problem, counts, dense=full, received=full, calls=1)
        return {"z": after, "start": state["start"], **known, **counts}

    def check(self) -> None:
        super().check()
        if not 0 <= self.refresh <= 1:
            raise ValueError(f"refresh is a probability, not {self.refresh:g}")
        if self.keeps_old not in (0, 1):
            raise ValueError(f"keeps_old must be 0 or 1, not {self.keeps_old:g}")

    def square_root(self, problem: Saddle) -> float:
        """√(1 - τ), to which step sizes are proportional."""
        return math.sqrt(self.probability(problem))
