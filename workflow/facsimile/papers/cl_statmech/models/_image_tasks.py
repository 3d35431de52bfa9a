"""Tasks of classification in the rows of a data set."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Singles = npt.NDArray[np.float32]


class ImageTask(NamedTuple):
    """Images in [0, 1] [n, pixels] and labels [n] of a task."""

    images: Singles
    labels: npt.NDArray[np.int64]


class ImageTasks(NamedTuple):
    """Each task of the data, for training and for test."""

    training: list[ImageTask]
    held_out: list[ImageTask]

    @property
    def pixels(self) -> int:
        return self.training[0].images.shape[1]


def image_tasks(
    data: Mapping[str, npt.NDArray[Any]],
    needed: int,
) -> ImageTasks:
    """Split the rows of a data set with ``images``, ``labels``, ``task`` and ``held_out``.

    Raises ValueError if it has more than one task, but fewer than are needed.
    """
    count = int(data["task"].max()) + 1
    if 1 < count < needed:
        raise ValueError(
            f"deep_binary_network: the data have {count} tasks, so tasks must be {count} or less, "
            f"not {needed}"
        )
    parts: dict[int, list[ImageTask]] = {0: [], 1: []}
    for task in range(count):
        for held_out, chosen in parts.items():
            rows = (data["task"] == task) & (data["held_out"] == held_out)
            images = data["images"][rows].astype(np.float32) / 255
            chosen.append(ImageTask(images, data["labels"][rows].astype(np.int64)))
    return ImageTasks(parts[0], parts[1])
