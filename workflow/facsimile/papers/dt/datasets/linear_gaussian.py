"""Problems of Bayesian inference: a state in 8 dimensions, of which the prior is a mixture."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.papers.dt import mixtures

LABELS = {
    "linear_gaussian_2": "8-D, K = 2 (ours)",
    "linear_gaussian_5": "8-D, K = 5 (ours)",
    "linear_gaussian_10": "8-D, K = 10 (ours)",
    "linear_gaussian_20": "8-D, K = 20 (ours)",
}
MEMBERS = {
    "linear_gaussian_2": {"components": 2},
    "linear_gaussian_5": {"components": 5},
    "linear_gaussian_10": {"components": 10},
    "linear_gaussian_20": {"components": 20},
}
MOST = 20


class LinearGaussian(Arrays):
    """1,000 problems of our own, of the kind of Table 7 (Whittle et al. 2026).

    The prior of a state in 8 dimensions is a mixture of Gaussians from the meta-prior of the
    released code. The state is measured with standard normal noise, as in the released
    gmm_closed_form_config.yaml, which has one dimension. The settings of Table 7 are in none of the
    released files that we have read.

    Arrays: ``components``; ``log_weight`` [20], ``mean`` [20, 8] and ``covariance`` [20, 8, 8] of
    the prior, of which only the first ``components`` count; ``z`` [8], the measurement.
    """

    rows = 1000
    shapes: ClassVar = {
        "components": (),
        "log_weight": (MOST,),
        "mean": (MOST, mixtures.SIZE),
        "covariance": (MOST, mixtures.SIZE, mixtures.SIZE),
        "z": (mixtures.SIZE,),
    }
    licence = "none needed: generated"
    source = "our own draws; the authors' problems are others"
    components: ClassVar[int]

    @classmethod
    def generate(
        cls,
        source: Path | None,
    ) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=cls.components))
        prior = mixtures.priors(cls.rows, cls.components, random)
        [states] = mixtures.drawn(prior, 1, random).swapaxes(0, 1)
        z = states + random.normal(size=states.shape)
        names = ("log_weight", "mean", "covariance")
        arrays: dict[str, npt.NDArray[Any]] = {"z": z.astype(np.float32)}
        for name, values in zip(names, prior, strict=True):
            padded = np.zeros((cls.rows, *cls.shapes[name]), np.float32)
            padded[:, : cls.components] = values
            arrays[name] = padded
        arrays["components"] = np.full(cls.rows, cls.components, np.int64)
        return arrays
