"""Time of a step of small bidirectional GRUs on one core: ours beside ``torch.nn.GRU``.

A step computes the outputs and the gradients of all parameters. Both variants have the same
weights, and their blocks alternate in one process on one thread, so that noise of the machine
affects both; CPU seconds are counted. Freed memory is kept, as jobs keep it. Prints Markdown:
medians, and the median over rounds of the ratio with its quartiles.

    python benchmarks/recurrent.py [--rounds 15]
"""

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from torch import Tensor, nn

from facsimile.models.base import recurrent
from facsimile.planning import environment

STEPS = 20  # of a block
LENGTH, LAYERS = 24, 3
# Series of a batch, features, and units of a layer: KoVAE's, and others.
SIZES = ((64, 6, 20), (1, 6, 20), (256, 6, 20), (64, 6, recurrent.MOST_UNITS))


def main() -> None:
    """Measure both variants at all sizes, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    environment.keep_freed_memory()
    print(
        f"{LAYERS} layers in both directions, series of {LENGTH} steps; "
        f"{torch.backends.cpu.get_cpu_capability()}\n"
    )
    print("| batch | features | units | torch, ms | ours, ms | torch / ours | quartiles |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for batch, features, hidden in SIZES:
        theirs, ours = times(batch, features, hidden, rounds)
        low, middle, high = np.quantile(theirs / ours, [0.25, 0.5, 0.75])
        print(
            f"| {batch} | {features} | {hidden} "
            f"| {1e3 * np.median(theirs):.1f} | {1e3 * np.median(ours):.1f} "
            f"| {middle:.2f} | {low:.2f} to {high:.2f} |",
            flush=True,
        )


def times(
    batch: int,
    features: int,
    hidden: int,
    rounds: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return seconds of a step of torch's module, and of ours, in each round."""
    module = nn.GRU(features, hidden, LAYERS, bidirectional=True, batch_first=True)
    recurrent.initialise(module, 0, "benchmark")
    x = torch.rand(batch, LENGTH, features)
    variants = (lambda: module(x)[0], lambda: recurrent.gru(module, x))
    measured = [[seconds(variant, module) for variant in variants] for _ in range(rounds + 1)]
    # The first round allocates memory.
    theirs, ours = np.array(measured[1:]).T
    return theirs, ours


def seconds(
    outputs: Callable[[], Tensor],
    module: nn.Module,
) -> float:
    """CPU seconds of a step."""
    parameters = list(module.parameters())
    began = time.process_time()
    for _ in range(STEPS):
        torch.autograd.grad(outputs().square().sum(), parameters)
    return (time.process_time() - began) / STEPS


if __name__ == "__main__":
    main()
