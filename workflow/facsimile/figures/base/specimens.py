"""What a kind of figure that shows models themselves can get of a run.

Runs are given by their keys, ``dataset/model/hash8/seed``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from facsimile.datasets.base.scene import Scene

Array = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


class Specimens(Protocol):
    """Codes, images and decoders of the runs that a figure shows."""

    def has(self, key: str) -> bool:
        """Whether the run's latents are in the store."""

    def codes(self, key: str) -> tuple[Array, Array]:
        """Means and log-variances of the codes [N, d] of the whole data set, in its order."""

    def factors(self, key: str) -> tuple[Integers, list[str]]:
        """Factors that vary [N, k], in the same order, and their k names."""

    def images(self, key: str, rows: list[int]) -> Array:
        """Images [n, h, w, c] in [0, 1] at these rows of the data set, as the run encoded them."""

    def decoder(self, key: str) -> Callable[[Array], Array]:
        """A function from codes [n, d] to means of the pixels [n, h, w, c]."""

    def inferred(self, key: str) -> dict[str, npt.NDArray[Any]]:
        """All arrays that a model of arrays infers, by name; empty for a model of images."""

    def scene(self, key: str) -> Scene | None:
        """The run's data set if it is a scene whose quantities can be set, else None."""
