"""Encode a whole data set with one trained model."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from facsimile.datasets import Dataset
from facsimile.latents import Array
from facsimile.models import Model
from facsimile.study import Training
from facsimile.train import autocast

BATCH = 256  # 1,024 is slower on a CPU: the activations leave the cache
BLOCK = 64  # batches written at once


def networks(model: Model, training: Training, image_shape: tuple[int, int, int], weights: dict[str, Tensor]) -> dict[str, nn.Module]:
    """The model's networks with trained weights, ready to infer."""
    made = model.networks(image_shape, training.latents, training.network)
    for group, network in made.items():
        prefix = f"{group}."
        network.load_state_dict({name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)})
        network.eval().to(memory_format=torch.channels_last)
    return made


def encode(model: Model, made: dict[str, nn.Module], data: Dataset, precision: str) -> Iterator[tuple[Array, Array]]:
    """Posterior means and log-variances of every image in order, in blocks of float32 [rows, d]."""
    for first in range(0, len(data), BATCH * BLOCK):
        last = min(first + BATCH * BLOCK, len(data))
        parts = [_infer(model, made, data, np.arange(i, min(i + BATCH, last)), precision) for i in range(first, last, BATCH)]
        yield tuple(torch.cat(column).numpy() for column in zip(*parts, strict=True))  # type: ignore[misc]


@torch.inference_mode()
def _infer(model: Model, made: dict[str, nn.Module], data: Dataset, indices: np.ndarray, precision: str) -> tuple[Tensor, Tensor]:
    images = torch.from_numpy(data.images(indices)).permute(0, 3, 1, 2).to(torch.float32).div_(255)
    with autocast(precision):
        mean, log_variance = model.infer(made, images.contiguous(memory_format=torch.channels_last))
    return mean.float(), log_variance.float()
