"""Model-steps per second, memory, and the limits of the device."""

import resource
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import torch
from training import ACTIVATIONS, GFLOP, PARAMETERS, RUNS_A_METHOD, STEPS
from training_worker import PARAMS, our_data, our_training

from facsimile.training import machine
from facsimile.training.pack import BLOCK, Member, Pack, PackSettings
from gpu.check import NO_TIME, Check, Row
from gpu.small_runs import new_model

# Runs per pack, and how their convolutions are computed, whose speed is measured.
PACKS = {
    "cuda": (
        (1, "grouped"),
        (8, "grouped"),
        (8, "matrix"),
        (32, "matrix"),
        (32, "grouped"),
        (100, "matrix"),
        (100, "grouped"),
    ),
    "cpu": ((1, "grouped"), (2, "grouped")),
}


def speed(check: Check) -> Iterator[Row]:
    """Limits of the device, then model-steps per second, memory and shares of these limits."""
    precision = machine.precision("auto", check.device.type)
    products, copies = _products(check, precision), _copies(check)
    yield {"precision": precision, "products_gflops": products, "copies_gbs": copies}
    rates: dict[str, float] = {}
    for k, convolutions in PACKS[check.device.type]:
        row = yield from _timed(check, "beta_vae", k, precision, convolutions)
        if row is None:
            continue
        rate = row["model_steps_per_second"]
        if convolutions == "grouped":  # as runs are trained
            check.rates[k] = rate
        rates["beta_vae"] = max(rate, rates.get("beta_vae", 0.0))
        size = 2 if precision == "bf16" else 4
        traffic = 32 * PARAMETERS + 6 * size * ACTIVATIONS
        yield row | {
            "of_products": rate * GFLOP / products,
            "of_copies": rate * traffic / 1e9 / copies,
        }
    if not check.on_gpu:
        yield {"not_done": "K = 8, 32, 100: a step of K runs takes a processor K times as long"}
    for name in list(PARAMS)[1:]:
        row = yield from _timed(check, name, 32 if check.on_gpu else 1, precision)
        if row is not None:
            rates[name] = row["model_steps_per_second"]
            yield row
    yield _hours(rates)


def _timed(
    check: Check,
    name: str,
    k: int,
    precision: str,
    convolutions: str = "grouped",
) -> Any:
    """Measure a pack and return the row; if it cannot be measured, yield why and return None."""
    row: Row = {"method": name, "runs": k, "convolutions": convolutions}
    if check.left() < 0:
        yield row | {"not_done": NO_TIME}
        return None
    try:
        return row | _measured(check, name, k, precision, convolutions)
    except Exception as problem:  # the others are measured all the same
        traceback.print_exc()
        first_line = str(problem).partition("\n")[0]
        yield row | {"ok": False, "problem": f"{type(problem).__name__}: {first_line}"}
        return None


def _measured(check: Check, name: str, k: int, precision: str, convolutions: str) -> Row:
    if check.on_gpu:
        torch.cuda.reset_peak_memory_stats()
    began = time.perf_counter()
    model = new_model(name)
    settings = PackSettings(
        check.device, precision, compiled=check.on_gpu, convolutions=convolutions
    )
    members = [Member(model, seed) for seed in range(k)]
    pack = Pack(members, k, our_training(), our_data(), settings)
    pack.advance(1)
    start = time.perf_counter() - began
    count = BLOCK if check.on_gpu else 1
    began, steps = time.perf_counter(), 0
    while time.perf_counter() - began < 3:
        pack.advance(count)
        steps += count
    seconds = time.perf_counter() - began
    return {
        "model_steps_per_second": steps * k / seconds,
        "step_ms": 1e3 * seconds / steps,
        "start_seconds": start,
        "megabytes": _megabytes(check),
    }


def _megabytes(check: Check) -> float:
    """Most memory in use so far: of the GPU by this pack, else of this process."""
    if check.on_gpu:
        return torch.cuda.max_memory_allocated() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def _hours(rates: dict[str, float]) -> Row:
    """Hours of this machine for the 2,100 runs of each method, at the measured rates."""
    if not rates:
        return {"not_done": "hours for 12,600 runs: no speed was measured"}
    unknown = [name for name in PARAMS if name not in rates]
    slowest = min(rates.values())
    seconds = [RUNS_A_METHOD * STEPS / rates.get(name, slowest) for name in PARAMS]
    note = f"{', '.join(unknown)}: at the slowest measured rate" if unknown else "all measured"
    return {"hours_for_12600_runs": sum(seconds) / 3600, "methods": note}


def _products(check: Check, precision: str) -> float:
    """GFLOP/s of products of large matrices."""
    side = 8192 if check.on_gpu else 2048
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = (torch.randn(side, side, device=check.device, dtype=dtype) for _ in range(2))
    return _repeated(check, lambda: torch.mm(a, b)) * 2 * side**3 / 1e9


def _copies(check: Check) -> float:
    """GB/s of copies of 256 MB, bytes read and written."""
    source = torch.ones(2**26, device=check.device)
    target = torch.empty_like(source)
    return _repeated(check, lambda: target.copy_(source)) * 2 * source.nbytes / 1e9


def _repeated(check: Check, work: Callable[[], Any]) -> float:
    """How often per second, over one second."""
    times = 10 if check.on_gpu else 1
    work()
    check.waited()
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < 1:
        for _ in range(times):
            work()
        check.waited()
        count += times
    return count / (time.perf_counter() - began)
