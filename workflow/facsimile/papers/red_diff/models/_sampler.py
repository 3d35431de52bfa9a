"""What all methods share: the problem, one observation per seed, and samples that change."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from facsimile.models.base.algorithm import AlgorithmModel, Random, State
from facsimile.models.base.arrays import Arrays, Shapes
from facsimile.papers.red_diff.inverse import Inverse, Named, inverse, rms
from facsimile.papers.red_diff.schedules import linear
from facsimile.statistics.diffusion.gaussian_mixture import Floats

TAKES = {
    "weights": (2,),
    "means": (2, 16),
    "roots": (2, 16, 16),
    "matrix": (14, 16),
    "deviation": (),
    "truth": (16,),
}


@dataclass(frozen=True)
class Sampler(AlgorithmModel):
    """Samples of x given one observation, all of them at once.

    The observation is drawn first, from the generator of the run's start: methods with the same
    seed are given the same one.

    Args:
        samples: how many.
        steps: evaluations of the denoiser per sample, after which the run ends; the study's
            ``training`` must state as many or more.
    """

    samples: float = 500
    steps: float = 1000
    takes: ClassVar[Shapes] = TAKES

    def problem(self, data: Named) -> Inverse:
        return inverse(data)

    def start(
        self,
        problem: Inverse,
        random: Random,
    ) -> State:
        observation = problem.observe(random)
        shared = {"observation": observation, "done": np.array(0)}
        return shared | self.first(problem, observation, random)

    @abstractmethod
    def first(
        self,
        problem: Inverse,
        observation: Floats,
        random: Random,
    ) -> State:
        """Return the state before the first step; ``x`` [samples, d] are its samples."""

    def is_finished(
        self,
        problem: Inverse,
        state: State,
    ) -> bool:
        return int(state["done"]) >= self.steps

    def record(
        self,
        problem: Inverse,
        state: State,
    ) -> dict[str, float]:
        x = state["x"]
        misfits = problem.misfits(x, state["observation"])
        return {
            "rmse": rms(x - problem.truth),
            "misfit": rms(misfits) / problem.deviation,
        }

    def result(
        self,
        problem: Inverse,
        state: State,
    ) -> Arrays:
        """Return ``samples`` [n, d] and the ``observation`` [m]."""
        return {"samples": state["x"], "observation": state["observation"]}

    def check(self) -> None:
        for name, least in {"samples": 2, "steps": 1}.items():
            value = getattr(self, name)
            if value < least or value != int(value):
                raise ValueError(f"{name} must be a whole number from {least}, not {value:g}")

    def shape(
        self,
        problem: Inverse,
    ) -> tuple[int, int]:
        return int(self.samples), problem.dimension

    def alphas(
        self,
        state: State,
    ) -> tuple[float, float]:
        """Return ᾱ of this time and of the next one, which is 1 after the last."""
        times = linear(int(self.steps))
        now = int(state["done"])
        is_last = now + 1 == len(times)
        following = 1.0 if is_last else float(times[now + 1])
        return float(times[now]), following


def after(state: State, **changed: Any) -> State:
    """Return the state after one more step."""
    return {**state, **changed, "done": state["done"] + 1}
