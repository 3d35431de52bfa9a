"""Pictures of a small mechanical scene with four quantities that cause each other, as CausalVAE generates them."""

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.datasets.base.dataset import Integers
from facsimile.papers.causalvae.datasets._drawing import SIDE

Labels = npt.NDArray[np.float64]
Pictures = npt.NDArray[np.uint8]
CONCEPTS = 4
BINS = 10
BLOCK = 500  # pictures drawn at once
SEED = 4


class Scenes(Arrays):
    """Every combination of some exogenous values, drawn once; a subclass states the equations and draws.

    ``images``: RGB; the official files have a fourth channel, which is opaque everywhere. ``labels``: the four quantities as
    the official file names have them, cut to whole numbers. ``scaled``: the same, less ``centre`` and over ``half_range`` of
    the released model. ``values``: scaled, not cut. ``factors``: values in ten bins of equal width, for metrics that want
    classes. ``held_out``: 1 for test rows. ``counterfactuals``: row k are the values that the scene would have if quantity k
    were set to entry [k, k], which is that of another row drawn at random. ``parents``: [i, j] is 1 where quantity i is a
    cause of j; the same in each row.
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
    concepts: ClassVar[tuple[str, ...]]
    centre: ClassVar[tuple[float, ...]]
    half_range: ClassVar[tuple[float, ...]]
    edges: ClassVar[tuple[tuple[int, int], ...]]

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
        """The four quantities [n, 4] of scenes if one of them were set to the values [n]: its effects follow."""

    @classmethod
    @abstractmethod
    def draw(cls, labels: Labels) -> Pictures:
        """Pictures [n, 96, 96, 3] of scenes with these quantities [n, 4], possible or not."""

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        labels = cls.grid()
        values = cls.scale(labels)
        low, high = values.min(axis=0), values.max(axis=0)
        return {
            "images": np.concatenate(
                [cls.draw(labels[i : i + BLOCK]) for i in range(0, len(labels), BLOCK)]
            ),
            "labels": np.trunc(labels).astype(np.float32),
            "scaled": cls.scale(np.trunc(labels)).astype(np.float32),
            "values": values.astype(np.float32),
            "factors": np.minimum((values - low) / (high - low) * BINS, BINS - 1).astype(np.int64),
            "held_out": cls.held_out().astype(np.int64),
            "counterfactuals": cls._counterfactuals(labels).astype(np.float32),
            "parents": np.broadcast_to(cls.graph(), (len(labels), CONCEPTS, CONCEPTS)),
        }

    def intervened(self, rows: Integers, concept: int, values: npt.ArrayLike) -> Pictures:
        """Pictures [n, 96, 96, 3] of rows if a quantity were set to values [n], in units of the prior: the truth."""
        centre, half = np.array(self.centre), np.array(self.half_range)
        labels = self.arrays(rows)["values"] * half + centre
        return self.draw(
            self.intervene(labels, concept, np.asarray(values) * half[concept] + centre[concept])
        )

    @classmethod
    def scale(cls, labels: Labels) -> Labels:
        """Quantities in the units of the released model's prior."""
        return (labels - np.array(cls.centre)) / np.array(cls.half_range)

    @classmethod
    def graph(cls) -> npt.NDArray[np.int64]:
        """[i, j] is 1 where quantity i is a cause of j."""
        found = np.zeros((CONCEPTS, CONCEPTS), np.int64)
        found[tuple(np.array(cls.edges).T)] = 1
        return found

    @classmethod
    def _counterfactuals(cls, labels: Labels) -> Labels:
        random = np.random.Generator(np.random.Philox(key=SEED))
        others = [random.permutation(len(labels)) for _ in range(CONCEPTS)]
        made = [cls.intervene(labels, k, labels[other, k]) for k, other in enumerate(others)]
        return np.stack([cls.scale(each) for each in made], axis=1)
