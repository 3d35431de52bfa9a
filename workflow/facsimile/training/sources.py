"""Where a pack's images come from: rows on the device, or batches that the host reads and sends."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from facsimile.datasets import Dataset
from facsimile.models.base import rng
from facsimile.training import batches

READ = 8192  # images read at once when a data set is copied to the device


class Source(Protocol):
    """A step reads ``buffer``; ``take`` makes images of it; the host calls ``feed`` before each step."""

    buffer: Tensor

    def take(self, buffer: Tensor, indices: Tensor) -> Tensor:
        """Images [K, b, c, h, w], float32 in [0, 1], of indices [K, b]; a part of the step's program."""

    def feed(self, steps: Sequence[int]) -> None:
        """Make the buffer ready for the given step of each run; does nothing for what lies on the device."""


class Resident:
    """A data set that lies on the device as a whole: eight pixels a byte if all are black or white, else a byte a value."""

    def __init__(self, data: Dataset, device: torch.device) -> None:
        if data.stochastic:
            raise ValueError(
                f"{data.name}: its images are drawn anew at every read, so they cannot lie on the device; use Fed"
            )
        self.shape = data.image_shape
        self.packed = _is_binary(data)
        width = int(np.prod(self.shape)) // (8 if self.packed else 1)
        self.buffer = torch.empty((len(data), width), dtype=torch.uint8, device=device)
        for first in range(0, len(data), READ):
            images = data.images(np.arange(first, min(first + READ, len(data)))).reshape(
                -1, int(np.prod(self.shape))
            )
            rows = np.packbits(images != 0, axis=1) if self.packed else images
            self.buffer[first : first + len(rows)] = torch.from_numpy(rows).to(device)

    def take(self, buffer: Tensor, indices: Tensor) -> Tensor:
        rows = buffer[indices]
        if self.packed:
            shifts = torch.arange(7, -1, -1, dtype=torch.uint8, device=rows.device)
            rows = (rows[..., None] >> shifts) & 1
        images = rows.reshape(*indices.shape, *self.shape).permute(0, 1, 4, 2, 3).to(torch.float32)
        return images if self.packed else images / 255

    def feed(self, steps: Sequence[int]) -> None:
        pass


class Fed:
    """A data set that the host reads, a batch of each run a step: the one way for data that are drawn anew at every read."""

    def __init__(
        self,
        data: Dataset,
        seeds: Sequence[int],
        batch: int,
        device: torch.device,
        paired: bool = False,
    ) -> None:
        self._data, self._seeds, self._batch, self._paired = data, list(seeds), batch, paired
        self.buffer = torch.zeros(
            (len(seeds), batch * (1 + paired), *data.image_shape), dtype=torch.uint8, device=device
        )

    def take(self, buffer: Tensor, indices: Tensor) -> Tensor:
        return buffer.permute(0, 1, 4, 2, 3).to(torch.float32) / 255

    def feed(self, steps: Sequence[int]) -> None:
        """As the serial execution reads them: the batch of (seed, step), redrawn by the generator of (seed, step)."""
        at = torch.tensor([steps])
        drawn = batches.rows(
            torch.tensor(self._seeds), at, self._batch, self._data.factor_sizes, self._paired
        )
        indices = drawn[0].numpy()
        runs = zip(indices, self._seeds, steps, strict=True)
        images = torch.from_numpy(
            np.stack([self._data.images(i, rng.generator(s, "images", t)) for i, s, t in runs])
        )
        pinned = images.pin_memory() if self.buffer.is_cuda else images
        self.buffer.copy_(pinned, non_blocking=True)


def source(
    data: Dataset, seeds: Sequence[int], batch: int, device: torch.device, paired: bool = False
) -> Source:
    """Rows on a GPU where they fit in half of its free memory and are always the same, else batches sent by the host."""
    if device.type == "cuda" and not data.stochastic:
        free, _ = torch.cuda.mem_get_info(device)
        if len(data) * int(np.prod(data.image_shape)) < free // 2:
            return Resident(data, device)
    return Fed(data, seeds, batch, device, paired)


def _is_binary(data: Dataset) -> bool:
    """Whether every pixel is 0 or 255, and so an image is a whole number of bytes."""
    if int(np.prod(data.image_shape)) % 8:
        return False
    blocks = (np.arange(first, min(first + READ, len(data))) for first in range(0, len(data), READ))
    return all(not ((images != 0) & (images != 255)).any() for images in map(data.images, blocks))
