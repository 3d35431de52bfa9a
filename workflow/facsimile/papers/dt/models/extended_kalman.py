"""The extended Kalman filter, for a range finder and an angle sensor."""

from dataclasses import dataclass

import numpy as np

from facsimile.papers.dt import filters, range_finder
from facsimile.papers.dt.models._filter import Filter, Floats, zero_or_one

LABEL = "EKF"


@dataclass(frozen=True)
class ExtendedKalman(Filter):
    """Mean and covariance by linearised measurements, of which ranges have all three parts.

    Whittle et al. 2026, "Distribution transformers", Table 3. The released code (ekf.py) differs
    from the usual filter in two ways, which are hyper-parameters here.

    Args:
        series: series that a run is tested on.
        wraps: 1 if the difference of two angles is between -π and π, 0 if it is taken as it is, as
            in the released code.
        squared_noise: 1 if the covariance of the motion's noise is multiplied by itself, as in the
            released code, which takes the covariance for its factor; 0 otherwise.
    """

    wraps: float = 1
    squared_noise: float = 0

    def densities(
        self,
        setting: int,
        states: Floats,
        measured: Floats,
        random: np.random.Generator,
    ) -> filters.Densities:
        sensor = range_finder.sensor_of(setting)
        settings = bool(self.wraps), bool(self.squared_noise)
        return filters.kalman(sensor, states, measured, *settings)

    def check(self) -> None:
        super().check()
        zero_or_one("wraps", self.wraps)
        zero_or_one("squared_noise", self.squared_noise)
