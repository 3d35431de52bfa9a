"""The bootstrap particle filter, for a range finder and an angle sensor."""

from dataclasses import dataclass

import numpy as np

from facsimile.papers.dt import filters, range_finder
from facsimile.papers.dt.models._filter import Filter, Floats, whole_number, zero_or_one

LABEL = "Particle filter"


@dataclass(frozen=True)
class ParticleFilter(Filter):
    """Particles that are drawn again by their likelihoods; their density is one of kernels.

    Whittle et al. 2026, "Distribution transformers", Table 3, with the kernels of the released code
    (particle_filter.py, commit f078a50). A later version of the test calls for a Gaussian in their
    place; its density is stored, too.

    Args:
        series: series that a run is tested on.
        particles: number of particles.
        exchanged: 1 for the likelihood of the released code, which exchanges the probabilities of
            exponential and uniform ranges; 0 for that of the measurements.
    """

    particles: float = 1000
    exchanged: float = 0

    def densities(
        self,
        setting: int,
        states: Floats,
        measured: Floats,
        random: np.random.Generator,
    ) -> filters.Densities:
        sensor = range_finder.sensor_of(setting, bool(self.exchanged))
        return filters.particles(sensor, states, measured, int(self.particles), random)

    def check(self) -> None:
        super().check()
        whole_number("particles", self.particles, 2)
        zero_or_one("exchanged", self.exchanged)
