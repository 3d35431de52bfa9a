"""The authors' splits of a small table: 20 stretches of 100 rows, of which 30 are labelled.

The released code (datasets/__init__.py and tabular.py) makes both classes equally frequent, lets
them alternate, and draws stretches of neighbouring rows. Two details decide which rows a split has,
and are those of the libraries of 2021: the order of rows of one class is that in which NumPy's
quicksort leaves them, and stretches are drawn by PyTorch's ``randperm`` with seed 13.
"""

import numpy as np

from facsimile.datasets.base.arrays import Array
from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.table import Column

LENGTH = 100  # rows of a split
SPLITS = 20
MOST_ROWS = 400  # rows of a table from which splits are drawn
SEED = 13


def splits(
    x: Column,
    y: Column,
    count: int,
    what: str,
) -> dict[str, Array]:
    """Return ``x``, float32 [count, 100, d], and ``y``, int64 [count, 100].

    Args:
        x: inputs [n, d].
        y: classes [n], 0 or 1.
        count: number of splits.
        what: the file, for error messages.

    Raises:
        DatasetError: the smaller class has too few rows.
    """
    rows = alternating(y)[:MOST_ROWS]
    starts = permutation(max(0, len(rows) - LENGTH), SEED)[:count]
    if len(starts) < count:
        least = (LENGTH + count + 1) // 2
        raise DatasetError(
            f"{what}: the smaller class has {len(rows) // 2} rows, but {count} splits need "
            f"{least}; the file is truncated or altered; download it again"
        )
    chosen = rows[np.array(starts)[:, None] + np.arange(LENGTH)]
    return {
        "x": x[chosen].astype(np.float32),
        "y": y[chosen].astype(np.int64),
    }


def alternating(y: Column) -> Array:
    """Return indices of rows, two classes in turn, with all rows of the smaller class.

    Of the larger class, those are left out that come first in the sorted order.
    """
    ascending = y if y.mean() < 0.5 else -y
    # NumPy sorts float64 by vector instructions today, which leaves equal values in another order
    # than in 2021. For int8 it is still the order of 2021.
    order = np.argsort(ascending.astype(np.int8), kind="quicksort")
    smaller = int(min(y.sum(), len(y) - y.sum()))
    halves = order[len(y) - 2 * smaller :].reshape(2, smaller)
    return np.asarray(halves.T.ravel()[::-1])


def permutation(
    n: int,
    seed: int,
) -> list[int]:
    """Return what torch.randperm(n) returns after torch.manual_seed(seed)."""
    random = np.random.RandomState(seed)
    words = random.randint(0, 2**32, size=n, dtype=np.uint32).tolist()
    order = list(range(n))
    for i, word in enumerate(words):
        other = i + word % (n - i)
        order[i], order[other] = order[other], order[i]
    return order
