"""The control whose codes are the factors."""

from dataclasses import dataclass

import numpy as np

from facsimile.models.base.control import Control, with_log_variance

LABEL = "Oracle"


@dataclass(frozen=True)
class Oracle(Control):
    """The codes are the factor indices.

    Its scores are those of a perfect representation, and thus the real maximum of a metric.
    """

    def codes(
        self,
        factors: np.ndarray,
        seed: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        return with_log_variance(factors)
