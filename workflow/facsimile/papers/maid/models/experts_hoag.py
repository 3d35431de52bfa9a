"""HOAG on the denoising by fields of experts: accuracies that fall along a fixed schedule."""

from dataclasses import dataclass

import numpy as np
import torch

from facsimile.models.base.algorithm import Random, State
from facsimile.papers.maid.models._denoising import ExpertsDenoising, hypergradient, solved
from facsimile.papers.maid.models._experts import Experts

LABEL = "HOAG, experts"
STEP_SECONDS = {"budget": 2.3e-6}  # of 3,000 steps, which share the budget; 8 × 32 × 32 pixels
MAY_END_EARLY = True
RUN_BYTES = 400_000
FIRST = 0.1  # accuracy of the first step
SHRINKS = 0.9  # of the geometric schedule
GEOMETRIC, QUADRATIC, CUBIC = 0, 2, 3
# Of Pedregosa's rule for the step size, as in the released code and in his package.
SLACK, FACTOR = 0.25, 1.0
FASTER, SLOWER, WORSE = 0.95, 2.0, 1.2


@dataclass(frozen=True)
class ExpertsHoag(ExpertsDenoising):
    """HOAG (Pedregosa 2016, Hyperparameter optimization with approximate gradient).

    The accuracy of step k is 0.1 · 0.9^k, 0.1 / k² or 0.1 / k³, of both solvers. The step size is
    1 / L. L falls by 5 % if g fell as much as a gradient step must. If g grew by a fifth, the step
    is undone and L doubled. L is at first the norm of the first hypergradient, so that the first
    step has length 1, as in the released code.

    Args:
        filters: number of filters.
        size: their height and width.
        budget: iterations of both solvers after which the run ends.
        schedule: 0 for geometric, 2 for quadratic, 3 for cubic.
    """

    schedule: float = GEOMETRIC

    def accuracy_at_start(self) -> float:
        return self.accuracy_of(1)

    def accuracy_of(self, step: int) -> float:
        """Accuracy of a step, counted from 1."""
        if self.schedule == GEOMETRIC:
            return float(FIRST * SHRINKS ** (step - 1))
        return float(FIRST / step**self.schedule)

    def start(
        self,
        problem: Experts,
        random: Random,
    ) -> State:
        numbers = {"steepness": np.array(0.0), "count": np.array(0)}
        return super().start(problem, random) | numbers

    def step(
        self,
        problem: Experts,
        state: State,
        random: Random,
    ) -> State:
        state = dict(state)
        number = int(state["count"]) + 1
        last, accuracy = self.accuracy_of(number), self.accuracy_of(number + 1)
        here = hypergradient(problem, state, torch.from_numpy(state["x"]), last)
        steepness = float(state["steepness"]) or here.norm
        moved = torch.from_numpy(state["theta"]) - here.p / steepness
        x = solved(problem, state, moved, here.x, accuracy)
        length = here.norm / steepness
        before, after = problem.upper(here.x), problem.upper(x)
        enough = before + SLACK * accuracy + last * (SLACK + FACTOR) * length
        enough -= FACTOR * steepness * length**2
        state |= {"count": np.array(number), "epsilon": np.array(accuracy)}
        if after >= WORSE * before:
            return state | {"steepness": np.array(SLOWER * steepness)}
        factor = FASTER if after <= enough else 1.0
        state |= {"theta": moved.numpy(), "x": x.numpy()}
        return state | {"steepness": np.array(factor * steepness)}

    def check(self) -> None:
        super().check()
        if self.schedule not in (GEOMETRIC, QUADRATIC, CUBIC):
            raise ValueError(f"schedule must be 0, 2 or 3, not {self.schedule:g}")
