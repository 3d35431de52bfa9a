"""Pictures of a small scene with four quantities that cause each other, as CausalVAE makes them."""

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.datasets.base.dataset import Integers
from facsimile.datasets.base.drawing import SIDE

Labels = npt.NDArray[np.float64]
Pictures = npt.NDArray[np.uint8]
CONCEPTS = 4
BINS = 10
BLOCK = 500  # pictures drawn at once
SEED = 4


class Scenes(Arrays):
    """Every combination of some exogenous values, drawn once.

    A subclass states the equations (``grid``, ``intervene``) and draws the pictures (``draw``).

    Arrays, with one row per picture:

    - ``images``: RGB. The official files have a fourth channel, which is opaque everywhere.
    - ``labels``: the four quantities as in the official file names, truncated to whole numbers.
    - ``scaled``: the labels, minus ``centre`` and divided by ``half_range`` of the released model.
    - ``values``: scaled in the same way, but not truncated.
    - ``factors``: the values in ten bins of equal width, for metrics that need classes.
    - ``held_out``: 1 for test rows.
    - ``counterfactuals``: row k holds the values that the scene would have if quantity k were set
      to the entry [k, k], which is that of another, random row.
    - ``parents``: [i, j] is 1 if quantity i is a cause of quantity j; the same in each row.
    """

    shapes: ClassVar = {
        "images": (SIDE, SIDE, 3),
        "labels": (CONCEPTS,),
        "scaled": (CONCEPTS,),
        "values": (CONCEPTS,),
        "factors": (CONCEPTS,),
        "held_out": (),
        "counterfactuals": (CONCEPTS, CONCEPTS),
        "parents": (CONCEPTS, CONCEPTS),
    }
    licence = "our own rendering; the equations are those of code under the MIT licence"
    concepts: ClassVar[tuple[str, ...]]  # names of the quantities
    centre: ClassVar[tuple[float, ...]]
    half_range: ClassVar[tuple[float, ...]]
    edges: ClassVar[tuple[tuple[int, int], ...]]  # (cause, effect)

    @classmethod
    @abstractmethod
    def grid(cls) -> Labels:
        """The four quantities of every row [n, 4], in the official order."""

    @classmethod
    @abstractmethod
    def held_out(cls) -> npt.NDArray[np.bool_]:
        """Which rows [n] the official script puts into its test folder."""

    @classmethod
    @abstractmethod
    def intervene(cls, labels: Labels, concept: int, value: Labels) -> Labels:
        """The four quantities [n, 4] of scenes after setting one of them to the values [n].

        Its effects follow; its causes stay.
        """

    @classmethod
    @abstractmethod
    def draw(cls, labels: Labels) -> Pictures:
        """Pictures [n, 96, 96, 3] of scenes with these quantities [n, 4], possible or not."""

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        labels = cls.grid()
        values = cls.scale(labels)
        blocks = []
        for first in range(0, len(labels), BLOCK):
            block = labels[first : first + BLOCK]
            blocks.append(cls.draw(block))
        truncated = np.trunc(labels)
        low = values.min(axis=0)
        high = values.max(axis=0)
        # The highest value is at the end of the last bin.
        bins = np.minimum((values - low) / (high - low) * BINS, BINS - 1)
        shape = (len(labels), CONCEPTS, CONCEPTS)
        return {
            "images": np.concatenate(blocks),
            "labels": truncated.astype(np.float32),
            "scaled": cls.scale(truncated).astype(np.float32),
            "values": values.astype(np.float32),
            "factors": bins.astype(np.int64),
            "held_out": cls.held_out().astype(np.int64),
            "counterfactuals": cls._counterfactuals(labels).astype(np.float32),
            "parents": np.broadcast_to(cls.graph(), shape),
        }

    def intervened(
        self,
        rows: Integers,
        concept: int,
        values: npt.ArrayLike,
    ) -> Pictures:
        """True pictures [n, 96, 96, 3] of rows after setting one quantity to ``values`` [n].

        ``values`` are in the units of the released model's prior.
        """
        centre = np.array(self.centre)
        half_range = np.array(self.half_range)
        labels = self.arrays(rows)["values"] * half_range + centre
        value = np.asarray(values) * half_range[concept] + centre[concept]
        return self.draw(self.intervene(labels, concept, value))

    @classmethod
    def scale(cls, labels: Labels) -> Labels:
        """Quantities in the units of the released model's prior."""
        centre = np.array(cls.centre)
        half_range = np.array(cls.half_range)
        return (labels - centre) / half_range

    @classmethod
    def graph(cls) -> npt.NDArray[np.int64]:
        """Matrix [4, 4]; [i, j] is 1 if quantity i is a cause of quantity j."""
        matrix = np.zeros((CONCEPTS, CONCEPTS), np.int64)
        for cause, effect in cls.edges:
            matrix[cause, effect] = 1
        return matrix

    @classmethod
    def _counterfactuals(cls, labels: Labels) -> Labels:
        """Scaled values [n, 4, 4] after setting each quantity to that of another row."""
        random = np.random.Generator(np.random.Philox(key=SEED))
        # All permutations are drawn first.
        permutations = [random.permutation(len(labels)) for _ in range(CONCEPTS)]
        scaled = []
        for concept, permutation in enumerate(permutations):
            value = labels[permutation, concept]
            changed = cls.intervene(labels, concept, value)
            scaled.append(cls.scale(changed))
        return np.stack(scaled, axis=1)
