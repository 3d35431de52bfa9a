"""Channel statistics: the mean and standard deviation by which a data set's images are standardised."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "mean"
NEEDS = ("images", "model.no_model")
REFERENCE = "Michlo et al. 2023, Overlooked implications of the reconstruction loss for VAE disentanglement, Table A2"
POPULATION = "population"
CONVENTIONS = {
    PAPER: "the standard deviation is the mean over images of each one's own, divided by pixels − 1; all images",
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

    Formula: $\frac{1}{N} \sum_i \bar x_i$ and $\frac{1}{N} \sum_i \big(\frac{1}{P-1} \sum_p (x_{ip} - \bar x_i)^2\big)^{1/2}$.

    Traps:
    - The published deviation is not the population's: 0.1952 for dSprites, whose pixels vary by 0.2017.
    """
    blocks = [_block(outputs, first) for first in range(0, len(outputs.images), BLOCK)]
    mean, std, square = (np.concatenate(part).mean(axis=0) for part in zip(*blocks, strict=True))
    if convention == POPULATION:
        std = np.sqrt(square - mean**2)
    each = {f"mean_{c}": float(m) for c, m in enumerate(mean)} | {
        f"std_{c}": float(s) for c, s in enumerate(std)
    }
    return {"mean": float(mean.mean()), "std": float(std.mean())} | each


def _block(outputs: RunOutputs, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each image and channel [n, c] the mean, its own standard deviation, and the mean square."""
    images = outputs.images[np.arange(first, min(first + BLOCK, len(outputs.images)))]
    pixels = images.reshape(len(images), -1, images.shape[-1])
    count = pixels.shape[1]
    mean = pixels.mean(axis=1, dtype=np.float64)
    square = np.einsum("npc,npc->nc", pixels, pixels, dtype=np.float64) / count
    return mean, np.sqrt(np.maximum(square - mean**2, 0) * count / (count - 1)), square
