"""Sines: series of five sine waves, each with a frequency and a phase of its own."""

from pathlib import Path

import numpy as np

from facsimile.datasets.base.series import DRAWN, Series, Values, random_numbers

LABELS = {
    "sines": "Sines",
    "sines_small": "Sines, 256 series",
    "sines_missing_30": "Sines, 30 % missing",
    "sines_missing_50": "Sines, 50 % missing",
    "sines_missing_70": "Sines, 70 % missing",
}
MEMBERS = {
    "sines": {"rows": 10_000},
    "sines_small": {"rows": 256},
    "sines_missing_30": {"rows": 10_000, "missing": 0.3},
    "sines_missing_50": {"rows": 10_000, "missing": 0.5},
    "sines_missing_70": {"rows": 10_000, "missing": 0.7},
}
LARGEST = 0.1  # frequency, radians per step, and phase, radians


class Sines(Series):
    """x_j = (1 + sin(f j + p)) / 2 with f and p uniform on [0, 0.1], for j = 0 to 23.

    TimeGAN's data set (Yoon, Jarrett and van der Schaar 2019), 10,000 series of 5 features. Over 24
    steps a wave has at most 0.38 of its period, so that all values are in [0.5, 1].

    The released loader of irregular sampling stops with an error on this data set
    (``TimeDataset_irregular`` in utils/utils_data.py asks a list for its shape), so that the way in
    which values of Sines were dropped is not known. Here each series loses times of its own.
    """

    length = 24
    features = 5
    licence = "none needed: generated"
    source = "Yoon et al. 2019, data_loading.py in jsyoon0823/TimeGAN"

    @classmethod
    def series(cls, source: Path | None) -> Values:
        uniforms = random_numbers(DRAWN).uniform(0, LARGEST, (2, cls.rows, 1, cls.features))
        frequency, phase = uniforms
        steps = np.arange(cls.length)[:, None]
        return np.asarray((1 + np.sin(frequency * steps + phase)) / 2)
