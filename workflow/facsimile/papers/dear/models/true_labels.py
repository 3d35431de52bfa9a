"""The true labels as codes: what downstream tasks cost if nothing is lost in encoding."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.no_model import NoModel

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
        """Return ``mean``, the codes [n, 4]."""
        # Without the background, which is a fifth label.
        values = whole["labels"][:, :QUANTITIES]
        return {"mean": (values - values.mean(0)) / values.std(0)}
