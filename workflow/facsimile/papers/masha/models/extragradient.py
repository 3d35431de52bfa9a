"""Extragradient, with messages that may simply be compressed."""

from dataclasses import dataclass

import numpy as np

from facsimile.models.base.algorithm import Random, State
from facsimile.models.base.arrays import Arrays
from facsimile.papers.masha.models._distributed import Distributed
from facsimile.papers.masha.models._saddle import Floats, Saddle, rand_k, top_k

STEP_SECONDS = {"1": 9.5e-5}
RUN_BYTES = 80_000
MAY_END_EARLY = True
RANDOM, LARGEST = 0, 1


@dataclass(frozen=True)
class Extragradient(Distributed):
    """Extragradient: z' = z - γ F(z), z⁺ = z - γ F(z'), with γ = rate · k / (L d).

    Korpelevich 1976, the baseline without compression (k = d). With k < d, each device sends its
    operator values compressed, and nothing is done about the error: the naive method.

    Args:
        k: coordinates in a message; all of them if it is 0, or the dimension or more.
        compressor: 0 for RandK, 1 for TopK.
    """

    k: float = 0
    compressor: float = RANDOM

    def step_size(self, problem: Saddle) -> float:
        return self.rate / (problem.lipschitz * self.ratio(problem))

    def step(
        self,
        problem: Saddle,
        state: State,
        random: Random,
    ) -> State:
        gamma = self.step_size(problem)
        z = state["z"]
        middle = z - gamma * self._sent(problem, z, random)
        after = z - gamma * self._sent(problem, middle, random)
        message = self.message(problem)
        twice = {name: 2 * number for name, number in message.items()}
        counts = self.counted(problem, state, **twice, calls=2)
        return {"z": after, "start": state["start"], **counts}

    def _sent(
        self,
        problem: Saddle,
        z: Floats,
        random: Random,
    ) -> Floats:
        """The mean of what the devices send of their operators at a point."""
        values, kept = problem.each(z), self.kept(problem)
        if self.compressor == LARGEST:
            compressed = top_k(values, kept)
        else:
            compressed = rand_k(values, kept, random)
        mean: Floats = compressed.mean(0)
        return mean

    def result(
        self,
        problem: Saddle,
        state: State,
    ) -> Arrays:
        """Also, without compression, the matrix by which a step multiplies the error."""
        inferred = super().result(problem, state)
        if self.kept(problem) < problem.dimension:
            return inferred
        step = self.step_size(problem) * problem.matrix
        identity = np.eye(problem.dimension)
        return inferred | {"error_matrix": identity - step + step @ step}

    def check(self) -> None:
        super().check()
        if self.compressor not in (RANDOM, LARGEST):
            raise ValueError(f"compressor must be 0 or 1, not {self.compressor:g}")
