"""The observation of the bridge: one number."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays

LABEL = "Bridge"


class BridgeObservation(Arrays):
    """x(2) = 0 with a standard deviation of 0.1 (Daems et al. 2024, the bridges of fBM).

    ``value`` is the observation, ``time`` when it was made, ``deviation`` that of its noise.
    """

    name = "bridge_observation"
    rows = 1
    shapes: ClassVar = {"value": (), "time": (), "deviation": ()}
    licence = "none needed: three numbers"
    source = "VideoNeuralSDE/MAFBM, experiments/bridge/main.py"

    @classmethod
    def generate(
        cls,
        source: Path | None,
    ) -> dict[str, npt.NDArray[Any]]:
        numbers = {"value": 0.0, "time": 2.0, "deviation": 0.1}
        return {name: np.array([number], np.float32) for name, number in numbers.items()}
