"""Series of states and of what a range finder and an angle sensor measure of them."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.papers.dt import range_finder

LABELS = {
    "range_finder_10": "range finder to 10",
    "range_finder_30": "range finder to 30",
}
MEMBERS = {
    "range_finder_10": {"setting": 0},
    "range_finder_30": {"setting": 1},
}


class RangeFinder(Arrays):
    """1,000 series of 100 steps (Whittle et al. 2026, Table 3).

    A state moves linearly in the plane, and each is measured by a range finder and an angle sensor.
    Two versions of the released lti_filter_config.yaml have different settings of the range finder:
    the largest range is 10 and a tenth of all ranges is uniform (commit ea83d29), or it is 30 and a
    hundredth is (commit 844b337). Which of them Table 3 has is not known. States are the same for
    both. A test of the released code has 100 series, so that these are 10 such tests.

    Arrays: ``state`` [100, 4], position and velocity along each axis; ``measured`` [100, 2], range
    and angle; ``setting``, 0 for the first version and 1 for the second.
    """

    rows = 1000
    shapes: ClassVar = {
        "state": (range_finder.STEPS, 4),
        "measured": (range_finder.STEPS, 2),
        "setting": (),
    }
    licence = "none needed: generated"
    source = "our own draws; the authors' are others, from the same distribution"
    setting: ClassVar[int]

    @classmethod
    def generate(
        cls,
        source: Path | None,
    ) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=0))
        states = range_finder.trajectories(cls.rows, random)
        sensor = range_finder.sensor_of(cls.setting)
        measured = sensor.sample(states, random)
        return {
            "state": states.astype(np.float32),
            "measured": measured.astype(np.float32),
            "setting": np.full(cls.rows, cls.setting, np.int64),
        }
