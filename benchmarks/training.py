"""Training steps per second: ours, serial and packed, a plain PyTorch loop, disent and pythae.

All use the same network (disentanglement_lib's), batch size (64), images, optimiser and learning
rate. Each variant runs in its own process (training_worker.py), which waits between its blocks, so
that blocks of all variants alternate and noise of the machine affects all of them. Prints an
estimate first, each block as it is measured, and ends at a hard end. Then prints Markdown: medians,
ratios, the share of the machine's matrix products and memory copies that is reached, and the time
for all 12,600 runs of the first study.

    python benchmarks/training.py                # 2 cores: serial, packed K = 1 and 4, plain loop
    python benchmarks/training.py --device cuda  # packed K = 1, 8, 32, 100, every method; 8 minutes
    python benchmarks/training.py --peer disent=PYTHON --peer pythae=PYTHON

PYTHON is the interpreter of an environment that has disent or pythae installed.
"""

import argparse
import contextlib
import itertools
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

from facsimile.planning import processor

HERE = Path(__file__).parent
RUNS_A_METHOD, STEPS, METHODS = 2_100, 300_000, 6  # 7 data sets × 6 values × 50 seeds
MALLOC = {  # as facsimile.planning.environment sets it for jobs
    "MALLOC_MMAP_THRESHOLD_": str(4 * 2**30),
    "MALLOC_TRIM_THRESHOLD_": str(8 * 2**30),
    "MALLOC_TOP_PAD_": str(256 * 2**20),
}
# Operations (multiply-adds × 2) of one training step of 64 images, network dlib, one channel: by
# torch's FlopCounterMode, and by hand.
GFLOP, DISCRIMINATOR_GFLOP = 5.271, 4.5
PARAMETERS, DISCRIMINATOR_PARAMETERS = 690_517, 5_018_002
ACTIVATIONS = 96_798 * 64  # values that a step leaves in memory; each is touched about six times


@dataclass
class Variant:
    """A variant of the worker with its options, number of processes and interpreter."""

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
        """Start its processes; they report when they are ready."""
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
            path = Path(tempfile.gettempdir()) / f"benchmark-{self.worker}.log"
            log = open(path, "a")  # noqa: SIM115 (the process keeps it)
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
        """Whether all its processes are ready before the deadline; if not, they are killed."""
        timer = threading.Timer(max(0.1, deadline - time.monotonic()), self.end)
        timer.start()
        try:
            return all(process.stdout.readline() for process in self.running)  # type: ignore[union-attr]
        finally:
            timer.cancel()

    def block(self, seconds: float) -> float | None:
        """Steps per second of all its processes together, over one block; None if one ended."""
        lines = []
        # A process that was killed reads and writes nothing more.
        with contextlib.suppress(BrokenPipeError):
            for process in self.running:
                process.stdin.write(f"{seconds}\n")  # type: ignore[union-attr]
                process.stdin.flush()  # type: ignore[union-attr]
            lines = [process.stdout.readline() for process in self.running]  # type: ignore[union-attr]
        if not lines or not all(lines):
            return None
        blocks = [json.loads(line) for line in lines]
        return sum(block["steps"] / block["seconds"] for block in blocks)

    def end(self) -> None:
        """End its processes."""
        for process in self.running:
            process.kill()


def on_cpu(peers: dict[str, str], models: list[str]) -> list[Variant]:
    """Variants for two cores: two processes of one thread; for peers also one of two threads."""
    others = {"plain": sys.executable, **peers}
    variants = [
        Variant(f"{name}, 2 processes", name, processes=2, python=python)
        for name, python in others.items()
    ]
    variants += [
        Variant(f"{name}, 2 threads", name, threads=2, python=python)
        for name, python in others.items()
    ]
    for model in models:
        variants += [
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
        variants += [
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
        variants.append(
            Variant(
                "packed K=4, float32, matrix, 2 processes", "packed", model, "float32", **matrix
            )
        )
    # Without instructions for them, products in bfloat16 take minutes and limit nothing.
    precisions = ["float32", "bf16"] if processor.has_bf16() else ["float32"]
    limits = [Variant(f"limit: {p} products", "gemm", precision=p, processes=2) for p in precisions]
    return [*variants, *limits, Variant("limit: copies", "copy", processes=2)]


def on_cuda(peers: dict[str, str], models: list[str]) -> list[Variant]:
    """Variants for one GPU: pack sizes and precisions for the first model, one for the others."""
    variants = [
        Variant(name, name, python=python)
        for name, python in {"plain": sys.executable, **peers}.items()
    ]
    first, *others = models
    variants += [
        Variant(f"packed K={k}, bf16, compiled", "packed", first, "bf16", k, compiled=True)
        for k in (1, 8, 32, 100)
    ]
    variants += [
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
    variants += [
        Variant("packed K=32, bf16, compiled", "packed", model, "bf16", 32, compiled=True)
        for model in others
    ]
    limits = [
        Variant(f"limit: {p} products", "gemm", precision=p) for p in ("float32", "tf32", "bf16")
    ]
    return [*variants, *limits, Variant("limit: copies", "copy")]


START = 20  # seconds that the start of a variant usually takes


def measure(
    variants: list[Variant],
    device: str,
    rounds: int,
    seconds: float,
    limit: float,
    minutes: float | None,
) -> pd.DataFrame:
    """Rate of each variant in each round; every block is printed as soon as it is measured.

    Variants that are not ready after ``limit`` seconds are left out. At the hard end, after
    ``minutes`` (by default three times the estimate), all processes are killed and the blocks so
    far are returned.
    """
    estimate = len(variants) * (START + rounds * seconds)
    allowed = 3 * estimate if minutes is None else 60 * minutes
    say(f"about {estimate / 60:.1f} minutes, {allowed / 60:.1f} at most: {len(variants)} variants")

    over = threading.Event()

    def end() -> None:
        over.set()
        for variant in variants:
            variant.end()

    hard_end = threading.Timer(allowed, end)
    hard_end.start()
    try:
        ready = started(variants, device, limit, over)
        rows = []
        for turn, variant in itertools.product(range(rounds), ready):
            if over.is_set():
                say("the time is up")
                break
            rate = variant.block(seconds)
            if rate is None:
                say(f"{variant.model}, {variant.name}: ended, as the time is up or it failed")
                continue
            say(f"round {turn + 1} of {rounds}, {variant.model}, {variant.name}: {rate:,.1f}")
            columns = {"model": variant.model, "variant": variant.name}
            columns |= {"precision": variant.precision, "round": turn, "per_second": rate}
            rows.append(columns)
        return pd.DataFrame(rows)
    finally:
        hard_end.cancel()
        end()


def started(
    variants: list[Variant], device: str, limit: float, over: threading.Event
) -> list[Variant]:
    """Start all variants until ``over`` is set; returns those ready after ``limit`` seconds."""
    # On a GPU compiling takes a minute each; on a CPU, simultaneous starts would slow each other.
    together = device == "cuda"
    began = time.monotonic()
    for variant in variants if together else []:
        variant.start(device)
    ready = []
    for variant in variants:
        if over.is_set():
            break
        if not together:
            began = time.monotonic()
            variant.start(device)
        is_ready = variant.ready(began + limit)
        state = "ready" if is_ready else "not ready, or failed,"
        say(f"{variant.model}, {variant.name}: {state} after {time.monotonic() - began:.0f} s")
        if is_ready:
            ready.append(variant)
    return ready


def say(line: str) -> None:
    """Report progress on standard error, at once."""
    print(line, file=sys.stderr, flush=True)


def report(rows: pd.DataFrame, gpu: bool, price: float | None) -> str:
    """Markdown: a row per variant, then the time for the whole study."""
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
        "| model | variant | model-steps/s (min-max) | ratio to plain "
        "| of the products' limit | of the copies' limit |",
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
    """Shares of the machine's products and copies that a rate reaches; copies are estimated."""
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
    """Hours of this machine for the 2,100 runs of each method at its best measured rate."""
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
        help="disent=PYTHON or pythae=PYTHON, the interpreter of an environment that has it",
    )
    parser.add_argument(
        "--only", nargs="+", default=[""], help="variants whose names contain one of these"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--seconds",
        type=float,
        default=None,
        help="length of a block; default 4 on a CPU, 1 on a GPU",
    )
    parser.add_argument(
        "--limit", type=float, default=300, help="seconds until variants must be ready"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        help="hard end; what was measured until then is reported; default 3 times the estimate",
    )
    parser.add_argument(
        "--price",
        type=float,
        help="price of an hour of this machine, in any currency; adds a column of costs",
    )
    parser.add_argument("--out", type=Path, help="every block, as CSV")
    arguments = parser.parse_args()
    peers = dict(pair.split("=", 1) for pair in arguments.peer)
    gpu = arguments.device == "cuda"
    models = arguments.model or (list(PARAMS) if gpu else ["beta_vae"])
    variants = on_cuda(peers, models) if gpu else on_cpu(peers, models)
    variants = [
        variant for variant in variants if any(part in variant.name for part in arguments.only)
    ]
    rows = measure(
        variants,
        arguments.device,
        arguments.rounds,
        arguments.seconds or (1.0 if gpu else 4.0),
        arguments.limit,
        arguments.minutes,
    )
    if rows.empty:
        sys.exit("nothing was measured: see the lines above")
    if arguments.out:
        rows.to_csv(arguments.out, index=False)
    print(report(rows, gpu, arguments.price))


if __name__ == "__main__":
    main()
