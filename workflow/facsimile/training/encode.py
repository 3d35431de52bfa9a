"""Encode a whole data set with one trained model."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from facsimile.datasets import Dataset
from facsimile.models import Model
from facsimile.models.base import rng
from facsimile.store.latents import Array
from facsimile.studies.training import Training
from facsimile.training.loop import as_input, autocast

BATCH = 128  # on a processor; larger ones are half as fast on a CPU unless malloc is told to keep its memory (environment.py)
CUDA_BATCH = 4096
ROWS = 16_384  # images between two writes: what is held in memory does not grow with the data set


def networks(
    model: Model,
    training: Training,
    shape: Any,
    weights: dict[str, Tensor],
    device: str = "cpu",
) -> dict[str, nn.Module]:
    """The model's networks for data of a shape (``train.shape_of``), with trained weights, ready to infer on a device."""
    made = model.networks(shape, training.latents, training.network)
    for group, network in made.items():
        prefix = f"{group}."
        network.load_state_dict(
            {
                name.removeprefix(prefix): value
                for name, value in weights.items()
                if name.startswith(prefix)
            }
        )
        network.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return made


def encode(
    model: Model,
    made: dict[str, nn.Module],
    data: Dataset,
    seed: int,
    precision: str,
    device: str = "cpu",
) -> Iterator[tuple[Array, Array]]:
    """Posterior means and log-variances of every image in order, in blocks of float32 [rows, d].

    Of a data set that redraws its images at every read this is one draw, given by the run's seed.
    """
    size = CUDA_BATCH if device == "cuda" else BATCH
    for first in range(0, len(data), ROWS):
        last = min(first + ROWS, len(data))
        starts = range(first, last, size)
        parts = [
            _infer(model, made, data, range(i, min(i + size, last)), seed, precision, device)
            for i in starts
        ]
        yield tuple(torch.cat(column).cpu().numpy() for column in zip(*parts, strict=True))  # type: ignore[misc]


@torch.inference_mode()
def _infer(
    model: Model,
    made: dict[str, nn.Module],
    data: Dataset,
    rows: range,
    seed: int,
    precision: str,
    device: str,
) -> tuple[Tensor, Tensor]:
    images = as_input(read(data, rows, seed), precision, device)
    with autocast(precision, device):
        mean, log_variance = model.infer(made, images)
    return mean.float(), log_variance.float()


def read(data: Dataset, rows: range, seed: int) -> npt.NDArray[np.uint8]:
    """Images [n, h, w, c] of consecutive rows, from a multiple of BATCH; what is drawn anew is drawn by the same generators
    whatever the batch of the device.
    """
    draws = ((i, rng.generator(seed, "latents", i)) for i in range(rows.start, rows.stop, BATCH))
    return np.concatenate(
        [data.images(np.arange(i, min(i + BATCH, rows.stop)), draw) for i, draw in draws]
    )
