"""A deep network with binary weights that learns tasks of classification in turn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.models.base.algorithm import AlgorithmModel, Random, State
from facsimile.models.base.arrays import Arrays, Shapes
from facsimile.papers.cl_statmech.models import _binary_layers
from facsimile.papers.cl_statmech.models._binary_layers import Moments, Singles
from facsimile.papers.cl_statmech.models._image_tasks import ImageTask, ImageTasks, image_tasks

LABEL = "Deep binary network"
STEP_SECONDS = {"1": 0.1, "width": 0.024}  # of an epoch of 500 batches
RUN_BYTES = 11_000_000
MOMENTS = (0.9, 0.99)  # of Adam
EPSILON = 1e-8  # of Adam
CLASSES = 10
BATCH = 64
LAYERS = 3


@dataclass(frozen=True)
class DeepBinaryNetwork(AlgorithmModel):
    """Weights ±1 with fields θ, which learn tasks in turn; the penalty holds them to earlier ones.

    Li et al. 2023, "Statistical mechanics of continual learning", and its release. The loss is the
    cross entropy of a task with drawn pre-activations (``_binary_layers``), plus γ times the
    divergence KL from the weights' law after the last task, whose gradient is γ β² (1 - tanh² βθ)
    (θ - θ_last); a batch has its share of it. The release adds γ β² (1 - tanh² βθ) Δθ to each
    batch, from the first one on, where Δθ is the change by the batch before. β grows as 10 tanh(0.1
    + a k / epochs) with the epoch k. A step is one epoch of one task. With one task in the data,
    each has its own permutation of the pixels. Steps are computed in single precision.

    Args:
        tasks: number of tasks.
        epochs: epochs of each task.
        width: units of both hidden layers.
        rate: learning rate of Adam.
        penalty: γ, the weight of the divergence.
        previous: 1 to hold fields to those before the last batch, 0 to those after the last task.
        growth: a, how fast β grows.
    """

    tasks: float = 5
    epochs: float = 5
    width: float = 512
    rate: float = 0.01
    penalty: float = 1
    previous: float = 0
    growth: float = 2
    takes: ClassVar[Shapes] = {"images": (784,), "labels": (), "task": (), "held_out": ()}

    def problem(
        self,
        data: Mapping[str, npt.NDArray[Any]],
    ) -> ImageTasks:
        return image_tasks(data, int(self.tasks))

    def start(
        self,
        problem: ImageTasks,
        random: Random,
    ) -> State:
        """Draw fields from N(0, 1), and the permutation of each task's pixels."""
        sizes = [problem.pixels, int(self.width), int(self.width), CLASSES]
        state: State = {}
        for layer in range(LAYERS):
            shape = (sizes[layer + 1], sizes[layer])
            theta = random.standard_normal(shape, np.float32).astype(np.float64)
            zeros = np.zeros(shape)
            # ``pull`` is the change by the last batch or, for the text, the fields it pulls to.
            state |= {_of("theta", layer): theta, _of("pull", layer): zeros}
            state |= {_of("mean", layer): zeros, _of("square", layer): zeros}
        count = int(self.tasks)
        permutations = [random.permutation(problem.pixels) for _ in range(count)]
        return state | {
            "permutations": np.array(permutations),
            "epoch": np.array(0),
            "updates": np.array(0),
            "accuracy": np.zeros(count),
            "own": np.zeros(count),
        }

    def step(
        self,
        problem: ImageTasks,
        state: State,
        random: Random,
    ) -> State:
        state = _in_single_precision(state)
        epoch = int(state["epoch"])
        task, within = divmod(epoch, int(self.epochs))
        if task >= self.tasks:
            raise ValueError(
                f"deep_binary_network: a run has tasks · epochs = {epoch} steps; state this number "
                "under training: {steps: …}"
            )
        if within == 0 and not self.previous:
            state |= {_of("pull", layer): state[_of("theta", layer)] for layer in range(LAYERS)}
        images, labels = self._task(problem.training, state, task)
        order = random.permutation(len(labels))
        beta = self.beta(epoch + 1)
        size = min(BATCH, len(order))
        for begin in range(0, len(order) - size + 1, size):
            rows = order[begin : begin + size]
            share = size / len(order) if task > 0 else 0.0
            self._update(state, images[rows], labels[rows], beta, share, random)
        state["epoch"] = np.array(epoch + 1)
        state["accuracy"] = self._accuracies(problem, state, beta, random)
        if within == self.epochs - 1:
            own = state["own"].copy()
            own[task] = state["accuracy"][task]
            state["own"] = own
        return _in_double_precision(state)

    def beta(self, epoch: int) -> float:
        """β of an epoch, counted from 1."""
        total = self.tasks * self.epochs
        return float(10 * np.tanh(0.1 + self.growth * epoch / total))

    def record(
        self,
        problem: ImageTasks,
        state: State,
    ) -> dict[str, float]:
        columns = {"epoch": float(state["epoch"])}
        for task, accuracy in enumerate(state["accuracy"]):
            columns[f"accuracy_{task}"] = float(accuracy)
        return columns

    def result(
        self,
        problem: ImageTasks,
        state: State,
    ) -> Arrays:
        """Return accuracies of all tasks at the end, and of each after its own training.

        ``binary`` are those of a network with the more probable weight everywhere, ±1.
        """
        signs = []
        for theta in _fields(state):
            mean = np.where(theta >= 0, 1, -1).astype(np.float32)
            signs.append(Moments(mean, np.zeros_like(mean)))
        # Without variance nothing is random.
        fixed = np.random.default_rng(0)
        binary = self._evaluated(problem, state, signs, fixed)
        return {"accuracy": state["accuracy"], "own": state["own"], "binary": binary}

    def check(self) -> None:
        for name in ("tasks", "epochs", "width"):
            value = getattr(self, name)
            if value < 1 or value != int(value):
                raise ValueError(f"{name} must be a whole number from 1, not {value:g}")
        for name in ("rate", "growth"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name):g}")
        if self.penalty < 0:
            raise ValueError(f"penalty must be 0 or more, not {self.penalty:g}")
        if self.previous not in (0, 1):
            raise ValueError(f"previous must be 0 or 1, not {self.previous:g}")

    def _task(
        self,
        parts: list[ImageTask],
        state: State,
        task: int,
    ) -> ImageTask:
        """Images and labels of one task, permuted if the data have one task."""
        if len(parts) > 1:
            return parts[task]
        images, labels = parts[0]
        return ImageTask(images[:, state["permutations"][task]], labels)

    def _update(
        self,
        state: State,
        images: Singles,
        labels: npt.NDArray[np.int64],
        beta: float,
        share: float,
        random: Random,
    ) -> None:
        """One batch: the state's fields and what Adam keeps are changed.

        ``share`` is the batch's share of the divergence from the last task, 0 in the first one.
        """
        layers = _binary_layers.moments(_fields(state), beta)
        passes = _binary_layers.forward(layers, images, random)
        slopes = _binary_layers.gradients(layers, passes, labels, beta)
        updates = int(state["updates"]) + 1
        state["updates"] = np.array(updates)
        weight = np.float32(self.penalty * beta**2)
        for layer, slope in enumerate(slopes):
            theta, pull = state[_of("theta", layer)], state[_of("pull", layer)]
            if self.previous:
                # The release has the variance after the last update, which is that of ``layers``.
                slope += weight * layers[layer].variance * pull
            elif share > 0:
                held = np.float32(share) * weight * layers[layer].variance
                slope += held * (theta - pull)
            moved = theta - self._change(state, layer, slope, updates)
            if self.previous:
                state[_of("pull", layer)] = moved - theta
            state[_of("theta", layer)] = moved

    def _change(
        self,
        state: State,
        layer: int,
        slope: Singles,
        updates: int,
    ) -> Singles:
        """What Adam subtracts from the fields of a layer."""
        first, second = MOMENTS
        mean = np.float32(first) * state[_of("mean", layer)] + np.float32(1 - first) * slope
        square = np.float32(second) * state[_of("square", layer)]
        square += np.float32(1 - second) * slope * slope
        state |= {_of("mean", layer): mean, _of("square", layer): square}
        scale = np.float32(1 / (1 - second**updates))
        root = np.sqrt(square * scale) + np.float32(EPSILON)
        change: Singles = np.float32(self.rate / (1 - first**updates)) * mean / root
        return change

    def _accuracies(
        self,
        problem: ImageTasks,
        state: State,
        beta: float,
        random: Random,
    ) -> npt.NDArray[np.float64]:
        """Accuracy of each task on held-out images, with drawn pre-activations."""
        layers = _binary_layers.moments(_fields(state), beta)
        return self._evaluated(problem, state, layers, random)

    def _evaluated(
        self,
        problem: ImageTasks,
        state: State,
        layers: list[Moments],
        random: Random,
    ) -> npt.NDArray[np.float64]:
        accuracies = np.zeros(int(self.tasks))
        for task in range(int(self.tasks)):
            images, labels = self._task(problem.held_out, state, task)
            logits = _binary_layers.forward(layers, images, random)[-1].values
            accuracies[task] = np.mean(logits.argmax(1) == labels)
        return accuracies


def _of(name: str, layer: int) -> str:
    return f"{name}_{layer}"


def _fields(state: State) -> list[Singles]:
    return [state[_of("theta", layer)] for layer in range(LAYERS)]


def _in_single_precision(state: State) -> State:
    """The state with the arrays of each layer in float32, in which they were computed."""
    changed = {name: state[name].astype(np.float32) for name in _names_of_layers()}
    return dict(state) | changed


def _in_double_precision(state: State) -> State:
    """The same in float64, as states of algorithms are stored."""
    changed = {name: state[name].astype(np.float64) for name in _names_of_layers()}
    return dict(state) | changed


def _names_of_layers() -> list[str]:
    kinds = ("theta", "pull", "mean", "square")
    return [_of(kind, layer) for kind in kinds for layer in range(LAYERS)]
