"""What the filters of this paper share: which series a run is tested on."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.no_model import NoModel
from facsimile.papers.dt import filters

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Filter(NoModel):
    """Base class of filters; nothing is trained.

    The run with seed k is tested on the series from k times ``series`` on, as a test of the
    released code has new series each time. An interval over seeds is thus one over tests.

    Args:
        series: series that a run is tested on.
    """

    series: float = 100
    takes: ClassVar[Shapes] = {"state": (100, 4), "measured": (100, 2), "setting": ()}

    @abstractmethod
    def densities(
        self,
        setting: int,
        states: Floats,
        measured: Floats,
        random: np.random.Generator,
    ) -> filters.Densities:
        """Return log-densities of states [n, steps, 4] by measurements [n, steps, 2]."""

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return ``log_density`` and ``log_density_of_moments`` [series, steps] of true states.

        Raises:
            ValueError: the data set has too few series for this seed.
        """
        n = int(self.series)
        available = len(whole["state"])
        rows = slice(seed * n, (seed + 1) * n)
        if rows.stop > available:
            raise ValueError(
                f"a run with seed {seed} is tested on series {rows.start} to {rows.stop}, but "
                f"there are {available}; take fewer seeds, or fewer series per run"
            )
        states, measured = (whole[name][rows].double().numpy() for name in ("state", "measured"))
        random = np.random.Generator(np.random.Philox(key=seed))
        found = self.densities(int(whole["setting"][0]), states, measured, random)
        arrays = {"log_density": found.own, "log_density_of_moments": found.of_moments}
        return {name: torch.from_numpy(values).float() for name, values in arrays.items()}

    def check(self) -> None:
        whole_number("series", self.series, 2)


def whole_number(
    name: str,
    value: float,
    least: int,
) -> None:
    """Raise ValueError unless a hyper-parameter is a whole number from ``least``."""
    if value < least or value != int(value):
        raise ValueError(f"{name} must be a whole number from {least}, not {value:g}")


def zero_or_one(
    name: str,
    value: float,
) -> None:
    """Raise ValueError unless a hyper-parameter is 0 or 1."""
    if value not in (0, 1):
        raise ValueError(f"{name} must be 0 or 1, not {value:g}")
