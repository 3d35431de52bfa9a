"""Train one run: the loop that every model shares. It knows no model by name.

A step takes, at one point, the gradient of each group's loss with respect to that group's own parameters, then every group
steps: with TensorFlow's ``var_list`` this is what disentanglement_lib does, and no discriminator's loss can reach the encoder.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from facsimile.datasets import Arrays, Data, Dataset, of_images
from facsimile.models import ArraysModel, Draw, Losses, Model
from facsimile.models.base import arrays, networks, rng
from facsimile.models.base.adam import MOMENTS, TFAdam
from facsimile.models.base.bf16_layers import as_bf16_layers
from facsimile.models.base.optimisers import Optimiser, moments
from facsimile.store import checkpoints, files
from facsimile.studies.training import Training
from facsimile.training import batches

Session = Mapping[str, Any]
Batch = Tensor | Mapping[str, Tensor]
PROGRESS = ("step", "history", "seconds", "sessions")
BLOCK = 64  # steps whose random numbers are drawn at once; a constant, so that a resumed run draws the same blocks
ROWS = 500  # rows of the history of a run


@dataclass
class State:
    """All that a step changes: networks and optimisers by group, steps made, the history and the seconds so far.

    ``sessions``: how the run was executed, one entry a process that had a hand in it.
    """

    networks: dict[str, nn.Module]
    optimisers: Mapping[str, Optimiser]
    step: int
    history: list[dict[str, float]]
    seconds: float = 0.0
    sessions: list[dict[str, Any]] = field(default_factory=list)


class NonFiniteLoss(RuntimeError):
    """The loss became infinite or NaN: ``step`` is where, ``last`` the loss of the step before."""

    def __init__(self, state: State, last: float | None) -> None:
        before = "it never was finite" if last is None else f"the last finite loss was {last:.6g}"
        super().__init__(f"non-finite loss at step {state.step}; {before}")
        self.state, self.step, self.last = state, state.step, last


def start(model: Model, training: Training, shape: Any, seed: int, precision: str) -> State:
    """Networks and optimisers before the first step; depends on the seed and on nothing else.

    ``shape``: of an image, or for a model of arrays that of a row of each array by name.
    """
    made = model.networks(shape, training.latents, training.network)
    if isinstance(model, ArraysModel):
        model.initialise(made, seed)
        return State(made, arrays.optimisers_of(model, training, made), 0, [])
    settings = model.adam(training.by_adam)
    for group, network in made.items():
        networks.initialise(network, seed, group)
        if precision == "bf16":
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            as_bf16_layers(network)
    optimisers = {
        group: TFAdam(list(network.parameters()), settings[group])
        for group, network in made.items()
    }
    return State(made, optimisers, 0, [])


def steps(
    model: Model, training: Training, data: Data, seed: int, precision: str, state: State
) -> Iterator[State]:
    """Go on training from ``state`` to the last step, yielding the state after each; raises NonFiniteLoss."""
    total = None
    for block in range(state.step // BLOCK * BLOCK, training.steps, BLOCK):
        draws = _draws(model, training, batches.sizes(data), seed, block)
        for step in range(max(block, state.step), min(block + BLOCK, training.steps)):
            given = _batch(model, data, draws["batch"][step - block].numpy(), seed, step, precision)
            traced = _traced(model, state, given) if recorded(step, training.steps) else {}
            losses = _update(
                model,
                state,
                given,
                {name: draw[step - block] for name, draw in draws.items()},
                step,
                precision,
            )
            last, total = total, sum(loss.item() for loss in losses.minimise.values())
            if not math.isfinite(total):
                raise NonFiniteLoss(state, last)
            if recorded(step, training.steps):
                terms = {name: term.item() for name, term in losses.terms.items()}
                state.history.append({"step": step, "loss": total} | terms | traced)
            state.step = step + 1
            yield state


def recorded(step: int, steps: int) -> bool:
    """Whether a step's loss goes into the history: every so many steps, and the last."""
    return step % max(1, steps // ROWS) == 0 or step == steps - 1


def run(
    model: Model,
    training: Training,
    data: Data,
    seed: int,
    precision: str,
    folder: Path,
    clock: "Clock",
    session: Session,
    reached: Callable[[State], None] = lambda state: None,
) -> State:
    """Train one run to its end, from its checkpoint if it has one, writing checkpoints when the clock says so.

    ``session`` is how this process executes it; kept with the run. ``reached`` is told the state after each step but the last,
    before a checkpoint of it is written.
    """
    state = start(model, training, shape_of(model, data), seed, precision)
    if saved := checkpoints.load_checkpoint(folder):
        kept = {group: moments(optimiser) for group, optimiser in state.optimisers.items()}
        _restore(state, *fitting(saved, state.networks, folder, kept))
    state.sessions.append({"from": state.step, **session})
    began, before = time.perf_counter(), state.seconds
    for _ in steps(model, training, data, seed, precision, state):
        state.seconds = before + time.perf_counter() - began
        if state.step < training.steps:
            reached(state)
        if clock.due(state.step) and state.step < training.steps:
            clock.keep()
            checkpoints.save_checkpoint(folder, _tensors(state), progress(state))
            clock.saved()
    return state


def progress(state: Any) -> dict[str, Any]:
    """What a checkpoint holds besides tensors; of a State, or of another record with these fields."""
    return {name: getattr(state, name) for name in PROGRESS}


def shape_of(model: Model, data: Data) -> Any:
    """What a model's networks are made for; raises ValueError for a data set that is not of the model's kind."""
    if not isinstance(model, ArraysModel):
        return of_images(data).image_shape
    if not isinstance(data, Arrays):
        raise ValueError(
            f"{type(model).__name__} is a model of arrays, {data.name} a data set of images; pair it with another"
        )
    return arrays.checked(model, data.name, data.shapes)


def fitting(
    saved: checkpoints.Checkpoint,
    made: Mapping[str, nn.Module],
    folder: Path,
    kept: Mapping[str, tuple[str, ...]] | None = None,
) -> checkpoints.Checkpoint:
    """The checkpoint, if its tensors are those of these networks; raises StoreError for one of another network.

    ``kept``: what each group's optimiser keeps of every parameter; None: Adam's moments.
    """
    wanted = {
        f"weights.{group}.{name}": value.shape
        for group, net in made.items()
        for name, value in net.state_dict().items()
    }
    for group, network in made.items():
        for index, parameter in enumerate(network.parameters()):
            names = MOMENTS if kept is None else kept[group]
            wanted |= {f"adam.{group}.{index}.{moment}": parameter.shape for moment in names}
    found = {name: tensor.shape for name, tensor in saved[0].items()}
    if wrong := sorted(
        name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)
    ):
        wants, has = (
            list(shapes[wrong[0]]) if wrong[0] in shapes else "nothing"
            for shapes in (wanted, found)
        )
        raise files.StoreError(
            f"{folder / files.CHECKPOINT}: of another network: {wrong[0]} should be {wants}, is {has} ({len(wrong)} differ); "
            f"the model's code has changed since; start this run anew: facsimile forget {files.key(folder)}"
        )
    return saved


class Clock:
    """Says when a checkpoint is due: every ``minutes``, every ``every`` steps, or when the process was asked to stop.

    ``keep`` is called before anything is written: it raises if the run is no longer ours.
    """

    def __init__(self, minutes: float = 5.0, every: int | None = None) -> None:
        self.minutes, self.every = minutes, every
        self.stopping = False
        self.keep: Callable[[], None] = lambda: None
        self._last = time.monotonic()

    def due(self, step: int) -> bool:
        """Whether a checkpoint is due after ``step`` steps."""
        by_steps = self.every is not None and step % self.every == 0
        return self.stopping or by_steps or time.monotonic() - self._last > 60 * self.minutes

    def saved(self) -> None:
        """A checkpoint was written; leaves with the code that makes a scheduler run the job again, if asked to stop."""
        self._last = time.monotonic()
        if self.stopping:
            raise Interrupted


class Interrupted(RuntimeError):
    """The process was asked to stop (SIGTERM) and has written a checkpoint."""


def history(state: State) -> pd.DataFrame:
    """The recorded loss terms, one row a recorded step."""
    return pd.DataFrame(state.history, columns=None if state.history else ["step", "loss"])


def weights(state: State) -> dict[str, Tensor]:
    """``group.parameter`` -> tensor, contiguous and on the CPU, for storage."""
    return {
        f"{group}.{name}": value.detach().contiguous().cpu()
        for group, network in state.networks.items()
        for name, value in network.state_dict().items()
    }


def autocast(precision: str, device: str = "cpu") -> Any:
    """The context in which networks run at a precision: with ``bf16``, products in bfloat16 and sums in float32."""
    return torch.autocast(device, torch.bfloat16) if precision == "bf16" else nullcontext()


def _draws(
    model: Model, training: Training, sizes: tuple[int, ...], seed: int, block: int
) -> dict[str, Tensor]:
    """All that a block of steps draws, [steps, ...] by name."""
    seeds, at = torch.tensor([seed]), torch.arange(block, block + BLOCK)
    rows = math.prod(sizes) if training.batch_size == "all" else training.batch_size
    drawn = {
        name: _noise(seeds, at, name, draw)
        for name, draw in model.draws(rows, training.latents).items()
    }
    if training.batch_size == "all":
        return drawn | {"batch": torch.arange(rows).expand(BLOCK, -1)}
    return drawn | {"batch": batches.rows(seeds, at, rows, sizes, model.paired)[:, 0]}


def _noise(seeds: Tensor, at: Tensor, name: str, draw: Draw) -> Tensor:
    if draw.kind == "normal":
        return rng.normals(seeds, at, name, math.prod(draw.shape))[:, 0].unflatten(-1, draw.shape)
    return rng.permutations(seeds, at, name, *draw.shape)[:, 0]


def _batch(
    model: Model, data: Data, rows: np.ndarray, seed: int, step: int, precision: str
) -> Batch:
    if isinstance(data, Arrays):
        return arrays.tensors(data.arrays(rows))
    return batch(data, rows, rng.generator(seed, "images", step), precision)


def _traced(model: Model, state: State, given: Batch) -> dict[str, float]:
    return (
        {}
        if isinstance(given, Tensor)
        else arrays.traced(cast(ArraysModel, model), state.networks, given)
    )


def batch(data: Dataset, indices: np.ndarray, draw: np.random.Generator, precision: str) -> Tensor:
    """Images [b, c, h, w] float32 in [0, 1]; a stochastic data set redraws them from ``draw``."""
    return as_input(data.images(indices, draw), precision)


def as_input(images: np.ndarray, precision: str, device: str = "cpu") -> Tensor:
    """Images uint8 [b, h, w, c] as float32 [b, c, h, w] in [0, 1]; with bf16, channels last in memory, as convolutions want."""
    scaled = torch.from_numpy(images).to(device).permute(0, 3, 1, 2).to(torch.float32).div_(255)
    return scaled.contiguous(
        memory_format=torch.channels_last if precision == "bf16" else torch.contiguous_format
    )


def _update(
    model: Model, state: State, given: Batch, noise: Mapping[str, Tensor], step: int, precision: str
) -> Losses:
    with autocast(precision):
        losses = model.losses(state.networks, given, noise, step)  # type: ignore[arg-type]
    parameters = {group: list(network.parameters()) for group, network in state.networks.items()}
    gradients = {
        group: torch.autograd.grad(loss, parameters[group], retain_graph=len(parameters) > 1)
        for group, loss in losses.minimise.items()
    }
    for group, optimiser in state.optimisers.items():
        optimiser.step(gradients[group])
    return losses


def _tensors(state: State) -> dict[str, Tensor]:
    moments = {
        f"adam.{group}.{name}": value
        for group, optimiser in state.optimisers.items()
        for name, value in optimiser.tensors().items()
    }
    return {f"weights.{name}": value for name, value in weights(state).items()} | moments


def _restore(state: State, tensors: dict[str, Tensor], saved: dict[str, Any]) -> None:
    for group, network in state.networks.items():
        prefix = f"weights.{group}."
        network.load_state_dict(
            {n.removeprefix(prefix): v for n, v in tensors.items() if n.startswith(prefix)}
        )
        prefix = f"adam.{group}."
        moments = {n.removeprefix(prefix): v for n, v in tensors.items() if n.startswith(prefix)}
        state.optimisers[group].restore(moments, saved["step"])
    for name in PROGRESS:
        setattr(state, name, saved[name])
