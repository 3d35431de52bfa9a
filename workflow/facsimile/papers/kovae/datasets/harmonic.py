"""Sine waves of one known frequency, whose linear operator is known in closed form."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from facsimile.datasets.base.arrays import Array
from facsimile.datasets.base.series import DRAWN, Series, Values, random_numbers

LABEL = "Harmonic"
FREQUENCY = 0.5  # radians per step


class Harmonic(Series):
    """x_j = (1 + a sin(f j + p)) / 2 with f = 0.5, a uniform on [0.5, 1], p on [0, 2π].

    Amplitude a and phase p differ between the two features, the frequency f does not. With
    y = 2 x - 1, y_{j+1} = 2 cos(f) y_j - y_{j-1}: the operator that takes (y_{j-1}, y_j) to
    (y_j, y_{j+1}) has the eigenvalues exp(±i f). ``frequency``, float32 [n], is f.
    """

    name = "harmonic"
    rows = 512
    length = 24
    features = 2
    others: ClassVar = {"frequency": ()}
    licence = "none needed: generated"
    source = "our own; the operator is that of a second-order recurrence"

    @classmethod
    def series(cls, source: Path | None) -> Values:
        random = random_numbers(DRAWN)
        amplitude = random.uniform(0.5, 1, (cls.rows, 1, cls.features))
        phase = random.uniform(0, 2 * np.pi, (cls.rows, 1, cls.features))
        angles = FREQUENCY * np.arange(cls.length)[:, None] + phase
        return np.asarray((1 + amplitude * np.sin(angles)) / 2)

    @classmethod
    def generate(
        cls,
        source: Path | None,
    ) -> dict[str, Array]:
        frequency = np.full(cls.rows, FREQUENCY, np.float32)
        return super().generate(source) | {"frequency": frequency}
