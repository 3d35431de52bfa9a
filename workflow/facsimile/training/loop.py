"""Train one run: the training loop that all models share.

A model has one or more groups of parameters, each with its own loss. At each step the gradient of
every group's loss is taken with respect to that group's own parameters, all at the same point;
then every group is updated. With TensorFlow's ``var_list`` disentanglement_lib does the same, and
no discriminator's loss can reach the encoder.
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

from facsimile.datasets import Arrays, Data, of_images
from facsimile.models import ArraysModel, Losses, Model
from facsimile.models.base import arrays, networks, rng
from facsimile.models.base.adam import MOMENTS, TFAdam
from facsimile.models.base.cpu_layers import as_cpu_layers
from facsimile.models.base.optimisers import Optimiser, moments
from facsimile.store import checkpoints, files
from facsimile.studies.training import Training
from facsimile.training import batches

Session = Mapping[str, Any]
Batch = Tensor | Mapping[str, Tensor]
# Fields of State that a checkpoint holds besides tensors.
PROGRESS = ("step", "history", "seconds", "sessions")
# Random numbers are drawn for this many steps at once. A constant, so that a resumed run draws the
# same blocks.
BLOCK = 64
ROWS = 500  # approximate number of rows in the history of a run


@dataclass
class State:
    """All that a step changes: networks and optimisers by group, steps made, history, seconds.

    ``sessions`` says how the run was executed, with one entry per process that trained it.
    ``layers`` is ``torch`` or ``channels_last`` (``start``).
    """

    networks: dict[str, nn.Module]
    optimisers: Mapping[str, Optimiser]
    step: int
    history: list[dict[str, float]]
    seconds: float = 0.0
    sessions: list[dict[str, Any]] = field(default_factory=list)
    layers: str = "torch"


class NonFiniteLoss(RuntimeError):
    """The loss became infinite or NaN at ``step``; ``last`` is the loss of the step before."""

    def __init__(self, state: State, last: float | None) -> None:
        before = "it never was finite"
        if last is not None:
            before = f"the last finite loss was {last:.6g}"
        super().__init__(f"non-finite loss at step {state.step}; {before}")
        self.state = state
        self.step = state.step
        self.last = last


def start(
    model: Model,
    training: Training,
    shape: Any,
    seed: int,
    precision: str,
    layers: str = "torch",
) -> State:
    """Networks and optimisers before the first step, which depend on nothing but the seed.

    ``shape`` is the shape of an image or, for a model of arrays, the shape of one row of each
    array by name. ``layers`` are torch's own, or those of cpu_layers.py (``channels_last``), which
    bf16 always has: the same layers, whose sums have another order.
    """
    nets = model.networks(shape, training.latents, training.network)
    if isinstance(model, ArraysModel):
        model.initialise(nets, seed)
        array_optimisers = arrays.optimisers_of(model, training, nets)
        return State(nets, array_optimisers, 0, [])
    adam_settings = model.adam(training.by_adam)
    if precision == "bf16":
        layers = "channels_last"
    for group, network in nets.items():
        networks.initialise(network, seed, group)
        if layers == "channels_last":
            as_cpu_layers(network)
    optimisers = {}
    for group, network in nets.items():
        parameters = list(network.parameters())
        optimisers[group] = TFAdam(parameters, adam_settings[group])
    return State(nets, optimisers, 0, [], layers=layers)


def steps(
    model: Model,
    training: Training,
    data: Data,
    seed: int,
    precision: str,
    state: State,
) -> Iterator[State]:
    """Train from ``state`` to the last step; yields the state after each step.

    Raises NonFiniteLoss.
    """
    loss: float | None = None
    # Whole blocks are drawn, also when training is resumed in the middle of one.
    first_block = state.step // BLOCK * BLOCK

    for block in range(first_block, training.steps, BLOCK):
        block_draws = _draws(model, training, data, seed, block)
        block_end = min(block + BLOCK, training.steps)

        for step in range(max(block, state.step), block_end):
            draws = {name: values[step - block] for name, values in block_draws.items()}
            rows = draws["batch"].numpy()
            batch = _batch(data, rows, seed, step, state.layers)
            is_recorded = recorded(step, training.steps)
            # Traces are those before the update.
            traces = _traces(model, state, batch) if is_recorded else {}
            losses = _update(model, state, batch, draws, step, precision)

            previous_loss = loss
            loss = sum(group_loss.item() for group_loss in losses.minimise.values())
            if not math.isfinite(loss):
                # The networks were updated with this loss, but no weights of a failed run are kept.
                raise NonFiniteLoss(state, previous_loss)
            if is_recorded:
                terms = {name: term.item() for name, term in losses.terms.items()}
                row = {"step": step, "loss": loss} | terms | traces
                state.history.append(row)
            state.step = step + 1
            yield state


def recorded(step: int, steps: int) -> bool:
    """Whether the loss of a step is recorded: every so many steps, and at the last one."""
    interval = max(1, steps // ROWS)
    return step % interval == 0 or step == steps - 1


def _do_nothing(state: State) -> None:
    pass


def run(
    model: Model,
    training: Training,
    data: Data,
    seed: int,
    precision: str,
    folder: Path,
    clock: "Clock",
    session: Session,
    reached: Callable[[State], None] = _do_nothing,
    layers: str = "torch",
) -> State:
    """Train one run to its end, from its checkpoint if it has one.

    A checkpoint is written whenever ``clock`` says so. ``session`` describes how this process
    executes the run and is stored with it. ``reached`` is called with the state after each step
    but the last, before a checkpoint of that state is written. ``layers`` as for ``start``.
    """
    state = start(model, training, shape_of(model, data), seed, precision, layers)
    checkpoint = checkpoints.load_checkpoint(folder)
    if checkpoint is not None:
        names = {group: moments(optimiser) for group, optimiser in state.optimisers.items()}
        tensors, progress_then = matching(checkpoint, state.networks, folder, names)
        _restore(state, tensors, progress_then)
    # Only now: a checkpoint brings the sessions of earlier processes.
    state.sessions.append({"from": state.step, **session})
    began = time.perf_counter()
    seconds_before = state.seconds
    for _ in steps(model, training, data, seed, precision, state):
        state.seconds = seconds_before + time.perf_counter() - began
        if state.step < training.steps:
            reached(state)
        # After the last step the run is stored as a whole.
        if clock.due(state.step) and state.step < training.steps:
            clock.check_lease()
            checkpoints.save_checkpoint(folder, _tensors(state), progress(state))
            clock.saved()
    return state


def progress(state: Any) -> dict[str, Any]:
    """What a checkpoint holds besides tensors; ``state`` is a State or has the same fields."""
    return {name: getattr(state, name) for name in PROGRESS}


def shape_of(model: Model, data: Data) -> Any:
    """The shape of the data for which a model's networks are made, as ``start`` takes it.

    Raises ValueError for a model of arrays and a data set of images, the other way round, and for a
    model of neighbouring frames and a data set without them.
    """
    if not isinstance(model, ArraysModel):
        return of_images(data).image_shape
    if not isinstance(data, Arrays):
        raise ValueError(
            f"{type(model).__name__} is a model of arrays, {data.name} a data set of images; "
            "use a data set of arrays"
        )
    if model.frames > 1:
        batches.starts(model, data)
    return arrays.checked(model, data.name, data.shapes)


def matching(
    checkpoint: checkpoints.Checkpoint,
    nets: Mapping[str, nn.Module],
    folder: Path,
    moment_names: Mapping[str, tuple[str, ...]] | None = None,
) -> checkpoints.Checkpoint:
    """Return the checkpoint if its tensors have the names and shapes of these networks.

    ``moment_names`` says what the optimiser of each group keeps per parameter; None stands for
    Adam's moments. Raises StoreError for a checkpoint of another network.
    """
    expected: dict[str, torch.Size] = {}
    for group, network in nets.items():
        for name, value in network.state_dict().items():
            expected[f"weights.{group}.{name}"] = value.shape
        names = MOMENTS if moment_names is None else moment_names[group]
        for index, parameter in enumerate(network.parameters()):
            for name in names:
                expected[f"adam.{group}.{index}.{name}"] = parameter.shape

    tensors, _ = checkpoint
    stored = {name: tensor.shape for name, tensor in tensors.items()}
    all_names = sorted(expected.keys() | stored.keys())
    differing = [name for name in all_names if expected.get(name) != stored.get(name)]
    if differing:
        first = differing[0]
        should_be = list(expected[first]) if first in expected else "nothing"
        is_now = list(stored[first]) if first in stored else "nothing"
        raise files.StoreError(
            f"{folder / files.CHECKPOINT}: of another network: {first} should be {should_be}, "
            f"is {is_now} ({len(differing)} differ); the model's code has changed since; "
            f"start this run again: facsimile forget {files.run_key(folder)}"
        )
    return checkpoint


class Clock:
    """Says when a checkpoint is due.

    It is due every ``minutes``, every ``every`` steps, and once the process was asked to stop.
    ``check_lease`` is called before anything is written; it raises if the run is no longer ours.
    """

    def __init__(self, minutes: float = 5.0, every: int | None = None) -> None:
        self.minutes = minutes
        self.every = every
        self.stopping = False  # set when SIGTERM arrives
        # Set to check the lease of the run that is being trained.
        self.check_lease: Callable[[], None] = lambda: None
        self._last_saved = time.monotonic()

    def due(self, step: int) -> bool:
        """Whether a checkpoint is due after ``step`` steps."""
        by_steps = self.every is not None and step % self.every == 0
        by_time = time.monotonic() - self._last_saved > 60 * self.minutes
        return self.stopping or by_steps or by_time

    def saved(self) -> None:
        """Note that a checkpoint was written; raises Interrupted if the process has to stop."""
        self._last_saved = time.monotonic()
        if self.stopping:
            raise Interrupted


class Interrupted(RuntimeError):
    """The process was asked to stop (SIGTERM) and has written a checkpoint."""


def history(state: State) -> pd.DataFrame:
    """The recorded loss terms, one row per recorded step."""
    # A table without rows needs the columns that every history has.
    columns = None if state.history else ["step", "loss"]
    return pd.DataFrame(state.history, columns=columns)


def weights(state: State) -> dict[str, Tensor]:
    """The weights as ``group.parameter`` -> tensor, contiguous and on the CPU, for storage."""
    tensors = {}
    for group, network in state.networks.items():
        for name, value in network.state_dict().items():
            # safetensors refuses tensors that are not contiguous, as with channels last.
            contiguous = value.detach().contiguous()
            tensors[f"{group}.{name}"] = contiguous.cpu()
    return tensors


def autocast(precision: str, device: str = "cpu") -> Any:
    """The context in which networks run: with ``bf16``, products in bfloat16, sums in float32."""
    if precision == "bf16":
        return torch.autocast(device, torch.bfloat16)
    return nullcontext()


def _draws(
    model: Model,
    training: Training,
    data: Data,
    seed: int,
    block: int,
) -> dict[str, Tensor]:
    """All random numbers of a block of steps, [steps, ...] by name.

    ``batch`` holds the rows of the batches; the other names are the model's noise.
    """
    seeds = torch.tensor([seed])
    steps = torch.arange(block, block + BLOCK)
    # Draws have shape [steps, seeds, ...]; [:, 0] takes those of the only seed.
    rows = batches.drawn(model, training, data, seeds, steps)[:, 0]
    # Both rows of a pair share their noise.
    size = rows.shape[1] // (1 + model.paired)
    draws = {}
    declared = model.draws(size, training.latents)
    for name, draw in declared.items():
        draws[name] = batches.noise(seeds, steps, name, draw)[:, 0]
    return draws | {"batch": rows}


def _batch(
    data: Data,
    rows: np.ndarray,
    seed: int,
    step: int,
    layers: str,
) -> Batch:
    """Some rows of a data set as tensors; a stochastic data set draws its images for each step."""
    if isinstance(data, Arrays):
        return arrays.tensors(data.arrays(rows))
    generator = rng.generator(seed, "images", step)
    images = data.images(rows, generator)
    return as_input(images, layers)


def _traces(model: Model, state: State, batch: Batch) -> dict[str, float]:
    """What a model of arrays records along training besides its losses."""
    if isinstance(batch, Tensor):
        return {}
    arrays_model = cast(ArraysModel, model)  # only such a model has a mapping as its batch
    return arrays.traced(arrays_model, state.networks, batch)


def as_input(images: np.ndarray, layers: str = "torch", device: str = "cpu") -> Tensor:
    """Convert images, uint8 [b, h, w, c], to float32 [b, c, h, w] in [0, 1].

    With ``channels_last`` the channels come last in memory.
    """
    # As bytes they are sent to the device faster.
    on_device = torch.from_numpy(images).to(device)
    channels_first = on_device.permute(0, 3, 1, 2)
    scaled = channels_first.to(torch.float32).div_(255)
    if layers == "channels_last":
        return scaled.contiguous(memory_format=torch.channels_last)
    return scaled.contiguous(memory_format=torch.contiguous_format)


def _update(
    model: Model,
    state: State,
    batch: Batch,
    noise: Mapping[str, Tensor],
    step: int,
    precision: str,
) -> Losses:
    """Make one step: update all networks, and return the losses before the update."""
    with autocast(precision):
        losses = model.losses(state.networks, batch, noise, step)  # type: ignore[arg-type]
    # Several losses share a graph, which the first of them must not free.
    keep_graph = len(state.networks) > 1
    gradients = {}
    for group, loss in losses.minimise.items():
        parameters = list(state.networks[group].parameters())
        gradients[group] = torch.autograd.grad(loss, parameters, retain_graph=keep_graph)
    # Only now: all gradients are taken at the same point.
    for group, optimiser in state.optimisers.items():
        optimiser.step(gradients[group])
    return losses


def _tensors(state: State) -> dict[str, Tensor]:
    """The tensors of a checkpoint: weights, and what the optimisers keep."""
    tensors = {f"weights.{name}": value for name, value in weights(state).items()}
    for group, optimiser in state.optimisers.items():
        for name, value in optimiser.tensors().items():
            tensors[f"adam.{group}.{name}"] = value
    return tensors


def _restore(state: State, tensors: dict[str, Tensor], saved: dict[str, Any]) -> None:
    """Set the state to that of a checkpoint, given its tensors and the rest of it."""
    for group, network in state.networks.items():
        network.load_state_dict(_with_prefix(tensors, f"weights.{group}."))
        optimiser_tensors = _with_prefix(tensors, f"adam.{group}.")
        state.optimisers[group].restore(optimiser_tensors, saved["step"])
    for name in PROGRESS:
        setattr(state, name, saved[name])


def _with_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose name has this prefix, by the rest of their name."""
    chosen = {}
    for name, value in tensors.items():
        if name.startswith(prefix):
            chosen[name.removeprefix(prefix)] = value
    return chosen
