"""Channel statistics: the mean and standard deviation used to standardise a data set's images."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "mean"
NEEDS = ("images", "model.no_model")
REFERENCE = (
    "Michlo et al. 2023, Overlooked implications of the reconstruction loss for VAE "
    "disentanglement, Table A2"
)
POPULATION = "population"
CONVENTIONS = {
    PAPER: "the standard deviation is the mean over images of each image's own, divided by pixels "
    "− 1; all images",
    POPULATION: "the standard deviation of all pixels of all images",
}
SCORES = {
    "mean": "mean of all pixels in [0, 1], all channels together",
    "std": "standard deviation, by the convention, mean over channels",
    "mean_{channel}": "mean of one channel, numbered from 0",
    "std_{channel}": "its standard deviation",
}
BLOCK = 1024


def score(outputs: RunOutputs, convention: str = PAPER) -> dict[str, float]:
    r"""Mean and standard deviation of every channel over all images of the data set.

    Formula: $\frac{1}{N} \sum_i \bar x_i$ and
    $\frac{1}{N} \sum_i \big(\frac{1}{P-1} \sum_p (x_{ip} - \bar x_i)^2\big)^{1/2}$.

    Traps:
    - The published deviation is not that of the population: it is 0.1952 for dSprites, whose pixels
      have a standard deviation of 0.2017.
    """
    means, deviations, squares = [], [], []
    for first in range(0, len(outputs.images), BLOCK):
        block = _block(outputs, first)
        means.append(block[0])
        deviations.append(block[1])
        squares.append(block[2])
    mean = np.concatenate(means).mean(axis=0)
    std = np.concatenate(deviations).mean(axis=0)
    if convention == POPULATION:
        square = np.concatenate(squares).mean(axis=0)
        std = np.sqrt(square - mean**2)
    scores = {"mean": float(mean.mean()), "std": float(std.mean())}
    for channel, value in enumerate(mean):
        scores[f"mean_{channel}"] = float(value)
    for channel, value in enumerate(std):
        scores[f"std_{channel}"] = float(value)
    return scores


def _block(outputs: RunOutputs, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard deviation and mean square of each image and channel [n, c]."""
    stop = min(first + BLOCK, len(outputs.images))
    images = outputs.images[np.arange(first, stop)]
    pixels = images.reshape(len(images), -1, images.shape[-1])
    count = pixels.shape[1]
    mean = pixels.mean(axis=1, dtype=np.float64)
    square = np.einsum("npc,npc->nc", pixels, pixels, dtype=np.float64) / count
    # Rounding may make the variance of a constant image negative.
    variance = np.maximum(square - mean**2, 0) * count / (count - 1)
    return mean, np.sqrt(variance), square
