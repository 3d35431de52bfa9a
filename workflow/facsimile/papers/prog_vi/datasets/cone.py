"""The observation of the noisy cone: one number."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays


class Cone(Arrays):
    """z = 5, which the cone is conditioned on in Becker et al. (2024).

    The paper is "Probabilistic Programming with Programmable Variational Inference".
    """

    name = "cone"
    rows = 1
    shapes: ClassVar = {"z": ()}
    licence = "none needed: a number"
    source = "femtomc/programmable-vi-pldi-2024, experiments/table_4_objective_values"

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        return {"z": np.array([5.0], np.float32)}
