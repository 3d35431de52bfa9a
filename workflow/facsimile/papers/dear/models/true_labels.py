"""The true labels as codes: what downstream tasks cost if nothing is lost in encoding."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from facsimile.datasets.base.table import TRAINING
from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.no_model import NoModel
from facsimile.papers.dear import interventions

LABEL = "True labels"
QUANTITIES = 4


@dataclass(frozen=True)
class TrueLabels(NoModel):
    """The four quantities of each picture, with mean 0 and standard deviation 1 over all rows."""

    takes: ClassVar[Shapes] = {"labels": (4,)}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return ``mean``, the codes [n, 4], and ``set_pictures`` of data that have ``values``.

        These are drawn by the true renderer after the true causal equations
        (``interventions.pictures``).
        """
        # Without the background, which is a fifth label.
        values = whole["labels"][:, :QUANTITIES]
        inferred = {"mean": (values - values.mean(0)) / values.std(0)}
        if "values" in whole:
            inferred["set_pictures"] = torch.from_numpy(drawn(whole))
        return inferred


def drawn(
    whole: Batch,
) -> npt.NDArray[np.uint8]:
    """Return pictures [4, 2, n, 16, 16, 3] of evenly spaced training rows."""
    training = whole["values"][whole["part"] == TRAINING].double().numpy()
    count = min(interventions.ROWS, len(training))
    rows = np.linspace(0, len(training) - 1, count).astype(np.int64)
    return interventions.pictures(training, rows)
