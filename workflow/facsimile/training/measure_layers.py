"""Measure which layers are faster on this processor, where no rule says so."""

import functools
import statistics
import time
from collections import defaultdict
from collections.abc import Callable

import numpy as np
import torch

from facsimile.models.base.vae import VAE
from facsimile.studies.training import Adam, Training
from facsimile.training import loop

LAYERS = ("torch", "channels_last")
STEPS = 5  # of each, alternating, after one that is not measured
SHAPE = (64, 64, 1)
BATCH = 64
TRAINING = Training(
    steps=STEPS,
    batch_size=BATCH,
    latents=10,
    network="dlib",
    adam=Adam(lr=1e-4),
)
# Torch's own layers are kept unless the others are faster by more than the noise of a measurement.
MARGIN = 0.95


def faster(milliseconds: dict[str, float]) -> str:
    """Return the layers whose steps take less time."""
    is_faster = milliseconds["channels_last"] < MARGIN * milliseconds["torch"]
    return "channels_last" if is_faster else "torch"


@functools.cache
def milliseconds() -> dict[str, float]:
    """Return the median time of a step of a VAE, losses and gradients, by layers."""
    steps = {layers: _step(layers) for layers in LAYERS}
    seconds: dict[str, list[float]] = defaultdict(list)
    for step in steps.values():
        step()
    for _ in range(STEPS):
        for layers, step in steps.items():
            began = time.perf_counter()
            step()
            seconds[layers].append(time.perf_counter() - began)
    medians = {}
    for layers, values in seconds.items():
        medians[layers] = round(1e3 * statistics.median(values), 1)
    return medians


def _step(layers: str) -> Callable[[], None]:
    """Return a function that computes losses and gradients of one batch of grey images."""
    model = VAE()
    state = loop.start(model, TRAINING, SHAPE, 0, "float32", layers)
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (BATCH, *SHAPE), np.uint8)
    images = loop.as_input(pixels, layers)
    noise = {"z": torch.zeros(BATCH, TRAINING.latents)}
    parameters = list(state.networks["vae"].parameters())

    def step() -> None:
        losses = model.losses(state.networks, images, noise, 0)
        torch.autograd.grad(losses.minimise["vae"], parameters)

    return step
