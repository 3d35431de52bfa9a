"""The packed execution: K runs of one program advance together, a step of all of them at a time.

The host does not intervene between the steps of a block. A model's file knows nothing of packs:
its loss is mapped over the runs by ``torch.vmap`` (``packed_step.py``). On a GPU the step is
compiled and replayed as a CUDA graph, on a CPU it is called as it is.

K is fixed: a pack with fewer runs is filled up with dummies. No run's computation uses values of
another run, and all its random numbers depend on its own seed and step, so that its bits depend
neither on its slot nor on its companions. A run is *frozen* once it has made its steps, once its
loss is non-finite, and from the start if it is a dummy: it is still computed, but no longer
changed.
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
from facsimile.training.cpu_step import CPUStep
from facsimile.training.sources import Source

BLOCK = 64  # most steps between two looks of the host at the losses
# Steps with all runs frozen before a CUDA graph is captured, in which libraries choose their
# kernels and allocate their memory.
WARM_UP = 3
CPU = torch.device("cpu")
Array = npt.NDArray[np.floating[Any]]


class Member(NamedTuple):
    """One run of a pack: its model, with hyper-parameters, and its seed."""

    model: Model
    seed: int


@dataclass(frozen=True)
class PackSettings:
    """How a pack is computed: device, precision, and whether the step is compiled.

    ``precision`` is ``float32``, ``tf32`` or ``bf16``, and ``float64`` in tests. ``convolutions``
    is ``grouped``, as vmap makes them, or ``matrix`` (matrix_convolutions.py). ``small`` is for
    networks without convolutions on a processor (cpu_step.py).
    """

    device: torch.device = CPU
    precision: str = "float32"
    compiled: bool = False
    convolutions: str = "grouped"
    small: bool = False

    @property
    def dtype(self) -> torch.dtype:
        """The type of weights and moments; bf16 and tf32 are precisions of products only."""
        return torch.float64 if self.precision == "float64" else torch.float32

    def autocast(self) -> Any:
        """The context in which losses are computed."""
        if self.precision == "bf16":
            return torch.autocast(self.device.type, torch.bfloat16)
        return nullcontext()


class Block(NamedTuple):
    """What the host learns after a block of steps.

    ``terms`` are the loss and its terms by name, each [steps made, K]. The lists have one entry
    per run: ``first`` and ``steps`` are its numbers of updates before and after the block,
    ``finite`` says whether all its losses were finite, and ``last`` is its last finite loss, NaN
    if there was none since the pack began.
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
        settings: PackSettings,
        source: Source | None = None,
    ) -> None:
        """All runs before their first step; slots beyond ``members`` are dummies.

        ``source`` is for tests. Raises ValueError for no or too many members, or for members of
        different models.
        """
        if not 0 < len(members) <= size:
            raise ValueError(
                f"a pack of {size} runs cannot hold {len(members)}; give it 1 to {size}"
            )
        model_types = {type(member.model) for member in members}
        if len(model_types) > 1:
            raise ValueError(
                "the runs of a pack share one program, hence one model; sort them by model"
            )
        _configure_libraries(settings)
        # A dummy is another copy of the first run.
        dummies = [members[0]] * (size - len(members))
        slots = [*members, *dummies]
        models = [member.model for member in slots]
        seeds = [member.seed for member in slots]
        model = models[0]

        self.size = size
        self.settings = settings
        self.networks = model.networks(data.image_shape, training.latents, training.network)
        self._parameters: dict[str, list[str]] = {}
        for group, network in self.networks.items():
            network.to(settings.dtype)
            if settings.convolutions == "matrix":
                as_matrix_products(network)
            self._parameters[group] = [name for name, _ in network.named_parameters()]

        self.steps = [0] * size  # updates made, per slot
        if source is None:
            source = sources.source(data, seeds, training.drawn, settings.device, model.paired)
        self._source = source
        self._state = packed_step.initial(
            models,
            seeds,
            training,
            self.networks,
            settings.dtype,
            settings.device,
        )
        for network in self.networks.values():
            network.to(settings.device)
        # Dummies are frozen from the start.
        self._state.live[len(members) :] = False
        objective = packed_step.Objective(self.networks)
        make_step = CPUStep if settings.small else packed_step.step
        self._step: packed_step.Step = make_step(
            model,
            objective,
            training,
            self._source,
            data.factor_sizes,
            settings.autocast,
        )
        # Loss and terms of the current block, [BLOCK, K] by name, and the row of the next step.
        self._terms: dict[str, Tensor] = {}
        self._row = torch.zeros(1, dtype=torch.int64, device=settings.device)
        self._launch: Callable[[], None] | None = None

    def advance(
        self,
        count: int,
        stop: Callable[[], bool] = lambda: False,
    ) -> Block:
        """Make up to ``BLOCK`` steps of every run that is not frozen, then wait for the device.

        Fewer steps are made if ``stop`` returns true. Raises ValueError for another ``count``.
        """
        if not 0 < count <= BLOCK:
            raise ValueError(f"a block has 1 to {BLOCK} steps, not {count}")
        if self._launch is None:
            self._launch = self._prepare()
        self._row.zero_()

        steps_made = 0
        while steps_made < count and not stop():
            # ``self.steps`` is as of the last block: within a block the host does not ask.
            steps = [step + steps_made for step in self.steps]
            self._source.feed(steps)
            self._launch()
            steps_made += 1
        return self._read(steps_made)

    def restore(
        self,
        slot: int,
        tensors: Mapping[str, Tensor],
        step: int,
    ) -> None:
        """Load the checkpoint of a run into its slot.

        ``tensors`` are named ``weights.group.parameter`` and ``adam.group.index.moment``.
        """
        for name, view in self._views(slot).items():
            view.copy_(tensors[name])
        self._state.steps[slot] = step
        self.steps[slot] = step

    def tensors(
        self,
        slot: int,
    ) -> dict[str, Tensor]:
        """The checkpoint of a run, on the CPU, as the serial execution writes it."""
        return _copies_on_cpu(self._views(slot))

    def weights(
        self,
        slot: int,
    ) -> dict[str, Tensor]:
        """The weights of one run as ``group.parameter`` -> tensor, on the CPU."""
        views = {name: weight[slot] for name, weight in self._state.weights.items()}
        return _copies_on_cpu(views)

    def freeze(self, slot: int) -> None:
        """Leave a run unchanged from now on."""
        self._state.live[slot] = False

    def _views(
        self,
        slot: int,
    ) -> dict[str, Tensor]:
        """Views of the tensors that change along a run, by their names in a checkpoint."""
        views = {f"weights.{name}": weight[slot] for name, weight in self._state.weights.items()}
        for group, names in self._parameters.items():
            for index, name in enumerate(names):
                # Checkpoints number the parameters of an optimiser, as torch does.
                for moment in MOMENTS:
                    of_all_runs = getattr(self._state, moment)
                    values = of_all_runs[f"{group}.{name}"]
                    views[f"adam.{group}.{index}.{moment}"] = values[slot]
        return views

    def _read(self, steps_made: int) -> Block:
        # To copy a tensor to the CPU is to wait for the device.
        terms = {}
        for name, values in self._terms.items():
            terms[name] = values[:steps_made].cpu().numpy()
        first = self.steps
        self.steps = self._state.steps.tolist()
        finite = self._state.finite.tolist()
        last = self._state.last.tolist()
        return Block(terms, first, self.steps, finite, last)

    def _prepare(self) -> Callable[[], None]:
        """Return what makes one step: a function on a CPU, the replay of a CUDA graph on a GPU."""
        state = self._state.arguments()
        buffer = self._source.buffer
        program = self._step
        if self.settings.compiled:
            program = _compiled(program, state, buffer)

        def launch() -> None:
            for name, values in program(state, buffer).items():
                # Allocated in the first step: a CUDA graph is captured only after some steps.
                if name not in self._terms:
                    self._terms[name] = torch.zeros(
                        (BLOCK, self.size),
                        dtype=values.dtype,
                        device=values.device,
                    )
                # The row is a tensor, as a captured graph always writes to the same addresses.
                self._terms[name].index_copy_(0, self._row, values[None])
            self._row.add_(1)

        if self.settings.device.type == "cuda":
            return _captured(launch, self._state.live)
        return launch


def _copies_on_cpu(
    tensors: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    # Cloned because ``cpu`` returns a tensor itself if it is on the CPU already.
    return {name: tensor.cpu().clone() for name, tensor in tensors.items()}


def _compiled(
    step: packed_step.Step,
    state: dict[str, Any],
    buffer: Tensor,
) -> packed_step.Step:
    """Trace the step, gradients included, into one graph of plain operations and compile it."""
    from torch._dynamo.exc import TorchDynamoException  # seconds, which only compiling needs

    # Fake tensors: with real ones, tracing would make a step.
    traced = make_fx(step, tracing_mode="fake")(state, buffer)
    compiled = torch.compile(traced, fullgraph=True, dynamic=False)

    def run(
        state: dict[str, Any],
        buffer: Tensor,
    ) -> dict[str, Tensor]:
        try:
            with torch.no_grad():
                return compiled(state, buffer)
        except TorchDynamoException as error:
            raise RuntimeError(
                f"torch {torch.__version__} cannot compile the training step of this pack; "
                "upgrade PyTorch, or set compile: false, which is slower "
                f"({str(error).strip().splitlines()[0]})"
            ) from error

    return run


def _captured(
    launch: Callable[[], None],
    live: Tensor,
) -> Callable[[], None]:
    """Capture one step as a CUDA graph; returns the function that replays it.

    The steps before the capture are made with all runs frozen.
    """
    live_before = live.clone()
    live.zero_()
    # PyTorch asks for a warm-up on a side stream before a capture.
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            launch()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        launch()
    live.copy_(live_before)
    return graph.replay


def _configure_libraries(settings: PackSettings) -> None:
    """Fix the choices of libraries that decide the bits of a run on a GPU.

    The same algorithms are used in every process, and TF32 only if it is the precision.
    """
    if settings.device.type != "cuda":
        return
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = settings.precision == "tf32"
    torch.set_float32_matmul_precision("high" if settings.precision == "tf32" else "highest")
    if settings.compiled:
        import torch._inductor.config as inductor

        # No kernel is chosen by measured time where the choice would change the bits.
        inductor.deterministic = True
        # Otherwise a counter of random numbers, which begins as a range, is multiplied as an index
        # of 32 bits: Triton refuses the product (seen with torch 2.11).
        inductor.constant_and_index_propagation = False


def keep_compiled(folder: Path) -> None:
    """Keep compiled programs in a folder for later jobs, unless the user has chosen a folder.

    To be called before anything is compiled.
    """
    # Environment variables, so that the processes that compile see them, too.
    absolute = folder.resolve()
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(absolute / "inductor"))
    os.environ.setdefault("TRITON_CACHE_DIR", str(absolute / "triton"))
