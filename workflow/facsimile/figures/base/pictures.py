"""Rows and columns of images in one panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float32]
GAP = 2  # pixels between images


def sheet(pictures: Array) -> Array:
    """Arrange images in rows and columns with white gaps.

    Parameters
    ----------
    pictures
        Images [rows, columns, h, w, c] in [0, 1].

    Returns
    -------
    array
        One image [H, W, c].
    """
    rows, columns, height, width, channels = pictures.shape
    # The last row and column have no gap behind them.
    size = (rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, channels)
    image = np.ones(size, np.float32)
    for i, j in np.ndindex(rows, columns):
        top = i * (height + GAP)
        left = j * (width + GAP)
        image[top : top + height, left : left + width] = pictures[i, j]
    return image


def show(
    axes: Axes,
    pictures: Array,
    labels: list[str],
) -> None:
    """Draw images in rows and columns, with a label per row.

    Parameters
    ----------
    axes
        Panel to draw in.
    pictures
        Images [rows, columns, h, w, c]; values outside [0, 1] are clipped, and one channel is
        shown in grey.
    labels
        One per row.
    """
    image = sheet(np.clip(pictures, 0, 1))
    axes.imshow(
        image[..., 0] if image.shape[2] == 1 else image,
        cmap="gray",
        vmin=0,
        vmax=1,
        interpolation="nearest",
    )
    height = pictures.shape[2]
    centres = [height / 2 + i * (height + GAP) for i in range(len(labels))]
    axes.set(xticks=[], yticks=centres, yticklabels=labels)
    axes.tick_params(length=0, labelsize=7)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
