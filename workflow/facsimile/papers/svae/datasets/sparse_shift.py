"""Simulated single cells under interventions that shift few latents.

Text and released code of Lopez et al. (2023) differ in what the last layer's softmax runs over. Over genes, as the text says,
a cell has 10⁵ counts in expectation. Over cells (``axis=0`` in Genentech/sVAE, svae/simulation.py) each gene has 10⁶ in all
cells together, so a cell has about 4,000 if there are 25,000 cells, and the more cells are simulated the fewer counts it has.
"""

import itertools
import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.stats import poisson

from facsimile.datasets.base.arrays import Arrays

LABELS = {
    "sparse_shift_10_cells": "Sparse shift 10 (cells)",
    "sparse_shift_10_genes": "Sparse shift 10 (genes)",
    "sparse_shift_15_cells": "Sparse shift 15 (cells)",
    "sparse_shift_15_genes": "Sparse shift 15 (genes)",
    "sparse_shift_20_cells": "Sparse shift 20 (cells)",
    "sparse_shift_20_genes": "Sparse shift 20 (genes)",
    "sparse_shift_5_cells": "Sparse shift 5 (cells)",
    "sparse_shift_5_genes": "Sparse shift 5 (genes)",
}
Matrix = npt.NDArray[np.float64]
INTERVENTIONS, HELD_OUT = 100, 20  # all, and how many of them, the last, are kept from training
GENES, WIDTH, LAYERS, SLOPE = 100, 40, 4, 0.2
SHIFT, SPREAD = 5.0, 0.5  # mean and standard deviation of a shift's size
SEED = 0
MEMBERS = {
    "sparse_shift_5_cells": {"dimensions": 5, "softmax": "cells"},
    "sparse_shift_10_cells": {"dimensions": 10, "softmax": "cells"},
    "sparse_shift_15_cells": {"dimensions": 15, "softmax": "cells"},
    "sparse_shift_20_cells": {"dimensions": 20, "softmax": "cells"},
    "sparse_shift_5_genes": {"dimensions": 5, "softmax": "genes"},
    "sparse_shift_10_genes": {"dimensions": 10, "softmax": "genes"},
    "sparse_shift_15_genes": {"dimensions": 15, "softmax": "genes"},
    "sparse_shift_20_genes": {"dimensions": 20, "softmax": "genes"},
}
# As the released code: 250 cells per intervention (its demo), 10⁶ counts of each gene in all cells.
# As the text: 500 cells per intervention, 10⁵ counts of all genes of a cell.
CELLS = {"cells": 250, "genes": 500}
COUNTS = {"cells": 1e6, "genes": 1e5}
AXIS = {"cells": 0, "genes": 1}


class SparseShift(Arrays):
    """Each cell's ``counts`` [100], its ``intervention``, whether that is ``held_out``, the true ``latents`` and ``targets``.

    ``true_nll``: −log-probability of the counts by Poisson distributions whose means are the cell's true shares of its counts,
    nats: what a model that is given the number of counts, as all here are, can reach at best in the mean.

    An intervention shifts one, two or three latents, drawn with replacement, by ±N(5, 0.5); cells are normal about its shift.
    A network of four layers (40 units, orthogonal weights, leaky ReLU) makes logits of them, scaled to a standard deviation
    of 1. All of it is drawn anew for other ``dimensions``, by one generator, and is the same for both softmaxes.
    """

    dimensions: ClassVar[int]  # latents
    softmax: ClassVar[str]  # what it runs over: "cells" or "genes"
    cells: ClassVar[int]  # of each intervention
    licence = "none needed: generated"
    source = "our own code, after Genentech/sVAE at ad70d8e, svae/simulation.py (sparse_shift)"

    def __init_subclass__(cls) -> None:
        if "dimensions" not in vars(cls):
            return
        cls.cells = vars(cls).get("cells", CELLS[cls.softmax])
        cls.rows = INTERVENTIONS * cls.cells
        cls.shapes = {
            "counts": (GENES,),
            "intervention": (),
            "held_out": (),
            "latents": (cls.dimensions,),
            "targets": (cls.dimensions,),
            "true_nll": (),
        }

    @classmethod
    def rates(cls, logits: Matrix) -> Matrix:
        """Expected counts [n, genes]."""
        return COUNTS[cls.softmax] * _softmax(logits, axis=AXIS[cls.softmax])

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        random = np.random.Generator(np.random.Philox(key=[SEED, cls.dimensions]))
        weights = list(
            itertools.starmap(_orthogonal(random), itertools.pairwise(_widths(cls.dimensions)))
        )
        targets, shifts = _shifts(random, cls.dimensions)
        intervention = np.repeat(np.arange(INTERVENTIONS), cls.cells)
        latents = random.normal(shifts[intervention])
        rates = cls.rates(_logits(latents, weights))
        counts = random.poisson(rates)
        means = rates * (counts.sum(1) / rates.sum(1))[:, None]
        return {
            "counts": counts.astype(np.float32),
            "intervention": intervention,
            "held_out": (intervention >= INTERVENTIONS - HELD_OUT).astype(np.int64),
            "latents": latents.astype(np.float32),
            "targets": targets[intervention],
            "true_nll": -poisson.logpmf(counts, means).sum(1).astype(np.float32),
        }


def _widths(dimensions: int) -> list[int]:
    return [dimensions, *[WIDTH] * (LAYERS - 1), GENES]


def _orthogonal(random: np.random.Generator) -> Any:
    """What draws orthogonal rows [inputs, outputs], scaled as He's and Glorot's factors together."""

    def draw(inputs: int, outputs: int) -> Matrix:
        rows = np.linalg.qr(random.normal(size=(outputs, inputs)))[0].T
        return rows * math.sqrt(2 / (1 + SLOPE**2)) * math.sqrt(2 / (inputs + outputs))

    return draw


def _shifts(random: np.random.Generator, dimensions: int) -> tuple[npt.NDArray[np.int64], Matrix]:
    """Which latents each intervention shifts [100, d], 1 or 0, and its mean latents [100, d]."""
    targets = np.zeros((INTERVENTIONS, dimensions), np.int64)
    for row in targets:
        row[random.integers(dimensions, size=random.integers(1, 4))] = 1
    signs = random.choice([-1.0, 1.0], size=targets.shape)
    return targets, targets * signs * random.normal(SHIFT, SPREAD, targets.shape)


def _logits(latents: Matrix, weights: list[Matrix]) -> Matrix:
    *hidden, last = weights
    for weight in hidden:
        latents = latents @ weight
        latents = np.maximum(SLOPE * latents, latents)
    logits = latents @ last
    return logits / logits.std()


def _softmax(logits: Matrix, axis: int) -> Matrix:
    raised: Matrix = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return raised / raised.sum(axis=axis, keepdims=True)
