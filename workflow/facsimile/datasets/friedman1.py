"""Friedman's first test function for regression, whose best prediction is known."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from facsimile.datasets.base.arrays import Array
from facsimile.datasets.base.table import Column, SupervisedTable

LABEL = "Friedman #1"
INPUTS = 10
SEED = 1991


class Friedman1(SupervisedTable):
    """y = 10 sin(π x₁x₂) + 20 (x₃ − ½)² + 10 x₄ + 5 x₅ + e, with e ~ N(0, 1).

    Inputs are uniform on (0, 1); x₆ to x₁₀ have no influence (Friedman 1991, "Multivariate adaptive
    regression splines", section 4.3). ``noise`` is e, the error of the best prediction.
    """

    name = "friedman1"
    rows = 2000
    shapes: ClassVar = {"x": (INPUTS,), "y": (), "noise": (), "part": ()}
    licence = "none needed: generated"
    source = "Friedman 1991, Multivariate adaptive regression splines, section 4.3"

    @classmethod
    def table(cls, source: Path | None) -> dict[str, Array]:
        random = np.random.Generator(np.random.Philox(key=SEED))
        x = random.uniform(size=(cls.rows, INPUTS))
        noise = random.normal(size=cls.rows)
        return {
            "x": x,
            "y": function(x) + noise,
            "noise": noise,
        }


def function(x: Column) -> Column:
    """The expectation of y [n] at inputs [n, 10]."""
    first, second, third, fourth, fifth = x[:, :5].T
    wave = 10 * np.sin(np.pi * first * second)
    bowl = 20 * (third - 0.5) ** 2
    return np.asarray(wave + bowl + 10 * fourth + 5 * fifth)
