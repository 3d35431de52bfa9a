"""One step of K small runs on a processor: what ``packed_step`` computes, in less time.

The host takes part, which costs nothing on a processor:

- Losses and gradients are traced into a list of plain operations, so that neither autograd nor
  vmap is called in a step.
- Random numbers are drawn for several steps at once.
- Adam is torch's fused kernel, called once per run and group. It is given one run's parameters at a
  time, so that what becomes of a run does not depend on its slot.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils import _pytree as pytree

from facsimile.models import Model
from facsimile.models.base.adam import AdamSettings
from facsimile.models.base.dense import FewPasses
from facsimile.studies.training import Training
from facsimile.training import batches, packed_step
from facsimile.training.packed_step import Named, Objective
from facsimile.training.sources import Source

# Random numbers of about so many steps of runs are drawn at once; more do not fit into the cache.
DRAWN = 64


class CPUStep:
    """A function (state, buffer of the source) -> loss and terms by name, each [K]."""

    def __init__(
        self,
        model: Model,
        objective: Objective,
        training: Training,
        source: Source,
        sizes: tuple[int, ...],
        autocast: Callable[[], Any],
    ) -> None:
        self._source = source
        self._draws = Draws(model, training, sizes)
        self._differentiate = _Traced(model, objective, autocast)
        self._adam: dict[str, list[FusedAdam]] = {}

    def __call__(
        self,
        state: dict[str, Any],
        buffer: Tensor,
    ) -> Named:
        """Make one step of all runs, and change the state in place."""
        steps = state["steps"]
        dtype = next(iter(state["weights"].values())).dtype
        drawn = self._draws.of(state["seeds"], steps, dtype)
        rows = drawn.pop("batch")
        images = self._source.take(buffer, rows).to(dtype)
        with torch.no_grad():
            minimise, terms, gradients = self._differentiate(
                state["weights"],
                state["values"],
                images,
                drawn,
                steps,
            )
            loss = packed_step.total(minimise)
            updated = packed_step.is_updated(state, loss)
            self._update(state, gradients, updated.tolist())
            packed_step.advance(state, loss, updated)
        return {"loss": loss} | terms

    def _update(
        self,
        state: dict[str, Any],
        gradients: Named,
        updated: list[bool],
    ) -> None:
        """Adam for the runs that are updated."""
        if not self._adam:
            self._adam = _optimisers(state)
        steps = state["steps"].tolist()
        for group, of_runs in self._adam.items():
            gradients_of_runs = _by_run(gradients, f"{group}.")
            for slot, optimiser in enumerate(of_runs):
                if updated[slot]:
                    optimiser.step(gradients_of_runs[slot], steps[slot] + 1)


class FusedAdam:
    """TensorFlow's Adam (adam.py) for one group of parameters of one run.

    - ``settings``: learning rate, decay rates and epsilon hat.
    - ``weights``, ``exp_avg``, ``exp_avg_sq``: views of the pack's tensors, changed in place.
    """

    def __init__(
        self,
        settings: AdamSettings,
        weights: list[Tensor],
        exp_avg: list[Tensor],
        exp_avg_sq: list[Tensor],
    ) -> None:
        self._settings = settings
        self._tensors = (weights, exp_avg, exp_avg_sq)
        self._count = torch.zeros(())

    def step(
        self,
        gradients: list[Tensor],
        count: int,
    ) -> None:
        """Make the update number ``count``, from 1."""
        weights, exp_avg, exp_avg_sq = self._tensors
        settings = self._settings
        self._count.fill_(count)
        # As in TFAdam, whose epsilon has another place than torch's.
        correction = math.sqrt(1 - settings.beta2**count)
        torch._fused_adam_(
            weights,
            gradients,
            exp_avg,
            exp_avg_sq,
            [],
            [self._count] * len(weights),
            lr=settings.lr,
            beta1=settings.beta1,
            beta2=settings.beta2,
            weight_decay=0.0,
            eps=settings.epsilon / correction,
            amsgrad=False,
            maximize=False,
        )


class Draws:
    """Rows of batches and noise of K runs, drawn for some steps ahead."""

    def __init__(
        self,
        model: Model,
        training: Training,
        sizes: tuple[int, ...],
    ) -> None:
        self._declared = model.draws(training.drawn, training.latents)
        self._batch = training.drawn
        self._paired = model.paired
        self._sizes = sizes
        self._drawn: Named = {}
        self._first = torch.empty(0)
        self._ahead = 0

    def of(
        self,
        seeds: Tensor,
        steps: Tensor,
        dtype: torch.dtype,
    ) -> Named:
        """All random numbers of the given step of each run, [K, ...] by name.

        ``batch`` holds the rows; the other names are the model's noise. ``steps`` [K].
        """
        offset = self._offset(steps)
        if offset is None:
            self._draw(seeds, steps, dtype)
            offset = 0
        return {name: values[offset] for name, values in self._drawn.items()}

    def _offset(self, steps: Tensor) -> int | None:
        """Position of these steps in what was drawn; None if they were not."""
        if self._first.shape != steps.shape:
            return None
        distance = steps - self._first
        offset = int(distance[0])
        is_same = bool((distance == offset).all())
        return offset if is_same and 0 <= offset < self._ahead else None

    def _draw(
        self,
        seeds: Tensor,
        steps: Tensor,
        dtype: torch.dtype,
    ) -> None:
        self._first = steps.clone()
        self._ahead = max(1, DRAWN // len(seeds))
        ahead = steps + torch.arange(self._ahead)[:, None]
        rows = batches.rows(seeds, ahead, self._batch, self._sizes, self._paired)
        self._drawn = {"batch": rows}
        for name, draw in self._declared.items():
            values = batches.noise(seeds, ahead, name, draw)
            self._drawn[name] = values.to(dtype) if draw.kind == "normal" else values


class _Traced:
    """Losses and gradients as a list of plain operations, traced at the first call."""

    def __init__(
        self,
        model: Model,
        objective: Objective,
        autocast: Callable[[], Any],
    ) -> None:
        self._function = packed_step.differentiated(model, objective, autocast)
        self._program: Any = None
        self._structure: Any = None

    def __call__(self, *arguments: Any) -> Any:
        tensors = pytree.tree_leaves(arguments)
        if self._program is None:
            self._trace(arguments, tensors)
        return pytree.tree_unflatten(self._program(*tensors), self._structure)

    def _trace(
        self,
        arguments: tuple[Any, ...],
        tensors: list[Tensor],
    ) -> None:
        _, argument_structure = pytree.tree_flatten(arguments)

        def flat(*tensors: Tensor) -> list[Any]:
            nested = pytree.tree_unflatten(list(tensors), argument_structure)
            with FewPasses():
                results = self._function(*nested)
            values, self._structure = pytree.tree_flatten(results)
            return values

        # Gradients are part of the program, so they are enabled while it is traced.
        with torch.enable_grad():
            self._program = make_fx(flat)(*tensors)


def _optimisers(
    state: dict[str, Any],
) -> dict[str, list[FusedAdam]]:
    """An optimiser per group and run, whose tensors are views of those of the pack."""
    optimisers: dict[str, list[FusedAdam]] = {}
    for group, settings in state["adam"].items():
        prefix = f"{group}."
        tensors = [_by_run(state[name], prefix) for name in ("weights", "exp_avg", "exp_avg_sq")]
        optimisers[group] = []
        for slot, views in enumerate(zip(*tensors, strict=True)):
            of_run = {name: float(values[slot]) for name, values in settings.items()}
            optimisers[group].append(FusedAdam(AdamSettings(**of_run), *views))
    return optimisers


def _by_run(
    tensors: Named,
    prefix: str,
) -> list[list[Tensor]]:
    """The tensors of one group for each run; a run's are contiguous, as the fused kernel needs."""
    of_runs = []
    for name, values in tensors.items():
        if name.startswith(prefix):
            of_runs.append(values.contiguous().unbind(0))
    return [list(views) for views in zip(*of_runs, strict=True)]
