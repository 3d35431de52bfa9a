"""What bilevel methods for fields of experts share: their state, both solvers, and the work."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from facsimile.models.base.algorithm import AlgorithmModel, Random, State
from facsimile.models.base.arrays import Arrays, Shapes
from facsimile.papers.maid.models import _experts
from facsimile.papers.maid.models._experts import Experts

SIZE = 7  # of filters


class Gradient(NamedTuple):
    """An inexact hypergradient p [m] at the pictures x, and the q that gave it."""

    x: Tensor
    q: Tensor
    p: Tensor

    @property
    def norm(self) -> float:
        return float(self.p.norm())


@dataclass(frozen=True)
class ExpertsDenoising(AlgorithmModel):
    """Base class of methods that learn a field of experts.

    Its state has ``theta`` [m], ``x`` [n, 1, side, side], ``power`` (for the smoothness of the
    lower level), the iterations of both solvers, and ``epsilon``. The products with the Hessian
    that the power method takes are not counted as work, as in the released code.
    """

    filters: float = 48
    size: float = SIZE
    budget: float = 10_000
    deterministic: ClassVar[bool] = True
    takes: ClassVar[Shapes] = {"clean": (32, 32), "noisy": (32, 32)}

    @abstractmethod
    def accuracy_at_start(self) -> float:
        """ε of the first step."""

    def problem(
        self,
        data: Mapping[str, npt.NDArray[Any]],
    ) -> Experts:
        return _experts.experts(data, int(self.filters), int(self.size))

    def start(
        self,
        problem: Experts,
        random: Random,
    ) -> State:
        """Begin with the filters of all methods, and with the pictures that they denoise."""
        # Not of the run's seed: all methods begin with the same filters.
        filters = np.random.default_rng(0)
        theta = _experts.start(problem.count, problem.size, filters)
        shape = (1, 1, *problem.clean.shape[2:])
        accuracy = self.accuracy_at_start()
        state = {
            "theta": theta,
            "power": np.random.default_rng(1).standard_normal(shape),
            "lower": np.array(0),
            "linear": np.array(0),
            "epsilon": np.array(accuracy),
        }
        # The loss before the first step is that of the first θ, not of the noisy pictures.
        x = solved(problem, state, torch.from_numpy(theta), problem.noisy, accuracy)
        return state | {"x": x.numpy()}

    def record(
        self,
        problem: Experts,
        state: State,
    ) -> dict[str, float]:
        x = torch.from_numpy(state["x"])
        return {
            "loss": problem.upper(x),
            "psnr": problem.psnr(x),
            "work": float(work(state)),
            "epsilon": float(state["epsilon"]),
        }

    def result(
        self,
        problem: Experts,
        state: State,
    ) -> Arrays:
        return {"x": state["x"], "theta": state["theta"], "epsilon": state["epsilon"]}

    def is_finished(
        self,
        problem: Experts,
        state: State,
    ) -> bool:
        return bool(work(state) >= self.budget)

    def check(self) -> None:
        for name in ("filters", "size", "budget"):
            value = getattr(self, name)
            if value < 1 or value != int(value):
                raise ValueError(f"{name} must be a whole number from 1, not {value:g}")
        if self.size % 2 == 0 or self.size < 5:
            raise ValueError(f"size must be odd and 5 or more, not {self.size:g}")


def work(state: State) -> int:
    """Iterations of both solvers."""
    return int(state["lower"] + state["linear"])


def solved(
    problem: Experts,
    state: State,
    theta: Tensor,
    x: Tensor,
    accuracy: float,
) -> Tensor:
    """The lower level at θ, from x; the work is added to the state."""
    power = torch.from_numpy(state["power"])
    smoothness, vector = problem.smoothness(theta, power)
    state["power"] = vector.numpy()
    point, count = _experts.fista(problem, theta, x, accuracy, smoothness)
    state["lower"] = state["lower"] + count
    return point


def hypergradient(
    problem: Experts,
    state: State,
    x: Tensor,
    delta: float,
) -> Gradient:
    """Gradient of g(x(θ)) at the inexact x of the state's θ; the work is added to the state."""
    theta = torch.from_numpy(state["theta"])
    outer = problem.upper_gradient(x)
    q, count = _experts.conjugate_gradients(problem, x, theta, outer, delta)
    state["linear"] = state["linear"] + count
    return Gradient(x, q, -problem.mixed(x, theta, q))
