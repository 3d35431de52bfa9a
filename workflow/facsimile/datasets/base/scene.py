"""Data sets of pictures in which a quantity can be set, and the picture drawn that follows."""

from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.dataset import Integers

Array = npt.NDArray[np.float32]


@runtime_checkable
class Scene(Protocol):
    """A data set that can draw what it would look like if one of its quantities were set."""

    concepts: ClassVar[tuple[str, ...]]

    def arrays(self, indices: Integers) -> dict[str, Any]:
        """The named arrays of the given rows."""

    def intervened(self, rows: Integers, concept: int, values: Array) -> npt.NDArray[np.uint8]:
        """Pictures [n, h, w, c] of rows with a quantity set to the values [n]."""
