"""A table in which a sensitive attribute changes an outcome, directly and through a mediator."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.papers.ccgm import biased, structural

LABEL = "Biased outcome"


class BiasedOutcome(Arrays):
    """20,000 rows of a linear structural causal model, a stand-in for a biased table.

    The sensitive attribute s is 1 or -1 in half of the rows each. The mediator is s + ε₁, and the
    outcome 0.5 s + 0.7 mediator + ε₂, with standard normal ε. Its label is whether the outcome is
    above 0.

    Arrays: ``values`` are the three variables, in this order. ``parents`` has 1 at [i, j] if
    variable i is a cause of variable j; it is the same in each row.
    """

    name = "biased_outcome"
    rows = 20_000
    shapes: ClassVar = {"values": (3,), "parents": (3, 3)}
    licence = "none needed: generated"
    source = "our own; the paper's tables are not known"

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=0))
        exogenous = random.standard_normal((cls.rows, 3))
        exogenous[:, biased.SENSITIVE] = np.where(np.arange(cls.rows) % 2, 1, -1)
        values = exogenous @ structural.mixing(biased.WEIGHTS)
        parents = (biased.WEIGHTS != 0).astype(np.int64)
        return {
            "values": values.astype(np.float32),
            "parents": np.broadcast_to(parents, (cls.rows, 3, 3)),
        }
