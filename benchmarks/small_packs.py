"""Steps per second of a small network on one core: packs against a plain PyTorch loop.

All variants train the β-VAE with the network ``mlp``, batches of 64 and Adam, in one process and on
one thread. Their blocks alternate, so that noise of the machine affects all of them, and CPU
seconds are counted. Prints Markdown: median rates, and the median over rounds of the ratio to the
plain loop, with its quartiles.

    python benchmarks/small_packs.py DATA [--world mini_dsprites] [--rounds 15]

DATA is the folder of the data sets' files; a missing one is made.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from facsimile import datasets, models
from facsimile.datasets import Dataset
from facsimile.studies.training import Adam, Training
from facsimile.training import loop
from facsimile.training.pack import Member, Pack, PackSettings

BATCH, LATENTS, HIDDEN = 64, 10, 128
SECONDS = 1.0  # of a block, about
TRAINING = Training(
    steps=10**9,
    batch_size=BATCH,
    latents=LATENTS,
    network="mlp",
    adam=Adam(lr=0.001),
)
# Makes so many steps of all its runs; returns how many steps of single runs that were.
Variant = Callable[[int], int]


def main() -> None:
    """Measure all variants in turn, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--world", default="mini_dsprites")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    path = arguments.data / f"{arguments.world}.h5"
    data = datasets.of_images(datasets.dataset(arguments.world, path))
    variants: dict[str, Variant] = {
        "plain loop, torch.optim.Adam": plain(data, fused=False),
        "plain loop, fused Adam": plain(data, fused=True),
        "ours, one by one": serial(data),
    }
    for k in (5, 10, 30):
        variants[f"ours, packs of {k}"] = packed(data, k)
    rates: dict[str, list[float]] = {name: [] for name in variants}
    steps = {name: steps_of_block(variant) for name, variant in variants.items()}
    for _ in range(arguments.rounds):
        for name, variant in variants.items():
            rates[name].append(rate(variant, steps[name]))
    print_table(arguments.world, rates)


def rate(variant: Variant, steps: int) -> float:
    """Steps of single runs per CPU second."""
    began = time.process_time()
    done = variant(steps)
    return done / (time.process_time() - began)


def steps_of_block(variant: Variant) -> int:
    """How many steps take about a second."""
    variant(10)  # the first calls allocate and trace
    began = time.process_time()
    variant(10)
    per_step = (time.process_time() - began) / 10
    return max(4, int(SECONDS / per_step))


def print_table(world: str, rates: dict[str, list[float]]) -> None:
    """Markdown: rate and ratio to the first variant."""
    first = np.array(next(iter(rates.values())))
    print(f"| {world} | steps/s | ratio | quartiles |\n| --- | --- | --- | --- |")
    for name, values in rates.items():
        low, middle, high = np.quantile(np.array(values) / first, [0.25, 0.5, 0.75])
        print(f"| {name} | {np.median(values):.0f} | {middle:.2f} | {low:.2f}–{high:.2f} |")


def plain(data: Dataset, fused: bool) -> Variant:
    """A β-VAE as one writes it: images by index, torch's own random numbers and Adam."""
    height, width, channels = data.image_shape
    pixels = height * width * channels
    encoder = nn.Sequential(
        *(nn.Flatten(), nn.Linear(pixels, HIDDEN), nn.ReLU()),
        *(nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2 * LATENTS)),
    )
    decoder = nn.Sequential(
        *(nn.Linear(LATENTS, HIDDEN), nn.ReLU()),
        *(nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, pixels)),
        nn.Unflatten(1, (channels, height, width)),
    )
    parameters = [*encoder.parameters(), *decoder.parameters()]
    adam = torch.optim.Adam(parameters, lr=0.001, fused=fused or None)
    rng = np.random.default_rng(0)

    def advance(steps: int) -> int:
        for _ in range(steps):
            rows = rng.integers(0, len(data), BATCH)
            images = torch.from_numpy(data.images(rows, rng))
            seen = images.permute(0, 3, 1, 2).float() / 255
            mean, log_variance = encoder(seen).chunk(2, 1)
            logits = decoder(mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean))
            entropy = functional.binary_cross_entropy_with_logits(logits, seen, reduction="sum")
            kl = 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(1).mean()
            loss = entropy / BATCH + 4 * kl
            adam.zero_grad()
            loss.backward()
            adam.step()
            loss.item()
        return steps

    return advance


def serial(data: Dataset) -> Variant:
    """The loop that trains runs one by one."""
    model = models.model("beta_vae", beta=4)
    state = loop.start(model, TRAINING, data.image_shape, 0, "float32")
    states = loop.steps(model, TRAINING, data, 0, "float32", state)

    def advance(steps: int) -> int:
        for _ in range(steps):
            next(states)
        return steps

    return advance


def packed(data: Dataset, k: int) -> Variant:
    """A pack of k runs."""
    model = models.model("beta_vae", beta=4)
    members = [Member(model, seed) for seed in range(k)]
    pack = Pack(members, k, TRAINING, data, PackSettings(small=True))

    def advance(steps: int) -> int:
        done = 0
        while done < steps:
            count = min(64, steps - done)
            pack.advance(count)
            done += count
        return k * done

    return advance


if __name__ == "__main__":
    main()
