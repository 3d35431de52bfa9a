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

# Images per batch on a processor. Larger batches are half as fast there unless malloc is told to
# keep its memory (environment.py).
BATCH = 128
CUDA_BATCH = 4096
# Images between two writes, so that the memory in use does not grow with the data set.
ROWS = 16_384


def networks(
    model: Model,
    training: Training,
    shape: Any,
    weights: dict[str, Tensor],
    device: str = "cpu",
) -> dict[str, nn.Module]:
    """The model's networks with trained weights, ready to infer on a device.

    ``shape`` is the shape of the data (``loop.shape_of``).
    """
    nets = model.networks(shape, training.latents, training.network)
    for group, network in nets.items():
        prefix = f"{group}."
        state = {}
        for name, value in weights.items():
            if name.startswith(prefix):
                state[name.removeprefix(prefix)] = value
        network.load_state_dict(state)
        network.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return nets


def encode(
    model: Model,
    nets: dict[str, nn.Module],
    data: Dataset,
    seed: int,
    precision: str,
    device: str = "cpu",
) -> Iterator[tuple[Array, Array]]:
    """Yield posterior means and log-variances of all images in order, in blocks of rows.

    Each block is a pair of float32 [rows, d]. For a stochastic data set, whose images are drawn
    again at every read, this is one draw, determined by the run's seed.
    """
    size = CUDA_BATCH if device == "cuda" else BATCH
    for first in range(0, len(data), ROWS):
        last = min(first + ROWS, len(data))
        means, log_variances = [], []
        for start in range(first, last, size):
            rows = range(start, min(start + size, last))
            mean, log_variance = _infer(model, nets, data, rows, seed, precision, device)
            means.append(mean)
            log_variances.append(log_variance)
        all_means = torch.cat(means).cpu().numpy()
        all_log_variances = torch.cat(log_variances).cpu().numpy()
        yield all_means, all_log_variances


@torch.inference_mode()
def _infer(
    model: Model,
    nets: dict[str, nn.Module],
    data: Dataset,
    rows: range,
    seed: int,
    precision: str,
    device: str,
) -> tuple[Tensor, Tensor]:
    layers = "channels_last" if precision == "bf16" else "torch"
    images = as_input(read(data, rows, seed), layers, device)
    with autocast(precision, device):
        mean, log_variance = model.infer(nets, images)
    return mean.float(), log_variance.float()


def read(
    data: Dataset,
    rows: range,
    seed: int,
) -> npt.NDArray[np.uint8]:
    """Read images [n, h, w, c] of consecutive rows, starting at a multiple of BATCH.

    Images of a stochastic data set are drawn with one generator per BATCH rows, so that they do
    not depend on the batch size of the device.
    """
    parts = []
    for first in range(rows.start, rows.stop, BATCH):
        last = min(first + BATCH, rows.stop)
        generator = rng.generator(seed, "latents", first)
        parts.append(data.images(np.arange(first, last), generator))
    return np.concatenate(parts)
