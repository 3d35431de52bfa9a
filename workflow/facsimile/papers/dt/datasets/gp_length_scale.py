"""Problems of Bayesian inference: the length scale of a Gaussian process."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.papers.dt import inverse_gamma, length_scale

LABEL = "GP with hyperprior"
SHAPES, SCALES = (100.0, 105.0), (100.0, 700.0)  # ends of uniform distributions
OBSERVED, FEATURES = 5, 5


class GPLengthScale(Arrays):
    """1,000 test problems (Whittle et al. 2026, Tables 2 and 4).

    A problem is a prior IG(a, b) of the length scale, with a ~ U(100, 105) and b ~ U(100, 700), and
    five observations ``y`` at inputs ``x``, uniform on [0, 5]^5. The sixth is the target of the
    predictive distribution. ``length`` is the length scale that was drawn, ``prior`` [2] a and b.
    """

    name = "gp_length_scale"
    rows = 1000
    shapes: ClassVar = {
        "prior": (2,),
        "length": (),
        "x": (OBSERVED + 1, FEATURES),
        "y": (OBSERVED + 1,),
    }
    licence = "none needed: generated"
    source = "our own draws; the authors' are others, from the same distribution"

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=0))
        uniforms = random.random((cls.rows, 3))
        shape = np.interp(uniforms[:, 0], [0, 1], SHAPES)
        scale = np.interp(uniforms[:, 1], [0, 1], SCALES)
        length = inverse_gamma.quantile(uniforms[:, 2], shape, scale)
        x = length_scale.UPPER * random.random((cls.rows, OBSERVED + 1, FEATURES))
        normals = random.standard_normal((cls.rows, OBSERVED + 1))
        arrays = {
            "prior": np.stack([shape, scale], 1),
            "length": length,
            "x": x,
            "y": length_scale.draw(x, normals, length),
        }
        return {name: values.astype(np.float32) for name, values in arrays.items()}
