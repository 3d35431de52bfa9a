"""Rows and columns of images in one panel."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

Array = npt.NDArray[np.float32]
GAP = 2  # pixels


def sheet(pictures: Array) -> Array:
    """Pictures [rows, columns, h, w, c] in [0, 1] as one image with white gaps."""
    rows, columns, height, width, channels = pictures.shape
    made = np.ones(
        (rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, channels), np.float32
    )
    for i, j in np.ndindex(rows, columns):
        top, left = i * (height + GAP), j * (width + GAP)
        made[top : top + height, left : left + width] = pictures[i, j]
    return made


def show(axes: Axes, pictures: Array, labels: list[str]) -> None:
    """Draw pictures [rows, columns, h, w, c] with a label a row; grey ones in grey."""
    made = sheet(np.clip(pictures, 0, 1))
    axes.imshow(
        made[..., 0] if made.shape[2] == 1 else made,
        cmap="gray",
        vmin=0,
        vmax=1,
        interpolation="nearest",
    )
    step = pictures.shape[2] + GAP
    axes.set(
        xticks=[],
        yticks=[pictures.shape[2] / 2 + i * step for i in range(len(labels))],
        yticklabels=labels,
    )
    axes.tick_params(length=0, labelsize=7)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
