"""Where the images of a pack come from: the device's memory, or batches that the host sends."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from facsimile.datasets import Dataset
from facsimile.models.base import rng
from facsimile.training import batches

SMALL = 2**27  # bytes of a data set that is copied to memory once more
READ = 8192  # images read at once when a data set is copied to the device


class Source(Protocol):
    """Images for the steps of a pack.

    The host calls ``feed`` before each step; a step passes ``buffer`` to ``take``.
    """

    buffer: Tensor

    def take(self, buffer: Tensor, indices: Tensor) -> Tensor:
        """Return images [K, b, c, h, w], float32 in [0, 1], for indices [K, b].

        This is part of the step's program.
        """

    def feed(self, steps: Sequence[int]) -> None:
        """Fill the buffer for the given step of each run, unless the data are on the device."""


class Resident:
    """A data set that is on the device as a whole.

    It takes one bit per pixel if all pixels are black or white, otherwise one byte per value.
    """

    def __init__(
        self,
        data: Dataset,
        device: torch.device,
    ) -> None:
        """Copy the data to the device; raises ValueError for a stochastic data set."""
        if data.stochastic:
            raise ValueError(
                f"{data.name}: its images are drawn again at every read, "
                "so they cannot lie on the device; use Fed"
            )
        self.shape = data.image_shape
        self.packed = _is_binary(data)
        values_per_image = int(np.prod(self.shape))
        width = values_per_image // (8 if self.packed else 1)
        self.buffer = torch.empty((len(data), width), dtype=torch.uint8, device=device)
        first = 0
        for images in _blocks(data):
            rows = images.reshape(-1, values_per_image)
            if self.packed:
                rows = np.packbits(rows != 0, axis=1)
            last = first + len(rows)
            self.buffer[first:last] = torch.from_numpy(rows).to(device)
            first = last

    def take(self, buffer: Tensor, indices: Tensor) -> Tensor:
        rows = buffer[indices]
        if self.packed:
            # numpy.packbits stores the first pixel in the highest bit.
            shifts = torch.arange(7, -1, -1, dtype=torch.uint8, device=rows.device)
            rows = (rows[..., None] >> shifts) & 1
        images = rows.reshape(*indices.shape, *self.shape)
        # Bits are 0 or 1 already.
        return _channels_first(images).to(torch.float32) if self.packed else _scaled(images)

    def feed(self, steps: Sequence[int]) -> None:
        pass


class Fed:
    """A data set that the host reads and sends, one batch per run and step.

    Stochastic data sets, whose images are drawn again at every read, need it.
    """

    def __init__(
        self,
        data: Dataset,
        seeds: Sequence[int],
        batch: int,
        device: torch.device,
        paired: bool = False,
    ) -> None:
        self._data = data
        self._seeds = list(seeds)
        self._batch = batch
        self._paired = paired
        images_per_run = batch * (1 + paired)
        shape = (len(seeds), images_per_run, *data.image_shape)
        self.buffer = torch.zeros(shape, dtype=torch.uint8, device=device)

    def take(self, buffer: Tensor, indices: Tensor) -> Tensor:
        # The buffer holds the images of these indices.
        return _scaled(buffer)

    def feed(self, steps: Sequence[int]) -> None:
        """Read what the serial execution reads: batch and images are drawn from (seed, step)."""
        seeds = torch.tensor(self._seeds)
        step_of_run = torch.tensor([steps])
        sizes = self._data.factor_sizes
        rows = batches.rows(seeds, step_of_run, self._batch, sizes, self._paired)[0]
        images = []
        for run_rows, seed, step in zip(rows.numpy(), self._seeds, steps, strict=True):
            generator = rng.generator(seed, "images", step)
            images.append(self._data.images(run_rows, generator))
        stacked = torch.from_numpy(np.stack(images))
        # Only from pinned memory is a copy to a GPU asynchronous.
        pinned = stacked.pin_memory() if self.buffer.is_cuda else stacked
        self.buffer.copy_(pinned, non_blocking=True)


def source(
    data: Dataset,
    seeds: Sequence[int],
    batch: int,
    device: torch.device,
    paired: bool = False,
) -> Source:
    """A source on the device if the data fit, otherwise one that the host feeds.

    Data go to a GPU if they take less than half of its free memory and are not stochastic. On a
    CPU, small data are copied to one tensor, from which a batch of all runs is read at once.
    """
    room = SMALL
    if device.type == "cuda":
        free_bytes, _ = torch.cuda.mem_get_info(device)
        room = free_bytes // 2
    bytes_per_image = int(np.prod(data.image_shape))
    fits = len(data) * bytes_per_image < room
    if fits and not data.stochastic:
        return Resident(data, device)
    return Fed(data, seeds, batch, device, paired)


def _is_binary(data: Dataset) -> bool:
    """Whether every pixel is 0 or 255 and an image packed as bits is a whole number of bytes."""
    if int(np.prod(data.image_shape)) % 8:
        return False
    for images in _blocks(data):
        is_grey = (images != 0) & (images != 255)
        if is_grey.any():
            return False
    return True


def _blocks(
    data: Dataset,
) -> Iterator[npt.NDArray[np.uint8]]:
    """All images of a data set in order, ``READ`` at a time."""
    for first in range(0, len(data), READ):
        last = min(first + READ, len(data))
        yield data.images(np.arange(first, last))


def _channels_first(images: Tensor) -> Tensor:
    """[K, b, h, w, c] -> [K, b, c, h, w]."""
    return images.permute(0, 1, 4, 2, 3)


def _scaled(images: Tensor) -> Tensor:
    """Bytes [K, b, h, w, c] as float32 in [0, 1], [K, b, c, h, w], with equal bits everywhere."""
    if not images.is_cuda:
        return _channels_first(images).to(torch.float32) / 255
    # A GPU multiplies by 1 / 255 instead: in float32 some results differ in the last bit, in
    # float64 none does once it is rounded.
    return (_channels_first(images).to(torch.float64) / 255).to(torch.float32)
