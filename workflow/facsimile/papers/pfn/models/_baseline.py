"""What the baselines of the comparison on small tables share: a search by cross-validation."""

import warnings
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from torch import Tensor, nn

from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.no_model import NoModel

LABELLED = 30  # rows of a split whose classes are known
FOLDS = 5
Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Baseline(NoModel):
    """A classifier that is fitted to the labelled rows of each split by itself.

    Müller et al. 2022, section 6.1 and the released tabular.py. Inputs are standardised by the
    labelled rows, and hyper-parameters are those with the best accuracy in five folds of them.
    """

    trained: ClassVar[bool] = False
    takes: ClassVar[Shapes] = {"x": (40, 2), "y": (40,)}

    @abstractmethod
    def classifier(self) -> GridSearchCV:
        """Return the classifier with the values of its hyper-parameters that are tried."""

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return ``probability`` [b, k] of class 1 for the k rows of a split after the labelled."""
        splits = zip(batch["x"].numpy(), batch["y"].numpy(), strict=True)
        probabilities = [self._probability(x, y) for x, y in splits]
        return {"probability": torch.from_numpy(np.stack(probabilities))}

    def _probability(
        self,
        x: Array,
        y: npt.NDArray[np.int64],
    ) -> Array:
        labelled = x[:LABELLED]
        # A column may be constant in the labelled rows.
        deviation = labelled.std(0, ddof=1) + 1e-6
        inputs = (x - labelled.mean(0)) / deviation
        with warnings.catch_warnings():
            # Searches go through settings with which few steps are not enough.
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", FutureWarning)
            fitted = self.classifier().fit(inputs[:LABELLED], y[:LABELLED])
        return np.asarray(fitted.predict_proba(inputs[LABELLED:])[:, 1], np.float32)
