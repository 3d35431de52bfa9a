"""Sets of points from Gaussian processes, and what their exact posterior predicts."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.papers.pfn import gaussian_process
from facsimile.papers.pfn.gaussian_process import Floats, Prior

LABELS = {
    "gp_1_feature": "1 feature",
    "gp_5_features": "5 features",
    "gp_5_features_500_points": "5 features, 500 points",
}
MEMBERS = {
    "gp_1_feature": {
        "features": 1,
        "prior": (0.6, 1.0, 1e-2, 5.0),
        "observed": (0, 1, 2, 5, 10, 20),
        "rows": 1000,
    },
    "gp_5_features": {
        "features": 5,
        "prior": (0.6, 1.0, 1e-4, 1.0),
        "observed": (0, 1, 2, 5, 10, 20),
        "rows": 1000,
    },
    "gp_5_features_500_points": {
        "features": 5,
        "prior": (0.6, 1.0, 1e-4, 1.0),
        "observed": (1, 101, 301, 501),
        "rows": 20,
    },
}
BLOCK = 2_000_000  # entries of the covariance matrices that are in memory together


class GaussianProcessPrior(Arrays):
    """Test sets of points, of which more and more are observed (Müller et al. 2022, section 5.1).

    A set has the observations ``y`` at inputs ``x``, and one more, the ``target`` at ``query``. Of
    a set, the first ``observed`` points are observed; these numbers are the same for all sets. The
    exact predictive distributions of the target, one after each number of points, have the moments
    ``mean`` and ``variance``. ``prior`` [4] is the same in all rows: length scale, variance,
    variance of the noise, and upper end of the inputs. Models that are trained on other sets draw
    them from this prior.

    With 5 features, the prior is the paper's. The one with 1 feature is ours, for pictures.
    """

    licence = "none needed: generated"
    source = "our own draws; the authors' are others, from the same distribution"
    features: ClassVar[int]
    prior: ClassVar[tuple[float, float, float, float]]
    observed: ClassVar[tuple[int, ...]]

    def __init_subclass__(cls) -> None:
        points, numbers = max(cls.observed), len(cls.observed)
        cls.shapes = {
            "x": (points, cls.features),
            "y": (points,),
            "query": (cls.features,),
            "target": (),
            "prior": (4,),
            "observed": (numbers,),
            "mean": (numbers,),
            "variance": (numbers,),
        }

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=0))
        points = max(cls.observed) + 1
        per_block = max(1, BLOCK // points**2)
        blocks = []
        for start in range(0, cls.rows, per_block):
            sets = min(per_block, cls.rows - start)
            blocks.append(cls._block(random, sets, points))
        arrays: dict[str, npt.NDArray[Any]] = {}
        for name in blocks[0]:
            whole = np.concatenate([block[name] for block in blocks])
            arrays[name] = whole.astype(np.float32)
        arrays["prior"] = np.tile(np.array(cls.prior, np.float32), (cls.rows, 1))
        arrays["observed"] = np.tile(np.array(cls.observed, np.int64), (cls.rows, 1))
        return arrays

    @classmethod
    def _block(
        cls,
        random: np.random.Generator,
        sets: int,
        points: int,
    ) -> dict[str, Floats]:
        """Some sets of points, and their predictive distributions."""
        prior = Prior(*cls.prior)
        uniforms = random.random((sets, points, cls.features))
        normals = random.standard_normal((sets, points))
        # Predictions are exact for the rounded numbers, which are stored.
        x = _rounded(prior.upper * uniforms)
        y = _rounded(gaussian_process.draw(x, normals, prior))
        known = slice(0, -1)
        exact = gaussian_process.predictive(x[:, known], y[:, known], x[:, -1:], prior)
        numbers = list(cls.observed)
        return {
            "x": x[:, known],
            "y": y[:, known],
            "query": x[:, -1],
            "target": y[:, -1],
            "mean": exact.mean[:, numbers, 0],
            "variance": exact.variance[:, numbers, 0],
        }


def _rounded(values: Floats) -> Floats:
    """Numbers of float32, as float64."""
    return values.astype(np.float32).astype(np.float64)
