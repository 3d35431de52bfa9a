"""The exact density of a state by all measurements so far, as a mean over many particles."""

from dataclasses import dataclass

import numpy as np

from facsimile.papers.dt import filters, range_finder
from facsimile.papers.dt.models._filter import Filter, Floats, whole_number

LABEL = "Exact, by particles"


@dataclass(frozen=True)
class ExactFilter(Filter):
    """What no filter can improve on in expectation, up to an error that falls with the particles.

    Densities of two steps of the motion are averaged over particles, without kernels.

    Args:
        series: series that a run is tested on.
        particles: number of particles.
    """

    particles: float = 5000

    def densities(
        self,
        setting: int,
        states: Floats,
        measured: Floats,
        random: np.random.Generator,
    ) -> filters.Densities:
        sensor = range_finder.sensor_of(setting)
        return filters.exact(sensor, states, measured, int(self.particles), random)

    def check(self) -> None:
        super().check()
        whole_number("particles", self.particles, 2)
