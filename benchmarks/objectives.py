"""Time one step of variational inference on the noisy cone: ours and Pyro's, alternating.

    pip install pyro-ppl && OMP_NUM_THREADS=1 python benchmarks/objectives.py

Both run in one process and take the same stochastic gradient steps of the same guide: ELBO with 64
samples, IWELBO with 5 particles and one sample, as in the scripts behind Table 4 of Becker et al.
(2024). Times depend on the machine; compare ratios.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyro
import torch
from pyro import distributions as dist
from pyro.infer import SVI, RenyiELBO, Trace_ELBO

from facsimile import datasets, models
from facsimile.studies.training import Training
from facsimile.training import loop

RESULT = Path(__file__).parent / "results" / "objectives.md"
BLOCK, BLOCKS, WARM = 100, 7, 100
OBJECTIVES = {"ELBO, 64 samples": (1, 64, 0.0), "IWELBO, 5 particles": (5, 1, 3.0)}


def ours(particles: int, batch: int, start: float) -> Iterator[object]:
    """Steps of the training loop, including random numbers and history."""
    settings = {"steps": 10**6, "batch_size": batch, "latents": 2, "sgd": {"lr": 0.001}}
    model, training = (
        models.model("cone_mean_field", particles=particles, start_x=start),
        Training.model_validate(settings),
    )
    with tempfile.TemporaryDirectory() as folder:
        data = datasets.dataset("cone", Path(folder) / "cone.h5")
    state = loop.start(model, training, loop.shape_of(model, data), 0, "float32")
    return loop.steps(model, training, data, 0, "float32", state)


def theirs(particles: int, batch: int, start: float) -> Iterator[object]:
    """Steps of Pyro's SVI with vectorised particles and Pyro's gradient descent."""
    pyro.clear_param_store()
    names = [f"{kind}_{particles}" for kind in ("mean", "scale")]
    loss = (
        Trace_ELBO(batch, vectorize_particles=True)
        if particles == 1
        else RenyiELBO(0, particles, vectorize_particles=True)
    )

    def model() -> None:
        x, y = (pyro.sample(name, dist.Normal(0.0, 10.0)) for name in "xy")
        square = x**2 + y**2
        pyro.sample("z", dist.Normal(square, 0.1 + square / 100), obs=torch.tensor(5.0))

    def guide() -> None:
        mean = pyro.param(names[0], torch.tensor([start, 0.0]))
        scale = pyro.param(names[1], torch.tensor([1.0, 1.0])).exp()
        for i, name in enumerate("xy"):
            pyro.sample(name, dist.Normal(mean[i], scale[i]))

    svi = SVI(model, guide, pyro.optim.SGD({"lr": 0.001}), loss)
    while True:
        yield svi.step()


def seconds(steps: Iterator[object], count: int) -> float:
    """Wall time of ``count`` steps in seconds."""
    began = time.perf_counter()
    for _ in range(count):
        next(steps)
    return time.perf_counter() - began


def measured(particles: int, batch: int, start: float) -> tuple[float, float, float]:
    """Milliseconds per step (ours, theirs) and their ratio: medians of alternating blocks."""
    makers: list[Callable[[int, int, float], Iterator[object]]] = [ours, theirs]
    both = [make(particles, batch, start) for make in makers]
    for steps in both:
        seconds(steps, WARM)
    blocks = [[seconds(steps, BLOCK) / BLOCK * 1000 for steps in both] for _ in range(BLOCKS)]
    first, second = (statistics.median(column) for column in zip(*blocks, strict=True))
    return first, second, statistics.median(theirs / ours for ours, theirs in blocks)


def main() -> None:
    """Measure, print and write the table."""
    torch.set_num_threads(1)
    lines = [
        "| objective | ours, ms per step | Pyro, ms per step | ratio |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, setting in OBJECTIVES.items():
        first, second, ratio = measured(*setting)
        lines.append(f"| {name} | {first:.2f} | {second:.2f} | {ratio:.1f} |")
    about = (
        f"Pyro {pyro.__version__}, torch {torch.__version__}, one thread; "
        f"medians of {BLOCKS} alternating blocks of {BLOCK} steps."
    )
    text = "\n".join(
        ["# A step of variational inference on the noisy cone", "", *lines, "", about, ""]
    )
    RESULT.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
