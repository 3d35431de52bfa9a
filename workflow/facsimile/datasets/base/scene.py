"""Interface of data sets of drawn scenes in which a quantity can be set to another value."""

from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.dataset import Integers

Array = npt.NDArray[np.float32]


@runtime_checkable
class Scene(Protocol):
    """A data set that can draw its scenes after an intervention on one of their quantities.

    ``concepts``: names of the quantities.
    """

    concepts: ClassVar[tuple[str, ...]]

    def arrays(self, indices: Integers) -> dict[str, Any]:
        """All arrays by name, at the given rows."""

    def intervened(
        self,
        rows: Integers,
        concept: int,
        values: Array,
    ) -> npt.NDArray[np.uint8]:
        """Pictures uint8 [n, h, w, c] of the given rows with one quantity set to ``values`` [n].

        ``concept``: position of the quantity in ``concepts``.
        """
