"""The order in which the rows of a data set get labels, for models that use a share of them.

A data set has an array ``rank`` from ``label_ranks``; a model decides by it which rows have a label
in a run (``models/base/labelled_share.py``).
"""

import numpy as np
import numpy.typing as npt

NEVER = -1.0
"""Rank of rows that have no label in any run, such as those held out from training."""


def label_ranks(
    rows: int,
    training: int,
    seed: int = 0,
) -> npt.NDArray[np.float32]:
    """Return the rank of each row in a random order, float32 [rows].

    Args:
        rows: number of rows of the data set.
        training: number of rows for training, which come first. The others have rank ``NEVER``.
        seed: seed of the order.

    Returns:
        (i + 1/2) / training for the row at place i of the order, so that ranks are between 0 and 1
        and a share s of the interval holds the share s of the rows, to within one row.

    Raises:
        ValueError: there are not so many rows.
    """
    if not 0 < training <= rows:
        raise ValueError(f"{training} training rows of {rows}; take at least 1 and at most {rows}")
    random = np.random.Generator(np.random.Philox(key=seed))
    ranks = np.full(rows, NEVER, np.float32)
    ranks[:training] = (random.permutation(training) + 0.5) / training
    return ranks
