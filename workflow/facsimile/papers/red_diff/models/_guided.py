"""Ancestral sampling whose noise prediction is guided by an observation."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from facsimile.models.base.algorithm import Random, State
from facsimile.papers.red_diff.inverse import Inverse
from facsimile.papers.red_diff.models._sampler import Sampler, after
from facsimile.papers.red_diff.schedules import levels
from facsimile.statistics.diffusion.gaussian_mixture import Floats


@dataclass(frozen=True)
class Guided(Sampler):
    """Samples start as noise, and each step removes some of it (Ho et al. 2020)."""

    def first(
        self,
        problem: Inverse,
        observation: Floats,
        random: Random,
    ) -> State:
        return {"x": random.standard_normal(self.shape(problem))}

    def step(
        self,
        problem: Inverse,
        state: State,
        random: Random,
    ) -> State:
        alpha, following = self.alphas(state)
        a, s = levels(alpha)
        x = state["x"]
        clean = problem.prior.denoise(x, a, s)
        guided, moved = self.guide(
            problem,
            state,
            clean,
            a,
            s,
        )
        noise = random.standard_normal(x.shape)
        drawn = ancestral(x, guided, alpha, following, noise)
        return after(state, x=drawn + moved)

    @abstractmethod
    def guide(
        self,
        problem: Inverse,
        state: State,
        clean: Floats,
        a: float,
        s: float,
    ) -> tuple[Floats, Floats | float]:
        """Return the guided prediction of x_0 [n, d], and what is added after the step.

        Args:
            problem: the inverse problem.
            state: the state at this time.
            clean: E[x_0 | x], [n, d].
            a: √ᾱ.
            s: √(1 - ᾱ).
        """


def ancestral(
    x: Floats,
    clean: Floats,
    alpha: float,
    following: float,
    noise: Floats,
) -> Floats:
    """Return a draw [n, d] at the following time, given x and x_0 [n, d]."""
    kept = alpha / following
    lost = (1 - kept) / (1 - alpha)
    of_clean = np.sqrt(following) * lost
    of_x = (1 - lost) / np.sqrt(kept)
    deviation = np.sqrt((1 - following) * lost)
    drawn: Floats = of_clean * clean + of_x * x + deviation * noise
    return drawn
