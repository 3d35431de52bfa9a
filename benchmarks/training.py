"""Steps per second: ours against a plain PyTorch loop with a DataLoader, side by side in one run.

Same network, batch, data set, optimiser settings and number of processes. Each variant is a process of its own that is stopped
between its blocks, so that blocks of all variants alternate and a noisy machine is noisy for all. Prints a Markdown table of
medians and ratios.

    python benchmarks/training.py [--model beta_vae] [--rounds 5] [--seconds 4] [--out benchmarks/results/training.csv]
"""

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

BATCH = 64
MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_TOP_PAD_": "268435456",
}


def plain(model: str, threads: int) -> Iterator[None]:
    """The loop that one writes in an afternoon: DataLoader with shuffling, float32, torch's own Adam."""
    import torch
    from torch.utils.data import DataLoader, Dataset

    from facsimile import datasets, models, networks

    torch.set_num_threads(threads)
    data = datasets.dataset("dsprites", Path("results/data/dsprites.h5"))

    class Images(Dataset):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return len(data)

        def __getitem__(self, index: int) -> Any:
            image = data.images([index])[0]
            return torch.from_numpy(image).permute(2, 0, 1).float() / 255

    made = model_of(models, model)
    nets = made.networks(data.image_shape, 10, "dlib")
    for group, network in nets.items():
        networks.initialise(network, 0, group)
    optimisers = {group: torch.optim.Adam(network.parameters(), lr=1e-4) for group, network in nets.items()}
    declared = made.draws(BATCH, 10)
    step = 0
    while True:
        for images in DataLoader(Images(), batch_size=BATCH, shuffle=True, drop_last=True):
            noise = {
                name: torch.randn(draw.shape) if draw.kind == "normal" else torch.rand(draw.shape).argsort(0)
                for name, draw in declared.items()
            }
            losses = made.losses(nets, images, noise, step)
            gradients = {
                group: torch.autograd.grad(loss, list(nets[group].parameters()), retain_graph=len(nets) > 1)
                for group, loss in losses.minimise.items()
            }
            for group, optimiser in optimisers.items():
                for parameter, gradient in zip(nets[group].parameters(), gradients[group], strict=True):
                    parameter.grad = gradient
                optimiser.step()
            step += 1
            yield


def ours(model: str, threads: int, precision: str = "auto") -> Iterator[None]:
    """The project's serial execution, as a job runs it."""
    import torch

    from facsimile import datasets, machine, models, train
    from facsimile.studyfile import Adam, Training

    torch.set_num_threads(threads)
    data = datasets.dataset("dsprites", Path("results/data/dsprites.h5"))
    training = Training(steps=10**9, batch_size=BATCH, latents=10, network="dlib", adam=Adam(lr=0.0001))
    made = model_of(models, model)
    used = machine.precision(precision)
    state = train.start(made, training, data.image_shape, 0, used)
    for _ in train.steps(made, training, data, 0, used, state):
        yield


def ours_float32(model: str, threads: int) -> Iterator[None]:
    """The same in float32."""
    return ours(model, threads, "float32")


VARIANTS = {  # name: (loop, processes, threads a process, malloc settings)
    "plain loop, DataLoader, 2 threads": (plain, 1, 2, False),
    "plain loop, DataLoader, 2 processes": (plain, 2, 1, False),
    "ours, float32, 2 processes": (ours_float32, 2, 1, True),
    "ours, auto precision, 2 processes": (ours, 2, 1, True),
}
PARAMS = {
    "beta_vae": {"beta": 4},
    "factor_vae": {"gamma": 30},
    "dip_vae_i": {"lambda_od": 5, "lambda_d_factor": 10},
    "dip_vae_ii": {"lambda_od": 5, "lambda_d_factor": 1},
    "beta_tc_vae": {"beta": 4},
    "annealed_vae": {"c_max": 25, "gamma": 1000, "iteration_threshold": 100000},
}


def model_of(models: Any, name: str) -> Any:
    """The named model with middle hyper-parameters of the study."""
    return models.model(name, **PARAMS[name])


def work(loop: Any, model: str, threads: int, go: Any, pipe: Any) -> None:
    """One process: make steps while the gate is open, then say how many and how long they took."""
    steps = loop(model, threads)
    for _ in range(3):
        next(steps)
    pipe.send("ready")
    while True:
        go.wait()
        count, began = 0, time.perf_counter()
        while go.is_set():
            next(steps)
            count += 1
        pipe.send((count, time.perf_counter() - began))


def measure(model: str, rounds: int, seconds: float) -> pd.DataFrame:
    """Steps per second of each variant in each round."""
    context = multiprocessing.get_context("spawn")
    running = {name: _start(context, model, *variant) for name, variant in VARIANTS.items()}
    rows = []
    for turn in range(rounds):
        for name, (go, pipes, _) in running.items():
            go.set()
            time.sleep(seconds)
            go.clear()
            rate = sum(count / took for count, took in (pipe.recv() for pipe in pipes))
            rows.append({"model": model, "variant": name, "round": turn, "steps_per_second": rate})
    for _, _, processes in running.values():
        for process in processes:
            process.terminate()
    return pd.DataFrame(rows)


def _start(context: Any, model: str, loop: Any, count: int, threads: int, malloc: bool) -> Any:
    settings = {"OMP_NUM_THREADS": str(threads)} | (MALLOC if malloc else {})
    before = {key: os.environ.get(key) for key in settings}
    os.environ.update(settings)
    go, pipes, processes = context.Event(), [], []
    for _ in range(count):
        mine, theirs = context.Pipe()
        process = context.Process(target=work, args=(loop, model, threads, go, theirs), daemon=True)
        process.start()
        pipes.append(mine)
        processes.append(process)
    for pipe in pipes:
        pipe.recv()
    for key, value in before.items():
        os.environ.pop(key) if value is None else os.environ.update({key: value})
    return go, pipes, processes


def report(rows: pd.DataFrame) -> str:
    """Markdown: medians over rounds, spread, and ratio to the plain loop."""
    lines = ["| model | variant | steps/s (min-max) | ratio |", "|---|---|---|---|"]
    for model, group in rows.groupby("model", sort=False):
        base = None
        for variant, values in group.groupby("variant", sort=False)["steps_per_second"]:
            middle = statistics.median(values)
            base = base or middle
            lines.append(
                f"| {model} | {variant} | {middle:.1f} ({values.min():.1f}-{values.max():.1f}) | {middle / base:.2f} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", nargs="+", default=["beta_vae"], choices=list(PARAMS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows = pd.concat([measure(model, arguments.rounds, arguments.seconds) for model in arguments.model], ignore_index=True)
    if arguments.out:
        rows.to_csv(arguments.out, index=False)
    print(report(rows))


if __name__ == "__main__":
    main()
