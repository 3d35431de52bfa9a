"""Sets of points from Gaussian processes whose hyper-parameters are drawn, too."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.papers.pfn import hyper_prior

LABELS = {"gp_hyper_prior": "hyper-priors, 1 feature"}
MEMBERS = {
    "gp_hyper_prior": {
        "hyper_prior": (3.0, 6.0, 2.0, 0.15, 1.1, 0.05, 1.0),
        "observed": (0, 1, 5, 20),
    },
}


class GaussianProcessHyperPrior(Arrays):
    """Test sets of points, of which more and more are observed (Müller et al. 2022, section 5.2).

    A set has the observations ``y`` at inputs ``x``, and one more, the ``target`` at ``query``. Of
    a set, the first ``observed`` points are observed; these numbers are the same for all sets.
    Each set has hyper-parameters of its own. ``hyper_prior`` [7], the same in all rows, is their
    prior: shape and rate of the gamma distributions of length scale, variance and variance of the
    noise, and the upper end of the inputs. It is the one of the released evaluation,
    ``priors/fast_gp_mix.py``. Models that are trained on other sets draw them from it.
    """

    rows = 100
    licence = "none needed: generated"
    source = "our own draws; the authors' are others, from the same distribution"
    hyper_prior: ClassVar[tuple[float, ...]]
    observed: ClassVar[tuple[int, ...]]

    def __init_subclass__(cls) -> None:
        points = max(cls.observed)
        cls.shapes = {
            "x": (points, 1),
            "y": (points,),
            "query": (1,),
            "target": (),
            "hyper_prior": (7,),
            "observed": (len(cls.observed),),
        }

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=0))
        prior = hyper_prior.hyper_prior_of(cls.hyper_prior)
        points = max(cls.observed) + 1
        x = prior.upper * random.random((cls.rows, points, 1))
        normals = random.standard_normal((cls.rows, points))
        hyper_normals = random.standard_normal((cls.rows, 3))
        y = hyper_prior.draw(x, normals, hyper_normals, prior)
        floats = {
            "x": x[:, :-1],
            "y": y[:, :-1],
            "query": x[:, -1],
            "target": y[:, -1],
            "hyper_prior": np.tile(cls.hyper_prior, (cls.rows, 1)),
        }
        arrays = {name: values.astype(np.float32) for name, values in floats.items()}
        observed = np.tile(np.array(cls.observed, np.int64), (cls.rows, 1))
        return arrays | {"observed": observed}
