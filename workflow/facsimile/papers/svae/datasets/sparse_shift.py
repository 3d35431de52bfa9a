"""Simulated single cells under interventions that shift few latents.

The text and the released code of Lopez et al. (2023) differ in the axis of the last layer's
softmax. In the text it runs over genes: a cell has 10⁵ counts in expectation. In the code
(``axis=0`` in Genentech/sVAE, svae/simulation.py) it runs over cells: each gene has 10⁶ counts in
all cells together. A cell then has about 4,000 counts if there are 25,000 cells, and fewer the more
cells are simulated.
"""

import math
from collections.abc import Callable
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
INTERVENTIONS = 100
HELD_OUT = 20  # interventions, the last ones, that are kept from training
GENES = 100
WIDTH, LAYERS = 40, 4  # of the network that makes counts of latents
SLOPE = 0.2  # of its leaky ReLU
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
# By axis of the softmax. As in the released code: 250 cells per intervention (its demo), 10⁶ counts
# of each gene in all cells. As in the text: 500 cells per intervention, 10⁵ counts of all genes of
# a cell.
CELLS = {"cells": 250, "genes": 500}
COUNTS = {"cells": 1e6, "genes": 1e5}
AXIS = {"cells": 0, "genes": 1}


class SparseShift(Arrays):
    """Counts of genes in cells, with the latents and interventions that they come from.

    Arrays, with one row per cell:

    - ``counts`` [100]: counts of each gene.
    - ``intervention``: number of the cell's intervention.
    - ``held_out``: 1 if that intervention is kept from training.
    - ``latents`` [dimensions]: the true latents.
    - ``targets`` [dimensions]: 1 for each latent that the intervention shifts.
    - ``true_nll``: −log-probability of the counts, in nats, under Poisson distributions whose means
      are the cell's true shares of its counts. On average, no model that is given the number of
      counts, as all models here are, can do better.

    An intervention shifts one, two or three latents, drawn with replacement, by ±N(5, 0.5). Latents
    of cells are normal around the shift of their intervention. A network of four layers (40 units,
    orthogonal weights, leaky ReLU) maps them to logits, which are scaled to a standard deviation
    of 1. One generator draws all of this; it is seeded by ``dimensions``, and its draws are the
    same for both softmaxes.
    """

    dimensions: ClassVar[int]  # number of latents
    softmax: ClassVar[str]  # what it runs over: "cells" or "genes"
    cells: ClassVar[int]  # per intervention
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
        """Expected counts [n, genes] of logits [n, genes]."""
        shares = _softmax(logits, axis=AXIS[cls.softmax])
        return COUNTS[cls.softmax] * shares

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        # Draws, in this order: weights, targets and shifts, latents, counts.
        bits = np.random.Philox(key=[SEED, cls.dimensions])
        random = np.random.Generator(bits)
        weights = _weights(random, cls.dimensions)
        targets, shifts = _shifts(random, cls.dimensions)
        intervention = np.repeat(np.arange(INTERVENTIONS), cls.cells)
        latents = random.normal(shifts[intervention])
        rates = cls.rates(_logits(latents, weights))
        counts = random.poisson(rates)
        # The true shares of the genes, times the counts that the cell happens to have.
        scale = counts.sum(1) / rates.sum(1)
        means = rates * scale[:, None]
        log_probability = poisson.logpmf(counts, means).sum(1)
        held_out = intervention >= INTERVENTIONS - HELD_OUT
        return {
            "counts": counts.astype(np.float32),
            "intervention": intervention,
            "held_out": held_out.astype(np.int64),
            "latents": latents.astype(np.float32),
            "targets": targets[intervention],
            "true_nll": -log_probability.astype(np.float32),
        }


def _weights(random: np.random.Generator, dimensions: int) -> list[Matrix]:
    """Weights of the network, one matrix [inputs, outputs] per layer."""
    draw = _orthogonal(random)
    hidden = [WIDTH] * (LAYERS - 1)
    inputs = [dimensions, *hidden]
    outputs = [*hidden, GENES]
    return [draw(*sizes) for sizes in zip(inputs, outputs, strict=True)]


def _orthogonal(random: np.random.Generator) -> Callable[[int, int], Matrix]:
    """Return a function that draws orthogonal weights [inputs, outputs].

    Their scale is the product of He's and Glorot's factors.
    """

    def draw(inputs: int, outputs: int) -> Matrix:
        columns, _ = np.linalg.qr(random.normal(size=(outputs, inputs)))
        he = math.sqrt(2 / (1 + SLOPE**2))
        glorot = math.sqrt(2 / (inputs + outputs))
        return columns.T * he * glorot

    return draw


def _shifts(
    random: np.random.Generator,
    dimensions: int,
) -> tuple[npt.NDArray[np.int64], Matrix]:
    """Which latents each intervention shifts [100, d], 1 or 0, and its mean latents [100, d]."""
    targets = np.zeros((INTERVENTIONS, dimensions), np.int64)
    for row in targets:
        count = random.integers(1, 4)
        row[random.integers(dimensions, size=count)] = 1
    signs = random.choice([-1.0, 1.0], size=targets.shape)
    sizes = random.normal(SHIFT, SPREAD, targets.shape)
    return targets, targets * signs * sizes


def _logits(latents: Matrix, weights: list[Matrix]) -> Matrix:
    """Logits [n, genes] of latents [n, d]; the standard deviation of all together is 1."""
    *hidden, last = weights
    activations = latents
    for weight in hidden:
        linear = activations @ weight
        activations = np.maximum(SLOPE * linear, linear)
    logits = activations @ last
    return logits / logits.std()


def _softmax(logits: Matrix, axis: int) -> Matrix:
    # Subtracting the maximum changes no result, and keeps exp from overflowing.
    highest = logits.max(axis=axis, keepdims=True)
    exponentials: Matrix = np.exp(logits - highest)
    return exponentials / exponentials.sum(axis=axis, keepdims=True)
