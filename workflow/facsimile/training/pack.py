"""The packed execution: K runs of one program, a step of all of them at a time, with no word from the host in between.

A model's file knows nothing of it: its loss is mapped over the runs by ``torch.vmap`` (``packed_step.py``). A GPU runs the step
compiled and as a CUDA graph, a CPU as it is.

K is fixed: a pack with fewer runs is filled up with dummies. Nothing that a run computes looks at another run, and all its
randomness is keyed by its own seed and step, so that its bits do not depend on its slot or on its companions. A run is *frozen*
when it has made its steps, when its loss became non-finite, and from the start if it is a dummy: it is computed on, and kept as
it was.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from facsimile.datasets import Dataset
from facsimile.models import Model
from facsimile.models.base.adam import MOMENTS
from facsimile.models.base.matrix_convolutions import as_matrix_products
from facsimile.studies.training import Training
from facsimile.training import packed_step, sources
from facsimile.training.sources import Source

BLOCK = 64  # steps between two looks of the host at the losses
WARM_UP = 3  # steps of frozen runs before a CUDA graph is captured, so that libraries choose their kernels and take their memory
CPU = torch.device("cpu")
Array = npt.NDArray[np.floating[Any]]


class Member(NamedTuple):
    """One run of a pack: its model, with hyper-parameters, and its seed."""

    model: Model
    seed: int


@dataclass(frozen=True)
class How:
    """Device, precision (``float32``, ``tf32``, ``bf16``; ``float64`` for tests), and whether the step is compiled.

    ``convolutions``: ``grouped``, as vmap makes them, or ``matrix`` (matrix_convolutions.py).
    """

    device: torch.device = CPU
    precision: str = "float32"
    compiled: bool = False
    convolutions: str = "grouped"

    @property
    def dtype(self) -> torch.dtype:
        """Of weights and moments; bf16 and tf32 are precisions of products alone."""
        return torch.float64 if self.precision == "float64" else torch.float32

    def autocast(self) -> Any:
        """The context in which losses are computed."""
        return (
            torch.autocast(self.device.type, torch.bfloat16)
            if self.precision == "bf16"
            else nullcontext()
        )


class Block(NamedTuple):
    """What the host learns after a block of steps.

    ``terms``: loss and terms by name, [steps made, K]. Of each run: ``first`` and ``steps``, its updates before and after,
    ``finite``, whether all its losses were, and ``last``, its last finite loss, NaN if there was none since the pack began.
    """

    terms: dict[str, Array]
    first: list[int]
    steps: list[int]
    finite: list[bool]
    last: list[float]


class Pack:
    """K runs of one model on one device."""

    def __init__(
        self,
        members: Sequence[Member],
        size: int,
        training: Training,
        data: Dataset,
        how: How,
        source: Source | None = None,
    ) -> None:
        """All runs before their first step; slots beyond ``members`` are dummies. ``source`` is for tests.

        Raises ValueError for no or too many members, or for members of different models.
        """
        if not 0 < len(members) <= size:
            raise ValueError(
                f"a pack of {size} runs cannot hold {len(members)}; give it 1 to {size}"
            )
        if len({type(member.model) for member in members}) > 1:
            raise ValueError(
                "the runs of a pack share one program, hence one model; sort them by model"
            )
        _settle(how)
        models, seeds = zip(*[*members, *[members[0]] * (size - len(members))], strict=True)
        made = models[0].networks(data.image_shape, training.latents, training.network)
        for network in made.values():
            network.to(how.device, how.dtype)
            if how.convolutions == "matrix":
                as_matrix_products(network)
        self.size, self.how, self.networks = size, how, made
        self.steps = [0] * size
        self._parameters = {
            group: [name for name, _ in network.named_parameters()]
            for group, network in made.items()
        }
        self._source = source or sources.source(
            data, seeds, training.drawn, how.device, models[0].paired
        )
        self._state = packed_step.initial(models, seeds, training, made, how.dtype)
        self._state.live[len(members) :] = False
        objective = packed_step.Objective(made)
        self._step = packed_step.step(
            models[0], objective, training, self._source, data.factor_sizes, how.autocast
        )
        self._record: dict[str, Tensor] = {}
        self._at = torch.zeros(1, dtype=torch.int64, device=how.device)
        self._launch: Callable[[], None] | None = None

    def advance(self, count: int, stop: Callable[[], bool] = lambda: False) -> Block:
        """Make up to ``BLOCK`` steps of every run that is not frozen, fewer if ``stop`` says so; then wait for the device."""
        if not 0 < count <= BLOCK:
            raise ValueError(f"a block has 1 to {BLOCK} steps, not {count}")
        launch = self._launch = self._launch or self._prepare()
        self._at.zero_()
        made = 0
        while made < count and not stop():
            self._source.feed([step + made for step in self.steps])
            launch()
            made += 1
        return self._read(made)

    def restore(self, slot: int, tensors: Mapping[str, Tensor], step: int) -> None:
        """Put a run's checkpoint into its slot: ``weights.group.parameter`` and ``adam.group.index.moment``."""
        for name, stored in self._stored(slot).items():
            stored.copy_(tensors[name])
        self._state.steps[slot] = step
        self.steps[slot] = step

    def tensors(self, slot: int) -> dict[str, Tensor]:
        """A run's checkpoint, on the CPU: what the serial execution writes, too."""
        return {name: stored.cpu().clone() for name, stored in self._stored(slot).items()}

    def weights(self, slot: int) -> dict[str, Tensor]:
        """``group.parameter`` -> tensor of one run, on the CPU."""
        return {name: weight[slot].cpu().clone() for name, weight in self._state.weights.items()}

    def freeze(self, slot: int) -> None:
        """Keep a run as it is from here on."""
        self._state.live[slot] = False

    def _stored(self, slot: int) -> dict[str, Tensor]:
        """The tensors of one run that change, as views, by their names in a checkpoint."""
        found = {f"weights.{name}": weight[slot] for name, weight in self._state.weights.items()}
        for group, names in self._parameters.items():
            for index, name in enumerate(names):
                for moment in MOMENTS:
                    found[f"adam.{group}.{index}.{moment}"] = getattr(self._state, moment)[
                        f"{group}.{name}"
                    ][slot]
        return found

    def _read(self, made: int) -> Block:
        terms = {name: values[:made].cpu().numpy() for name, values in self._record.items()}
        first, self.steps = self.steps, self._state.steps.tolist()
        return Block(
            terms, first, self.steps, self._state.finite.tolist(), self._state.last.tolist()
        )

    def _prepare(self) -> Callable[[], None]:
        """What makes one step: the function itself on a CPU, on a GPU the replay of a graph."""
        state, buffer = self._state.arguments(), self._source.buffer
        program = _compiled(self._step, state, buffer) if self.how.compiled else self._step

        def launch() -> None:
            for name, values in program(state, buffer).items():
                if (
                    name not in self._record
                ):  # not within a graph: that is captured after some steps
                    self._record[name] = torch.zeros(
                        (BLOCK, self.size), dtype=values.dtype, device=values.device
                    )
                self._record[name].index_copy_(0, self._at, values[None])
            self._at.add_(1)

        return _captured(launch, self._state.live) if self.how.device.type == "cuda" else launch


def _compiled(step: packed_step.Step, state: dict[str, Any], buffer: Tensor) -> packed_step.Step:
    """The step traced into one graph of plain operations, gradients and all, and compiled as a whole."""
    traced = make_fx(step, tracing_mode="fake")(
        state, buffer
    )  # real tensors would make a step while tracing it
    compiled = torch.compile(traced, fullgraph=True, dynamic=False)

    def run(state: dict[str, Any], buffer: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            return compiled(state, buffer)

    return run


def _captured(launch: Callable[[], None], live: Tensor) -> Callable[[], None]:
    """The replay of a CUDA graph of one step; the steps before the capture are made with every run frozen."""
    kept = live.clone()
    live.zero_()
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            launch()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        launch()
    live.copy_(kept)
    return graph.replay


def _settle(how: How) -> None:
    """Libraries' choices that decide the bits: the same algorithms in every process, and TF32 only where it was named."""
    if how.device.type != "cuda":
        return
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = False, True
    torch.backends.cudnn.allow_tf32 = how.precision == "tf32"
    torch.set_float32_matmul_precision("high" if how.precision == "tf32" else "highest")
    if how.compiled:
        import torch._inductor.config as inductor

        inductor.deterministic = (
            True  # no choice of a kernel by the clock where it would change the bits
        )


def keep_compiled(folder: Path) -> None:
    """Keep what is compiled in a folder, for the jobs that follow, unless the user has named one; call it before compiling."""
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(folder.resolve() / "inductor"))
    os.environ.setdefault("TRITON_CACHE_DIR", str(folder.resolve() / "triton"))
