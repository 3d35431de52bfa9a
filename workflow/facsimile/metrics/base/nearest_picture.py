"""A reader of pictures that needs no training: it gives them the labels of the nearest known one.

In a picture of the known ones it makes no error, unless two of them are equal.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

BLOCK = 500  # pictures that are read at once
MOST_VALUES = 2**27
"""Most values of all known pictures together: 512 MiB in memory, which float32 takes."""
Integers = npt.NDArray[np.int64]
Pictures = npt.NDArray[np.uint8] | npt.NDArray[np.float32]


class Reader:
    """Gives a picture the labels of the nearest known picture, by squared distance."""

    def __init__(
        self,
        pictures: Pictures,
        labels: Integers,
    ) -> None:
        """Remember pictures [n, h, w, c] and their labels [n, k].

        Pictures are uint8 from 0 to 255, or float32 from 0 to 1; so are those that are read.
        """
        self._known = _flat(pictures)
        self._labels = labels
        # The squared distance, without the part that is the same for all known pictures.
        self._squares = (self._known**2).sum(axis=1)

    def read(self, pictures: Pictures) -> Integers:
        """Labels [n, k] of pictures [n, h, w, c]."""
        nearest = []
        for rows in _blocks(_flat(pictures)):
            products = rows @ self._known.T
            distances = self._squares - 2 * products
            nearest.append(distances.argmin(axis=1))
        return self._labels[np.concatenate(nearest)]

    def probabilities(self, pictures: Pictures) -> list[npt.NDArray[np.float64]]:
        """Probabilities of the values of each label that varies: k arrays [n, values].

        They are 1 for the value that is read and 0 for all others. Values are numbered in the order
        of their size.
        """
        read = self.read(pictures)
        probabilities = []
        for known, values in zip(self._labels.T, read.T, strict=True):
            numbers = np.unique(known)
            if len(numbers) > 1:
                is_value = values[:, None] == numbers
                probabilities.append(is_value.astype(np.float64))
        return probabilities


def _flat(pictures: Pictures) -> npt.NDArray[np.float32]:
    """Pictures [n, h, w, c] as rows [n, h · w · c] in [0, 1]."""
    rows = pictures.reshape(len(pictures), -1).astype(np.float32)
    is_bytes = pictures.dtype == np.uint8
    return np.asarray(rows / 255 if is_bytes else rows, np.float32)


def _blocks(rows: npt.NDArray[np.float32]) -> Iterator[npt.NDArray[np.float32]]:
    for start in range(0, len(rows), BLOCK):
        yield rows[start : start + BLOCK]
