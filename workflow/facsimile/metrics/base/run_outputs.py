"""The input of metrics that are not computed from codes: everything one run stores, and its data.

A metric whose ``NEEDS`` do not contain ``codes`` is called with ``RunOutputs`` in place of draws.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy.typing as npt
import pandas as pd

from facsimile.metrics.base.draws import Draws


@dataclass(frozen=True)
class RunOutputs(Draws):
    """The outputs of one training run, and the data set it was trained on.

    Attributes
    ----------
    model : str
        Name of the model.
    params : mapping of str to float
        Hyper-parameters of the model.
    inferred : mapping of str to array
        Arrays that the run stored, by name: for example the posterior ``mean`` or a ``graph``.
    history : pandas.DataFrame
        Losses and traces recorded during training.
    data : mapping of str to array
        Arrays of the data set, by name; empty if it is a data set of images.
    images : indexable or None
        Images of the data set: indexed by an array of n rows it returns float32 [n, h, w, c] in
        [0, 1]. None if the data set has no images.
    grid : Dataset or None
        The data set itself, if it is a grid of factors; else None.
    n_points : tuple of (int, int)
        Numbers of training and of test points that the study requests.
    seed : int
        Seed of the evaluation.
    """

    model: str
    params: Mapping[str, float]
    inferred: Mapping[str, npt.NDArray[Any]]
    history: pd.DataFrame
    data: Mapping[str, npt.NDArray[Any]]
    images: Any
    grid: Any
    n_points: tuple[int, int]
    seed: int

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of training and of test points that the study requests."""
        return self.n_points

    # Called only for attributes that do not exist: those of ``Draws``.
    def __getattr__(self, name: str) -> NoReturn:
        """Explain the absence of codes to a metric that does not name them in its ``NEEDS``."""
        raise AttributeError(
            f"{name}: a metric of a run's outputs gets no codes; name 'codes' in its NEEDS"
        )
