"""Base class of sequences of pictures in which it is known what was intervened on at each step."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.datasets.base.dataset import Integers
from facsimile.datasets.base.file import DatasetError

Pictures = npt.NDArray[np.uint8]
States = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.int64]
BLOCK = 1000  # frames drawn at once


class Sequences(Arrays):
    """Frames of one or several sequences, and frames that were drawn independently of each other.

    The rows are first the frames of each sequence in the order of time, then the independent
    frames, which are held out from training. An independent frame is a sequence of its own. A model
    that sets ``frames`` (``models/base/arrays.py``) is trained on neighbouring frames of one
    sequence.

    Arrays, with one row per frame:

    - ``images``: uint8 [height, width, channels].
    - ``targets``: int64 [k]; 1 for each causal variable on which the step to this frame intervened.
      No step leads to the first frame of a sequence, whose targets are 0.
    - ``latents``: float32 [m], the true values of the causal variables, each of one or several
      numbers.
    - ``angles``: int64 [m]; 1 for each number that is an angle in radians; the same in each row.
    - ``variable_of``: int64 [m]; position of the variable that each number belongs to; the same in
      each row. Only if a variable has several numbers: otherwise, each variable is one, and m = k.
    - ``temporal_graph``: int64 [k, k]; [i, j] is 1 if variable i is a cause of variable j one frame
      later; the same in each row.
    - ``instantaneous_graph``: likewise, of variable j in the same frame.
    - ``sequence``: int64, number of the frame's sequence.
    - ``held_out``: int64, 1 for independent frames.

    A subclass must

    - set ``name``, ``licence`` and ``source`` as for ``Arrays``,
    - set ``variables`` (name of each causal variable), ``lengths`` (number of frames of each
      sequence), ``independent`` (number of independent frames) and ``picture`` (height, width and
      channels),
    - set ``numbers`` (names of the numbers of each variable that has several) and ``angular``
      (names of the numbers that are angles) if there are any; a variable of one number gives it its
      name; and
    - implement ``simulate``, ``sample``, ``draw`` and ``temporal_edges``.

    It may override ``instantaneous_edges``.

    Example, in ``datasets/walk.py``::

        class Walk(Sequences):  # the brightness of a pixel; interventions set it to 0
            name = "walk"
            variables = ("brightness",)
            lengths = (1000,)
            independent = 200
            picture = (1, 1, 1)
            licence = "none needed: generated"
            source = "our own"

            @classmethod
            def simulate(cls, length, random):
                targets = random.integers(2, size=(length, 1))
                states = np.zeros((length, 1))
                for t in range(1, length):
                    states[t] = (states[t - 1] + random.uniform(-0.1, 0.1)) * (1 - targets[t])
                return states, targets

            @classmethod
            def sample(cls, count, random):
                return random.uniform(-1, 1, size=(count, 1))

            @classmethod
            def draw(cls, states):
                return np.clip(127 * (states + 1), 0, 255).astype(np.uint8).reshape(-1, 1, 1, 1)

            @classmethod
            def temporal_edges(cls):
                return np.array([[1]])
    """

    variables: ClassVar[tuple[str, ...]]
    numbers: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
    angular: ClassVar[tuple[str, ...]] = ()
    lengths: ClassVar[tuple[int, ...]]
    independent: ClassVar[int]
    picture: ClassVar[tuple[int, int, int]]
    seed: ClassVar[int] = 0

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not hasattr(cls, "lengths"):
            return
        k, m = len(cls.variables), len(cls.number_names())
        cls.rows = sum(cls.lengths) + cls.independent
        cls.shapes = {
            "images": cls.picture,
            "targets": (k,),
            "latents": (m,),
            "angles": (m,),
            "temporal_graph": (k, k),
            "instantaneous_graph": (k, k),
            "sequence": (),
            "held_out": (),
        }
        if cls.numbers:
            cls.shapes["variable_of"] = (m,)

    @classmethod
    def number_names(cls) -> tuple[str, ...]:
        """Names [m] of the numbers of all variables, in the order of the variables.

        Raises DatasetError if ``numbers`` names a variable that does not exist.
        """
        for name in cls.numbers:
            if name not in cls.variables:
                raise DatasetError(
                    f"{cls.__name__}: numbers names {name!r}, which is none of the variables "
                    f"{', '.join(cls.variables)}"
                )
        names: list[str] = []
        for variable in cls.variables:
            names.extend(cls.numbers.get(variable, (variable,)))
        return tuple(names)

    @classmethod
    @abstractmethod
    def simulate(
        cls,
        length: int,
        random: np.random.Generator,
    ) -> tuple[States, Matrix]:
        """States [length, s] and targets [length, k] of one sequence.

        The first m numbers of a state are those of the causal variables, in the order of
        ``variables`` and ``numbers``; others may follow that pictures depend on. The targets of
        the first frame are ignored.
        """

    @classmethod
    @abstractmethod
    def sample(
        cls,
        count: int,
        random: np.random.Generator,
    ) -> States:
        """States [count, s] of frames that are independent of each other."""

    @classmethod
    @abstractmethod
    def draw(cls, states: States) -> Pictures:
        """Pictures uint8 [n, height, width, channels] of states [n, s]."""

    @classmethod
    @abstractmethod
    def temporal_edges(cls) -> Matrix:
        """Matrix [k, k]; [i, j] is 1 if variable i is a cause of variable j one frame later."""

    @classmethod
    def instantaneous_edges(cls) -> Matrix:
        """Matrix [k, k]; [i, j] is 1 if variable i is a cause of j in the same frame. None is."""
        k = len(cls.variables)
        return np.zeros((k, k), np.int64)

    @classmethod
    def generate(
        cls,
        source: Path | None,
    ) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=cls.seed))
        k, names = len(cls.variables), cls.number_names()
        states, targets = [], []
        for length in cls.lengths:
            of_sequence, interventions = cls.simulate(length, random)
            cls._check_targets(interventions, length)
            interventions = interventions.astype(np.int64)
            interventions[0] = 0
            states.append(of_sequence)
            targets.append(interventions)
        states.append(cls.sample(cls.independent, random))
        shape = (cls.independent, k)
        targets.append(np.zeros(shape, np.int64))
        all_states = np.concatenate(states)
        angles = [name in cls.angular for name in names]
        arrays: dict[str, npt.NDArray[Any]] = {
            "images": cls._drawn(all_states),
            "targets": np.concatenate(targets),
            "latents": all_states[:, : len(names)].astype(np.float32),
            "angles": _repeated(np.array(angles), cls.rows),
            "temporal_graph": _repeated(cls.temporal_edges(), cls.rows),
            "instantaneous_graph": _repeated(cls.instantaneous_edges(), cls.rows),
            "sequence": cls._sequence(),
            "held_out": np.repeat([0, 1], [sum(cls.lengths), cls.independent]),
        }
        if cls.numbers:
            arrays["variable_of"] = _repeated(cls._variable_of(), cls.rows)
        return arrays

    def starts(self, frames: int) -> Integers:
        """Rows [n] at which ``frames`` consecutive frames of one sequence begin.

        Raises ValueError if no sequence is that long.
        """
        sequence = self._arrays["sequence"]
        # Sequences are consecutive rows, so the ends of a stretch decide.
        last = sequence[frames - 1 :]
        first = sequence[: len(last)]
        rows = np.flatnonzero(first == last)
        if not len(rows):
            raise ValueError(
                f"{self.name}: its longest sequence has {max(self.lengths, default=0)} frames, and "
                f"the model needs {frames} in a row; use longer sequences"
            )
        return rows

    @classmethod
    def _drawn(cls, states: States) -> Pictures:
        blocks = []
        for first in range(0, len(states), BLOCK):
            block = states[first : first + BLOCK]
            blocks.append(cls.draw(block))
        return np.concatenate(blocks)

    @classmethod
    def _variable_of(cls) -> Matrix:
        """Position [m] of the variable that each number belongs to."""
        counts = [len(cls.numbers.get(variable, (variable,))) for variable in cls.variables]
        return np.repeat(np.arange(len(counts)), counts)

    @classmethod
    def _sequence(cls) -> Matrix:
        """Number of the sequence of each row; independent frames continue the count."""
        lengths = [*cls.lengths] + [1] * cls.independent
        numbers = np.arange(len(lengths))
        return np.repeat(numbers, lengths)

    @classmethod
    def _check_targets(cls, targets: Matrix, length: int) -> None:
        """Raise DatasetError unless targets are 0 or 1, one per frame and variable."""
        expected = (length, len(cls.variables))
        if targets.shape != expected:
            raise DatasetError(
                f"{cls.name}: simulate returned targets of shape {list(targets.shape)}; "
                f"they should be {list(expected)}, one per frame and variable"
            )
        if not np.isin(targets, (0, 1)).all():
            raise DatasetError(
                f"{cls.name}: simulate returned targets other than 0 and 1; 1 stands for an "
                "intervention on the variable"
            )


def _repeated(
    values: npt.NDArray[Any],
    rows: int,
) -> Matrix:
    """The same integers in each of ``rows`` rows."""
    shape = (rows, *values.shape)
    return np.broadcast_to(values.astype(np.int64), shape)
