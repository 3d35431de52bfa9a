"""The means of the mixture that points are moved to in the example of two Gaussians."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays

MEANS = ((-4.0, -4.0), (4.0, 4.0))


class TwoGaussians(Arrays):
    """The means [2] of two Gaussians with unit covariance, (-4, -4) and (4, 4).

    The points are drawn by the model, others for each seed, as in the authors' script.
    """

    name = "two_gaussians"
    rows = 2
    shapes: ClassVar = {"mean": (2,)}
    licence = "none needed: numbers"
    source = (
        "SJYuCNEL/Cauchy-Schwarz-Information-Bottleneck, Two_Gaussian_example/cs_two_gaussian.py"
    )

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        return {"mean": np.array(MEANS, np.float32)}
