"""MAID on the denoising by fields of experts."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from facsimile.models.base.algorithm import Random, State
from facsimile.papers.maid.models._denoising import (
    ExpertsDenoising,
    Gradient,
    hypergradient,
    solved,
)
from facsimile.papers.maid.models._experts import CONVEXITY, Experts
from facsimile.papers.maid.models._search import BETA, ETA, GROWS, RHO, ROUNDS, TAU, falls

LABEL = "MAID, experts"
STEP_SECONDS = {"budget": 2.3e-6}  # of 3,000 steps, which share the budget; 8 × 32 × 32 pixels
MAY_END_EARLY = True
RUN_BYTES = 400_000
NU = 1.05  # growth of both accuracies after a success, as in the released FoE.py
TRIALS = 10  # of the first round


@dataclass(frozen=True)
class ExpertsMaid(ExpertsDenoising):
    """Steps θ - α p with inexact x and p, accepted if g surely falls; ε and δ are adapted.

    Salehi et al. 2025, with the settings of the released script. The error of p is at most (L_g |B|
    / μ + L_A |grad g| |B| / μ² + L_B |grad g| / μ) ε + |B| δ / μ + L_B L_g ε² / μ. As in the
    script, |B| and the Lipschitz constants of A and B are estimated: |B| from B q, the others from
    their change if x moves by ε, here along the gradient that is left of the lower level.

    Args:
        filters: number of filters.
        size: their height and width.
        budget: iterations of both solvers after which the run ends.
        accuracy: ε and δ of the first step.
    """

    accuracy: float = 0.1

    def accuracy_at_start(self) -> float:
        return self.accuracy

    def start(
        self,
        problem: Experts,
        random: Random,
    ) -> State:
        numbers = {"delta": np.array(self.accuracy), "beta": np.array(BETA)}
        return super().start(problem, random) | numbers

    def step(
        self,
        problem: Experts,
        state: State,
        random: Random,
    ) -> State:
        """Up to three rounds: a hypergradient, then a search along it."""
        state = dict(state)
        for round_number in range(ROUNDS):
            here = self._gradient(problem, state)
            theta = torch.from_numpy(state["theta"])
            for trial in range(TRIALS + round_number):
                length = float(state["beta"]) * RHO**trial
                moved = theta - length * here.p
                epsilon = float(state["epsilon"])
                x = solved(problem, state, moved, here.x, epsilon)
                if falls(problem, here.x, x, epsilon, length * here.norm**2):
                    state |= {"theta": moved.numpy(), "x": x.numpy()}
                    state["beta"] = np.array(GROWS * length)
                    return state | _scaled(state, NU)
                if self.is_finished(problem, state):
                    return state
            state |= _scaled(state, TAU)
        return state

    def check(self) -> None:
        super().check()
        if not self.accuracy > 0:
            raise ValueError(f"accuracy must be above 0, not {self.accuracy:g}")

    def _gradient(
        self,
        problem: Experts,
        state: State,
    ) -> Gradient:
        """A hypergradient whose estimated error is small enough."""
        theta = torch.from_numpy(state["theta"])
        while True:
            epsilon, delta = float(state["epsilon"]), float(state["delta"])
            x = solved(problem, state, theta, torch.from_numpy(state["x"]), epsilon)
            state["x"] = x.numpy()
            here = hypergradient(problem, state, x, delta)
            is_enough = bound(problem, theta, here, epsilon, delta) <= (1 - ETA) * here.norm
            if is_enough or self.is_finished(problem, state):
                return here
            state |= _scaled(state, TAU)


def bound(
    problem: Experts,
    theta: Tensor,
    here: Gradient,
    epsilon: float,
    delta: float,
) -> float:
    """Estimate of the largest error of a hypergradient, by its norm."""
    size = float(here.q.norm())
    left = problem.lower_gradient(here.x, theta)
    moved = here.x + epsilon * left / left.norm()
    of_mixed = (problem.mixed(moved, theta, here.q) + here.p).norm()
    curvatures = problem.curvatures(here.x, theta), problem.curvatures(moved, theta)
    first, second = (problem.hessian(values, theta, here.q) for values in curvatures)
    lipschitz_b = float(of_mixed) / (epsilon * size)
    lipschitz_a = float((second - first).norm()) / (epsilon * size)
    of_b = here.norm / size
    outer, steep = float(problem.upper_gradient(here.x).norm()), problem.upper_smoothness
    rate = steep * of_b + lipschitz_a * outer * of_b / CONVEXITY + lipschitz_b * outer
    return (rate * epsilon + of_b * delta + lipschitz_b * steep * epsilon**2) / CONVEXITY


def _scaled(state: State, factor: float) -> State:
    return {name: factor * state[name] for name in ("epsilon", "delta")}
