"""Steps per second of training: ours, serial and packed, against a plain PyTorch loop, disent and pythae, side by side.

Same network (disentanglement_lib's), batch of 64, images, optimiser and learning rate. Each variant is a process of its own
(training_worker.py) that is stopped between its blocks, so that blocks of all variants alternate and a noisy machine is noisy
for all. Prints Markdown: medians, ratios, the share of the machine's own products and copies that is reached, and what all
12,600 runs of the first study would take.

    python benchmarks/training.py                       # on 2 cores: serial, packed K = 1 and 4, a plain loop
    python benchmarks/training.py --device cuda         # packed K = 1, 8, 32, 100, every method; 8 minutes at most
    python benchmarks/training.py --peer disent=/path/to/python --peer pythae=/path/to/python    # of their environments

"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).parent
RUNS_A_METHOD, STEPS, METHODS = 2_100, 300_000, 6  # 7 data sets × 6 values × 50 seeds
MALLOC = {  # as facsimile.planning.environment sets it for jobs
    "MALLOC_MMAP_THRESHOLD_": str(4 * 2**30),
    "MALLOC_TRIM_THRESHOLD_": str(8 * 2**30),
    "MALLOC_TOP_PAD_": str(256 * 2**20),
}
# Multiply-adds ×2 of one training step of 64 images, network dlib, one channel: torch's FlopCounterMode, and by hand.
GFLOP, DISCRIMINATOR_GFLOP = 5.271, 4.5
PARAMETERS, DISCRIMINATOR_PARAMETERS = 690_517, 5_018_002
ACTIVATIONS = 96_798 * 64  # values that a step leaves in memory; each is touched about six times


@dataclass
class Variant:
    """What is run: the worker's variant and options, on how many processes, by which interpreter."""

    name: str
    worker: str
    model: str = "beta_vae"
    precision: str = "auto"
    k: int = 1
    compiled: bool = False
    convolutions: str = "grouped"
    threads: int = 1
    processes: int = 1
    malloc: bool = False
    python: str = sys.executable
    running: list["subprocess.Popen[str]"] = field(default_factory=list)

    def start(self, device: str) -> None:
        """Start its processes; they say so when they are ready."""
        options = [
            "--model",
            self.model,
            "--device",
            device,
            "--precision",
            self.precision,
            "--k",
            str(self.k),
        ]
        options += ["--threads", str(self.threads)] + ["--compiled"] * self.compiled
        options += ["--convolutions", self.convolutions]
        command = [self.python, str(HERE / "training_worker.py"), self.worker, *options]
        settings = (
            os.environ | {"OMP_NUM_THREADS": str(self.threads)} | (MALLOC if self.malloc else {})
        )
        if self.python == sys.executable:
            settings["PYTHONPATH"] = str(HERE.parent / "workflow")
        for _ in range(self.processes):
            log = open(Path(tempfile.gettempdir()) / f"benchmark-{self.worker}.log", "a")  # noqa: SIM115 (the process keeps it)
            self.running.append(
                subprocess.Popen(
                    command,
                    text=True,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    env=settings,
                )
            )

    def ready(self, deadline: float) -> bool:
        """Whether all its processes got ready before the deadline; those of others are ended."""
        timer = threading.Timer(max(0.1, deadline - time.monotonic()), self.end)
        timer.start()
        try:
            return all(process.stdout.readline() for process in self.running)  # type: ignore[union-attr]
        finally:
            timer.cancel()

    def block(self, seconds: float) -> float:
        """Steps per second of all its processes together, over one block."""
        for process in self.running:
            process.stdin.write(f"{seconds}\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
        answers = [json.loads(process.stdout.readline()) for process in self.running]  # type: ignore[union-attr]
        return sum(answer["steps"] / answer["seconds"] for answer in answers)

    def end(self) -> None:
        """End its processes."""
        for process in self.running:
            process.kill()


def on_cpu(peers: dict[str, str], models: list[str]) -> list[Variant]:
    """Two cores: two processes of one thread, for what others do also one of two threads; and packs, which lose there."""
    others = {"plain": sys.executable, **peers}
    found = [
        Variant(f"{name}, 2 processes", name, processes=2, python=python)
        for name, python in others.items()
    ]
    found += [
        Variant(f"{name}, 2 threads", name, threads=2, python=python)
        for name, python in others.items()
    ]
    for model in models:
        found += [
            Variant(
                f"serial, {precision}, 2 processes",
                "serial",
                model,
                precision,
                processes=2,
                malloc=True,
            )
            for precision in ("float32", "auto")
        ]
        found += [
            Variant(
                f"packed K={k}, float32, 2 processes",
                "packed",
                model,
                "float32",
                k,
                processes=2,
                malloc=True,
            )
            for k in (1, 4)
        ]
        matrix = {"k": 4, "processes": 2, "malloc": True, "convolutions": "matrix"}
        found.append(
            Variant(
                "packed K=4, float32, matrix, 2 processes", "packed", model, "float32", **matrix
            )
        )
    limits = [
        Variant(f"limit: {p} products", "gemm", precision=p, processes=2)
        for p in ("float32", "bf16")
    ]
    return [*found, *limits, Variant("limit: copies", "copy", processes=2)]


def on_cuda(peers: dict[str, str], models: list[str]) -> list[Variant]:
    """One GPU: the size of the pack and the precision for the first model, one size for the others."""
    found = [
        Variant(name, name, python=python)
        for name, python in {"plain": sys.executable, **peers}.items()
    ]
    first, *others = models
    found += [
        Variant(f"packed K={k}, bf16, compiled", "packed", first, "bf16", k, compiled=True)
        for k in (1, 8, 32, 100)
    ]
    found += [
        Variant("packed K=32, bf16, graph alone", "packed", first, "bf16", 32),
        Variant(
            "packed K=32, bf16, compiled, matrix",
            "packed",
            first,
            "bf16",
            32,
            compiled=True,
            convolutions="matrix",
        ),
        Variant(
            "packed K=100, bf16, compiled, matrix",
            "packed",
            first,
            "bf16",
            100,
            compiled=True,
            convolutions="matrix",
        ),
        Variant("packed K=32, tf32, compiled", "packed", first, "tf32", 32, compiled=True),
        Variant("packed K=32, float32, compiled", "packed", first, "float32", 32, compiled=True),
    ]
    found += [
        Variant("packed K=32, bf16, compiled", "packed", model, "bf16", 32, compiled=True)
        for model in others
    ]
    limits = [
        Variant(f"limit: {p} products", "gemm", precision=p) for p in ("float32", "tf32", "bf16")
    ]
    return [*found, *limits, Variant("limit: copies", "copy")]


def measure(
    variants: list[Variant], device: str, rounds: int, seconds: float, limit: float
) -> pd.DataFrame:
    """Rate of each variant in each round; those that are not ready after ``limit`` seconds are left out, and named."""
    together = (
        device == "cuda"
    )  # compiling takes a minute each; on a processor, starts would only be in each other's way
    began = time.monotonic()
    for variant in variants if together else []:
        variant.start(device)
    ready = []
    try:
        for variant in variants:
            if not together:
                began = time.monotonic()
                variant.start(device)
            if variant.ready(began + limit):
                ready.append(variant)
        for variant in variants:
            if variant not in ready:
                print(
                    f"not ready after {limit:.0f} s, or failed: {variant.model}, {variant.name}",
                    file=sys.stderr,
                )
        rows = []
        for turn in range(rounds):
            for variant in ready:
                about = {
                    "model": variant.model,
                    "variant": variant.name,
                    "precision": variant.precision,
                    "round": turn,
                }
                rows.append(about | {"per_second": variant.block(seconds)})
        return pd.DataFrame(rows)
    finally:
        for variant in variants:
            with contextlib.suppress(OSError):
                variant.end()


def report(rows: pd.DataFrame, gpu: bool, price: float | None) -> str:
    """Markdown: a row a variant, then what the whole study would take."""
    middles = {
        key: statistics.median(part["per_second"])
        for key, part in rows.groupby(["model", "variant"], sort=False)
    }
    limits = {
        variant: rate for (_, variant), rate in middles.items() if variant.startswith("limit")
    }
    base = next(
        (rate for (_, variant), rate in middles.items() if variant.startswith("plain")), None
    )
    lines = [
        "| model | variant | model-steps/s (min-max) | ratio to plain | of the products' limit | of the copies' limit |",
        "|---|---|---|---|---|---|",
    ]
    for (model, variant), part in rows.groupby(["model", "variant"], sort=False):
        rate, low, high = (
            middles[model, variant],
            part["per_second"].min(),
            part["per_second"].max(),
        )
        if variant.startswith("limit"):
            continue
        ratio = f"{rate / base:.2f}" if base and model == "beta_vae" else ""
        shares = _shares(model, variant, rate, limits)
        lines.append(
            f"| {model} | {variant} | {rate:,.1f} ({low:,.1f}-{high:,.1f}) | {ratio} | {shares} |"
        )
    lines += [
        "",
        *(
            f"{name}: {rate:,.0f} {'GB/s' if 'copies' in name else 'GFLOP/s'}"
            for name, rate in limits.items()
        ),
    ]
    return "\n".join([*lines, "", *_study(middles, gpu, price)])


def _shares(model: str, variant: str, rate: float, limits: dict[str, float]) -> str:
    """Share of the machine's products and copies that a rate of steps stands for; copies by an estimate of the traffic."""
    precision = next((p for p in ("float32", "tf32", "bf16") if p in variant), "float32")
    if "auto" in variant:
        precision = (
            "bf16"
            if limits.get("limit: bf16 products", 0)
            > 1.5 * limits.get("limit: float32 products", 1)
            else "float32"
        )
    other = model == "factor_vae"
    flops = GFLOP + DISCRIMINATOR_GFLOP * other
    size = 2 if precision == "bf16" else 4
    traffic = (
        32 * (PARAMETERS + DISCRIMINATOR_PARAMETERS * other) + 6 * size * ACTIVATIONS
    )  # 32: weight, two moments, gradient
    products, copies = limits.get(f"limit: {precision} products"), limits.get("limit: copies")
    return (
        f"{rate * flops / products:.0%} | {rate * traffic / 1e9 / copies:.0%}"
        if products and copies
        else " | "
    )


def _study(middles: dict[Any, float], gpu: bool, price: float | None) -> list[str]:
    """Hours of this machine for the 2,100 runs of each method, at the best rate measured for it."""
    best: dict[str, float] = {}
    for (model, variant), rate in middles.items():
        if variant.startswith(("serial", "packed")):
            best[model] = max(rate, best.get(model, 0.0))
    hours = {model: RUNS_A_METHOD * STEPS / rate / 3600 for model, rate in best.items()}
    cost = (lambda h: f" | {h * price:,.0f}") if price is not None else (lambda h: "")
    unit, column = "GPU" if gpu else "machine", " | cost" if price is not None else ""
    lines = [
        f"| method | best model-steps/s | {unit}-hours for 2,100 runs of 300,000 steps{column} |",
        "|---|---|---" + ("|---|" if price is not None else "|"),
        *(
            f"| {model} | {best[model]:,.1f} | {hours[model]:,.1f}{cost(hours[model])} |"
            for model in best
        ),
    ]
    if len(best) == METHODS:
        total = sum(hours.values())
        lines.append(f"| all 12,600 runs | | {total:,.1f}{cost(total)} |")
    return [*lines, "", "One channel throughout; images of three cost 1.11 times the products."]


def main() -> None:
    """Measure and print."""
    from training_worker import PARAMS

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument(
        "--model",
        nargs="+",
        choices=list(PARAMS),
        help="default: beta_vae on a CPU, every method on a GPU",
    )
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        help="disent=PYTHON or pythae=PYTHON, of an environment that has it",
    )
    parser.add_argument(
        "--only", nargs="+", default=[""], help="variants whose names contain one of these"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--seconds", type=float, default=None, help="of a block; default 4 on a CPU, 1 on a GPU"
    )
    parser.add_argument(
        "--limit", type=float, default=300, help="seconds that variants have to get ready"
    )
    parser.add_argument(
        "--price",
        type=float,
        help="of an hour of this machine, in any currency, for the column of costs",
    )
    parser.add_argument("--out", type=Path, help="every block, as CSV")
    given = parser.parse_args()
    peers = dict(pair.split("=", 1) for pair in given.peer)
    gpu = given.device == "cuda"
    models = given.model or (list(PARAMS) if gpu else ["beta_vae"])
    variants = on_cuda(peers, models) if gpu else on_cpu(peers, models)
    variants = [variant for variant in variants if any(part in variant.name for part in given.only)]
    rows = measure(
        variants, given.device, given.rounds, given.seconds or (1.0 if gpu else 4.0), given.limit
    )
    if given.out:
        rows.to_csv(given.out, index=False)
    print(report(rows, gpu, given.price))


if __name__ == "__main__":
    main()
