"""ROOT: a Brownian bridge from low to high designs of functions drawn from Gaussian processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.models.base import offline_designs, rng
from facsimile.models.base.algorithm import AlgorithmModel, Random, State
from facsimile.models.base.arrays import Arrays, Shapes
from facsimile.papers.root.models import _bridge_network, _pairs
from facsimile.papers.root.models._bridge import TIMES, Bridge
from facsimile.papers.root.models._bridge_network import BATCH, Trainer
from facsimile.papers.root.models._pairs import Offline, Pairs

LABEL = "ROOT"
STEP_SECONDS = {"width**2": 4.5e-5}  # per epoch: 3 s at the scale desk, 47 s as published
RUN_BYTES = 6_000_000
DESIGNS = 128
HELD_OUT = 0.1  # share of the pairs of a function that the network is not trained on
FARTHEST = 0.8  # the high score asked for, as a multiple of the highest one


@dataclass(frozen=True)
class Root(AlgorithmModel):
    """Learn to walk from low to high designs, then walk from the 128 best offline designs.

    Dao et al. 2025, Algorithm 1; settings are those of the released code. A step is an epoch: draw
    rows and functions, search pairs of designs, train the network on them.

    functions: functions per epoch, each the posterior mean of a process with a kernel of its own.
    rows: offline rows that the processes of an epoch see.
    points: start points of the searches of one function.
    climbs: steps of gradient ascent and descent from each.
    width: units of each of the three hidden layers.
    passes: passes over the pairs of an epoch; 1 in the released code.
    averaged_from: batches after which the moving average of the weights begins; 4,000 there.
    starts: start points of the searches: 0 of the highest, 1 of the lowest rows, 2 of all.
    masked: probability that both scores are hidden, 0.15 in the released code.
    factor: c of the bridge's variance c m (1 - m); 2 in the released code, 1 in the text.
    exchanged: 1 if high and low score change places when sampling, as in the released code.
    guidance: w of the estimate (1 + w) conditional - w unconditional; -1.5 in the released code.
    sampling_steps: times that the sampler visits.
    eta: multiple of the noise of its steps.
    shared: 1 if kernels, times, noise and masks are the same in all runs, as in the released code.
    """

    functions: float
    rows: float
    points: float
    climbs: float
    width: float
    passes: float = 1
    averaged_from: float = 4000
    starts: float = 0
    masked: float = 0.15
    factor: float = 2
    exchanged: float = 1
    guidance: float = -1.5
    sampling_steps: float = 200
    eta: float = 0.2
    shared: float = 0
    takes: ClassVar[Shapes] = {"sequence": (8,), "offline": (), "x": (24,), "y": ()}

    def problem(
        self,
        data: Mapping[str, npt.NDArray[Any]],
    ) -> Offline:
        return Offline.of(data)

    def start(
        self,
        problem: Offline,
        random: Random,
    ) -> State:
        coordinates = problem.x.shape[1]
        state = _bridge_network.started(coordinates, int(self.width), random)
        counts = {"epoch": np.array(0), "pairs": np.array(0)}
        measured = {"loss": np.array(0.0), "gap": np.array(0.0)}
        # Of the sampler, which is run when all epochs are over.
        return state | counts | measured | {"key": np.array(random.integers(2**31))}

    def step(
        self,
        problem: Offline,
        state: State,
        random: Random,
    ) -> State:
        epoch = int(state["epoch"])
        common = rng.generator(0, "shared", epoch) if self.shared else random
        pairs = self._pairs(problem, random, common)
        trainer = Trainer.of(state, int(self.averaged_from))
        losses = []
        for _ in range(int(self.passes)):
            order = random.permutation(len(pairs.y_high))
            for first in range(0, len(order), BATCH):
                losses.append(self._train(trainer, pairs, order[first : first + BATCH], common))
        return trainer.arrays() | {
            "epoch": np.array(epoch + 1),
            "pairs": state["pairs"] + len(pairs.y_high),
            "loss": np.array(np.mean(losses) if losses else 0.0),
            "gap": np.array((pairs.y_high - pairs.y_low).mean() if losses else 0.0),
            "key": state["key"],
        }

    def record(
        self,
        problem: Offline,
        state: State,
    ) -> dict[str, float]:
        names = ("loss", "gap", "pairs", "batches", "rate")
        return {name: float(state[name]) for name in names}

    def result(
        self,
        problem: Offline,
        state: State,
    ) -> Arrays:
        """The ``designs``, int64 [128, L], and what they started from, ``first_designs``."""
        best = offline_designs.best_rows(problem.y, DESIGNS)
        low, y_low = problem.x[best], problem.y[best]
        y_high = np.full(len(low), FARTHEST * problem.highest)
        scores = (y_low, y_high) if self.exchanged else (y_high, y_low)
        network = _bridge_network.averaged(state, low.shape[1])
        hidden = np.zeros(len(low))

        def estimate(
            x: npt.NDArray[np.float64],
            time: int,
        ) -> npt.NDArray[np.float64]:
            conditional = _bridge_network.estimated(network, x, time, scores)
            unconditional = _bridge_network.estimated(network, x, time, (hidden, hidden))
            return (1 + self.guidance) * conditional - self.guidance * unconditional

        random = rng.generator(int(state["key"]), "sample", 0)
        steps = int(self.sampling_steps)
        high = Bridge(self.factor).sampled(low, estimate, steps, self.eta, random)
        return {
            "designs": problem.encoding.decode(high),
            "first_designs": problem.encoding.decode(low),
        }

    def check(self) -> None:
        for name in ("functions", "rows", "points", "climbs", "width", "passes"):
            value = getattr(self, name)
            if value < 1 or value != int(value):
                raise ValueError(f"{name} must be a whole number of 1 or more, not {value:g}")
        if self.starts not in (0, 1, 2):
            raise ValueError(f"starts must be 0, 1 or 2, not {self.starts:g}")
        for name in ("exchanged", "shared"):
            if getattr(self, name) not in (0, 1):
                raise ValueError(f"{name} must be 0 or 1, not {getattr(self, name):g}")
        if not 0 <= self.masked <= 1:
            raise ValueError(f"masked is a probability, not {self.masked:g}")
        if not self.factor > 0:
            raise ValueError(f"factor must be above 0, not {self.factor:g}")
        if not 3 <= self.sampling_steps <= TIMES:
            raise ValueError(
                f"sampling_steps must be from 3 to {TIMES}, not {self.sampling_steps:g}"
            )

    def _pairs(
        self,
        problem: Offline,
        random: Random,
        common: Random,
    ) -> Pairs:
        """The pairs that an epoch trains on, of all its functions."""
        rows = random.permutation(len(problem.y))[: int(self.rows)]
        starts = problem.starts(int(self.starts))
        parts = []
        for _ in range(int(self.functions)):
            posterior = problem.posterior(rows, _pairs.drawn_kernel(common))
            chosen = common.permutation(len(starts))[: int(self.points)]
            found = _pairs.searched(posterior, problem.x[starts[chosen]], int(self.climbs))
            held_out = int(HELD_OUT * len(found.y_high))
            trained = {}
            for name in Pairs.__dataclass_fields__:
                trained[name] = getattr(found, name)[held_out:]
            parts.append(Pairs(**trained))
        return _pairs.joined(parts)

    def _train(
        self,
        trainer: Trainer,
        pairs: Pairs,
        rows: npt.NDArray[np.integer],
        common: Random,
    ) -> float:
        """Train on one batch and return its loss."""
        high, low = pairs.high[rows], pairs.low[rows]
        times = common.integers(TIMES, size=len(rows))
        noise = common.normal(size=high.shape)
        x, target = Bridge(self.factor).noised(high, low, times, noise)
        is_shown = common.random(len(rows)) > self.masked
        scores = (pairs.y_high[rows] * is_shown, pairs.y_low[rows] * is_shown)
        return trainer.batch(_bridge_network.assembled(x, times, *scores), target)
