"""MAID: gradient descent with inexact hypergradients, whose accuracy is adapted."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from facsimile.models.base.algorithm import AlgorithmModel, Random, State
from facsimile.models.base.arrays import Shapes
from facsimile.papers.maid.models._bilevel import (
    Bilevel,
    Floats,
    bilevel,
    conjugate_gradients,
    fista,
)
from facsimile.papers.maid.models._search import BETA, ETA, GROWS, RHO, ROUNDS, TAU, falls

LABEL = "MAID"
STEP_SECONDS = {"1": 0.0013}
MAY_END_EARLY = True
RUN_BYTES = 80_000
NU = 1.25  # growth of both accuracies after a success, as in the released script
TRIALS = {True: 10, False: 5}  # of the first round: with adapted and with fixed accuracy
# Iterations of both solvers after which a run ends.
BUDGET = 60_000


class _Gradient(NamedTuple):
    """An inexact hypergradient p at x, the bound of its error, and the accuracies that gave it."""

    x: Floats
    p: Floats
    bound: float
    epsilon: float
    delta: float

    def accuracies(self, factor: float) -> State:
        """Both accuracies times a factor, as in the state."""
        return _numbers(epsilon=factor * self.epsilon, delta=factor * self.delta)


@dataclass(frozen=True)
class Maid(AlgorithmModel):
    """Descent on g(x(t)): steps t - α p with inexact x and p, accepted if g surely falls.

    Salehi et al. 2025, with the settings of the released script. The error of p is at most
    (L_g |B| ε + |B| δ) / μ for the accuracies ε of x and δ of the linear solver, as the Hessian and
    B do not depend on x; ε and δ are halved until the bound is below (1 - η) |p|.

    Args:
        accuracy: ε and δ of the first step.
        adaptive: 1 to adapt them, 0 to keep them.
        strictness: |grad f| / (strictness · μ) is compared with ε: 1 is the text's, 2 the script's.
    """

    accuracy: float
    adaptive: float = 1
    strictness: float = 1
    deterministic: ClassVar[bool] = True
    takes: ClassVar[Shapes] = {
        "a1": (3,),
        "a2": (3,),
        "a3": (3,),
        "b1": (),
        "b2": (),
        "begin": (3,),
    }

    def problem(self, data: Mapping[str, npt.NDArray[Any]]) -> Bilevel:
        return bilevel(data)

    def start(
        self,
        problem: Bilevel,
        random: Random,
    ) -> State:
        counts = dict.fromkeys(("lower", "linear", "stopped"), np.array(0))
        numbers = _numbers(
            epsilon=self.accuracy,
            delta=self.accuracy,
            beta=BETA,
            bound=0.0,
            error=0.0,
        )
        t = np.ones(problem.cross.shape[1])
        return {"t": t, "x": problem.begin, **counts, **numbers}

    def step(
        self,
        problem: Bilevel,
        state: State,
        random: Random,
    ) -> State:
        """Up to three rounds: a hypergradient, then a search along it."""
        state = dict(state)
        is_adaptive = bool(self.adaptive)
        for round_number in range(ROUNDS):
            found = self._gradient(problem, state)
            error = found.p - problem.hypergradient(state["t"])
            state["x"] = found.x
            state |= _numbers(
                bound=found.bound,
                error=float(np.linalg.norm(error)),
                epsilon=found.epsilon,
                delta=found.delta,
            )
            for trial in range(TRIALS[is_adaptive] + round_number):
                length = float(state["beta"]) * RHO**trial
                t = state["t"] - length * found.p
                x = self._solved(problem, state, t, found.x)
                decrease = length * float(found.p @ found.p)
                if falls(problem, found.x, x, found.epsilon, decrease):
                    state |= {"t": t, "x": x}
                    state |= _numbers(beta=length * GROWS)
                    return state | found.accuracies(NU) if is_adaptive else state
            if is_adaptive:
                state |= found.accuracies(TAU)
        # With fixed accuracy the next step would fail in the same way.
        return state if is_adaptive else state | {"stopped": np.array(1)}

    def _solved(
        self,
        problem: Bilevel,
        state: State,
        t: Floats,
        x: Floats,
    ) -> Floats:
        """The lower level at t, from x; the work is added to the state."""
        accuracy = float(state["epsilon"])
        solved, count = fista(problem, t, x, accuracy, self.strictness)
        state["lower"] = state["lower"] + count
        return solved

    def _gradient(
        self,
        problem: Bilevel,
        state: State,
    ) -> _Gradient:
        """A hypergradient whose bound is small enough, or that of fixed accuracies."""
        while True:
            epsilon, delta = float(state["epsilon"]), float(state["delta"])
            x = self._solved(problem, state, state["t"], state["x"])
            outer = problem.upper_gradient(x)
            q, count = conjugate_gradients(problem, outer, delta)
            state["linear"] = state["linear"] + count
            p = -problem.cross.T @ q
            scale = problem.cross_norm / problem.convexity
            bound = scale * (problem.upper_smoothness * epsilon + delta)
            # Fixed accuracies are used as they are, whatever the bound says.
            if not self.adaptive or bound <= (1 - ETA) * math.sqrt(float(p @ p)):
                return _Gradient(x, p, bound, epsilon, delta)
            state["x"] = x
            state |= _numbers(epsilon=TAU * epsilon, delta=TAU * delta)

    def record(
        self,
        problem: Bilevel,
        state: State,
    ) -> dict[str, float]:
        value = problem.upper(problem.solution(state["t"]))
        return {
            "gap": value - problem.least,
            "work": int(state["lower"] + state["linear"]),
            "epsilon": float(state["epsilon"]),
            "bound": float(state["bound"]),
            "error": float(state["error"]),
            "stopped": int(state["stopped"]),
        }

    def is_finished(
        self,
        problem: Bilevel,
        state: State,
    ) -> bool:
        return bool(state["stopped"] or state["lower"] + state["linear"] >= BUDGET)

    def check(self) -> None:
        if not self.accuracy > 0:
            raise ValueError(f"accuracy must be above 0, not {self.accuracy:g}")
        if self.adaptive not in (0, 1):
            raise ValueError(f"adaptive must be 0 or 1, not {self.adaptive:g}")
        if not self.strictness > 0:
            raise ValueError(f"strictness must be above 0, not {self.strictness:g}")


def _numbers(**values: float) -> State:
    return {name: np.array(value) for name, value in values.items()}
