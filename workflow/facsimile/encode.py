"""Encode a whole data set with one trained model."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from facsimile import rng
from facsimile.datasets import Dataset
from facsimile.latents import Array
from facsimile.models import Model
from facsimile.studyfile import Training
from facsimile.train import autocast, batch

BATCH = 128  # larger ones are half as fast on a CPU unless malloc is told to keep its memory (environment.py)
BLOCK = 128  # batches written at once


def networks(
    model: Model, training: Training, image_shape: tuple[int, int, int], weights: dict[str, Tensor]
) -> dict[str, nn.Module]:
    """The model's networks with trained weights, ready to infer."""
    made = model.networks(image_shape, training.latents, training.network)
    for group, network in made.items():
        prefix = f"{group}."
        network.load_state_dict(
            {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
        )
        network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return made


def encode(model: Model, made: dict[str, nn.Module], data: Dataset, seed: int, precision: str) -> Iterator[tuple[Array, Array]]:
    """Posterior means and log-variances of every image in order, in blocks of float32 [rows, d].

    Of a data set that redraws its images at every read this is one draw, given by the run's seed.
    """
    for first in range(0, len(data), BATCH * BLOCK):
        last = min(first + BATCH * BLOCK, len(data))
        parts = [
            _infer(model, made, data, np.arange(i, min(i + BATCH, last)), seed, precision) for i in range(first, last, BATCH)
        ]
        yield tuple(torch.cat(column).numpy() for column in zip(*parts, strict=True))  # type: ignore[misc]


@torch.inference_mode()
def _infer(
    model: Model, made: dict[str, nn.Module], data: Dataset, indices: np.ndarray, seed: int, precision: str
) -> tuple[Tensor, Tensor]:
    images = batch(data, indices, rng.generator(seed, "latents", int(indices[0])), precision)
    with autocast(precision):
        mean, log_variance = model.infer(made, images)
    return mean.float(), log_variance.float()
