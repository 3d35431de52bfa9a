"""Rows for training, validation and test, and the order in which training rows get labels."""

import numpy as np

from facsimile.datasets.base.arrays import Array, Named
from facsimile.datasets.base.label_ranks import label_ranks
from facsimile.datasets.base.table import TEST, TRAINING, VALIDATION

SEED = 0


def sizes(rows: int) -> tuple[int, int, int]:
    """Number of rows for training, validation and test.

    A tenth is for test, and a tenth of the others for validation, as in MattX20/CCVAE_Jax.
    """
    test = rows // 10
    validation = (rows - test) // 10
    return rows - test - validation, validation, test


def split(
    arrays: Named,
    rows: int,
) -> dict[str, Array]:
    """Return arrays in random order, with ``part`` [rows] and ``rank`` [rows].

    Training rows come first, then those for validation and for test.
    """
    random = np.random.Generator(np.random.Philox(key=SEED))
    order = random.permutation(rows)
    shuffled = {name: values[order] for name, values in arrays.items()}
    parts = sizes(rows)
    shuffled["part"] = np.repeat((TRAINING, VALIDATION, TEST), parts)
    shuffled["rank"] = label_ranks(rows, training=parts[0], seed=SEED)
    return shuffled
