"""Read the values of concepts in pictures, by kernel ridge regression on real pictures."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial import distance

from facsimile.metrics.base.run_outputs import RunOutputs

# Of the reader: number of principal components of the pictures, and penalty (the kernel's diagonal
# is 1).
COMPONENTS = 40
RIDGE = 1e-3
Array = npt.NDArray[np.float32]


class Reader(NamedTuple):
    """Kernel ridge regression on principal components.

    ``mean`` and ``axes`` map pictures to components; ``points`` are those of the training pictures
    and ``spread`` is the kernel's width; ``weights`` and ``level`` map the kernel to values.
    """

    mean: Array
    axes: Array
    points: Array
    spread: float
    weights: Array
    level: Array

    def read(self, pictures: Array) -> Array:
        """Values [n, concepts] of pictures [n, pixels]."""
        components = (pictures - self.mean) @ self.axes
        distances = distance.cdist(components, self.points, "sqeuclidean")
        kernel = np.exp(-distances / self.spread)
        values: Array = kernel @ self.weights + self.level
        return values


def trained_reader(outputs: RunOutputs, side: int) -> Reader:
    """A reader fitted to training rows that are evenly spaced in the data set.

    ``side``: height and width of the pictures to read. The data set needs ``images``, ``values``
    and ``held_out``.
    """
    n_train, _ = outputs.sizes
    candidates = np.flatnonzero(outputs.data["held_out"] == 0)
    count = min(n_train, len(candidates))
    places = np.linspace(0, len(candidates) - 1, count)
    rows = candidates[places.astype(int)]
    pictures = flat(downscaled(outputs.data["images"][rows], side))
    return fit(pictures, outputs.data["values"][rows])


def fit(pictures: Array, values: Array) -> Reader:
    """A reader of pictures [n, pixels] and values [n, concepts]."""
    mean = pictures.mean(axis=0)
    centred = pictures - mean
    # The eigenvectors of the Gram matrix give the principal axes without a pixel covariance.
    _, eigenvectors = np.linalg.eigh(centred @ centred.T)
    axes = centred.T @ eigenvectors[:, -COMPONENTS:]
    axes /= np.linalg.norm(axes, axis=0)
    points = centred @ axes
    distances = distance.cdist(points, points, "sqeuclidean")
    spread = float(np.median(distances)) + 1e-12
    level = values.mean(axis=0)
    kernel = np.exp(-distances / spread)
    penalty = RIDGE * np.eye(len(points))
    weights = np.linalg.solve(kernel + penalty, values - level)
    return Reader(mean, axes, points, spread, weights, level)


def downscaled(images: npt.NDArray[np.uint8], side: int) -> Array:
    """Pictures averaged to ``side`` x ``side`` pixels, [n, side, side, c] in 0 to 255."""
    n, height, _, channels = images.shape
    block = height // side
    parts = images.reshape(n, side, block, side, block, channels)
    small: Array = parts.mean(axis=(2, 4), dtype=np.float32)
    return small


def flat(images: npt.NDArray[np.uint8] | Array) -> Array:
    """Pictures [n, pixels] in [0, 1]."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
