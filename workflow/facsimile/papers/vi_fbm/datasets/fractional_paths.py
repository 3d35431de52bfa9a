"""Paths of fractional Brownian motion, observed with noise."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.statistics import fractional_brownian

LABELS = {
    "fractional_paths_30": "Paths, type II, H = 0.3",
    "fractional_paths_50": "Paths, type II, H = 0.5",
    "fractional_paths_70": "Paths, type II, H = 0.7",
    "fractional_paths_stationary": "Paths, type I, H = 0.7",
}
MEMBERS = {
    "fractional_paths_30": {"hurst": 0.3, "kind": 2},
    "fractional_paths_50": {"hurst": 0.5, "kind": 2},
    "fractional_paths_70": {"hurst": 0.7, "kind": 2},
    "fractional_paths_stationary": {"hurst": 0.7, "kind": 1},
}
PATHS, PLACES = 64, 8
END, DEVIATION = 2.0, 0.1


class FractionalPaths(Arrays):
    """64 paths at t = 1/4, 1/2, ..., 2, with noise of standard deviation 0.1.

    The paths are exact: their increments are not approximated (Cholesky's factor of the covariance
    in ``statistics/fractional_brownian.py``). ``values`` are the noisy values, ``times`` when they
    were observed; ``deviation``, ``hurst`` and ``kind`` are the same in all rows.
    """

    name = "fractional_paths"
    hurst: ClassVar[float] = 0.7
    kind: ClassVar[int] = 2
    rows = PATHS
    shapes: ClassVar = {
        "values": (PLACES,),
        "times": (PLACES,),
        "deviation": (),
        "hurst": (),
        "kind": (),
    }
    licence = "none needed: generated"
    source = "our own"

    @classmethod
    def generate(
        cls,
        source: Path | None,
    ) -> dict[str, npt.NDArray[Any]]:
        times = END * np.arange(1, PLACES + 1) / PLACES
        covariance = fractional_brownian.covariance(cls.kind, cls.hurst, times)
        random = np.random.Generator(np.random.Philox(key=0))
        clean = random.standard_normal((PATHS, PLACES)) @ np.linalg.cholesky(covariance).T
        arrays = {
            "values": clean + DEVIATION * random.standard_normal((PATHS, PLACES)),
            "times": np.tile(times, (PATHS, 1)),
            "deviation": np.full(PATHS, DEVIATION),
            "hurst": np.full(PATHS, cls.hurst),
            "kind": np.full(PATHS, cls.kind),
        }
        return {name: values.astype(np.float32) for name, values in arrays.items()}
