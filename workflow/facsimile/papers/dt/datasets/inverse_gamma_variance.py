"""Problems of Bayesian inference: the variance of one observation, with an inverse-gamma prior."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.papers.dt import inverse_gamma

LABELS = {
    "inverse_gamma_narrow": "inverse gamma, narrow",
    "inverse_gamma_wide": "inverse gamma, wide",
    "inverse_gamma_unseen": "inverse gamma, unseen",
}
MEMBERS = {
    "inverse_gamma_narrow": {"meta_prior": (10_000.0, 20_000.0)},
    "inverse_gamma_wide": {"meta_prior": (4.0, 6.0)},
    # Table 5: models are trained on wide priors and tested on others.
    "inverse_gamma_unseen": {"meta_prior": (4.0, 6.0), "test_prior": (24.0, 6.0)},
}


class InverseGammaVariance(Arrays):
    """1,000 test problems (Whittle et al. 2026, Table 1).

    A problem is a prior IG(a, b) of a variance x, and one observation z ~ N(0, x). Both a and b
    are from IG(4, 6) (wide) or IG(10000, 20000) (narrow), which have the mean 2, or from IG(24, 6)
    (unseen), of which models know nothing.

    Arrays: ``row``, the number of the problem; ``meta_prior`` [2], the same in all rows; ``prior``
    [2], a and b; ``z``. Models that are trained on other problems draw them from ``meta_prior``.
    """

    rows = 1000
    shapes: ClassVar = {"row": (), "meta_prior": (2,), "prior": (2,), "z": ()}
    licence = "none needed: generated"
    source = "our own draws; the authors' are others, from the same distribution"
    meta_prior: ClassVar[tuple[float, float]]
    test_prior: ClassVar[tuple[float, float] | None] = None

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=0))
        uniforms = random.random((cls.rows, 3))
        prior = inverse_gamma.quantile(uniforms[:, :2], *(cls.test_prior or cls.meta_prior))
        variance = inverse_gamma.quantile(uniforms[:, 2], prior[:, 0], prior[:, 1])
        z = np.sqrt(variance) * random.standard_normal(cls.rows)
        meta_prior = np.tile(cls.meta_prior, (cls.rows, 1))
        return {
            "row": np.arange(cls.rows),
            "meta_prior": meta_prior.astype(np.float32),
            "prior": prior.astype(np.float32),
            "z": z.astype(np.float32),
        }
