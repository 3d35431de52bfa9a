"""What metrics are given that are not of codes and factors: all that one run leaves, and its data set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy.typing as npt
import pandas as pd

from facsimile.metrics.base.draws import Draws


@dataclass(frozen=True)
class RunOutputs(Draws):
    """One run: the arrays that it ``inferred`` by name, its ``history`` along training, its hyper-parameters and its data.

    ``data`` are the data set's arrays by name; ``images`` gives images float32 [n, h, w, c] in [0, 1] for rows [n], ``grid`` is
    the data set's grid of factors: whichever of them the data set has. ``asked``: points to draw, training and test.
    """

    model: str
    params: Mapping[str, float]
    inferred: Mapping[str, npt.NDArray[Any]]
    history: pd.DataFrame
    data: Mapping[str, npt.NDArray[Any]]
    images: Any
    grid: Any
    asked: tuple[int, int]
    seed: int

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of training and test points that the study asks for."""
        return self.asked

    def __getattr__(self, name: str) -> NoReturn:
        """A metric whose ``NEEDS`` lack codes asked for them."""
        raise AttributeError(
            f"{name}: a metric of a run's outputs is given no codes; name 'codes' in its NEEDS"
        )
