"""Everything that a machine with a GPU has to show, in one command with a hard end.

    python benchmarks/gpu_check.py --minutes 8            # a GPU, or else the processor
    python benchmarks/gpu_check.py --device cpu --minutes 1
    python benchmarks/gpu_check.py --write-cpu-scores     # benchmarks/results/cpu_scores.csv

Parts, in this order: the device and versions; a pack against a plain loop over one run in float64;
bits that depend on neither slot nor other runs; a killed and resumed job; scores against those of a
processor (cpu_scores.csv); speed, memory and the hours for all 12,600 runs of the first study; then
runs of the paper's setting on dSprites for the minutes that remain. The same command continues
these runs.

Every row is printed, and appended to OUT/gpu_check.jsonl, as soon as it is known, so that a check
that is cut off still tells something. The last rows say what could not be done and why. The exit
status is 0 if no check failed, 1 if one did, 2 at the hard end.
"""

import argparse
import csv
import json
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "workflow")]

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import Tensor  # noqa: E402
from training import ACTIVATIONS, GFLOP, PARAMETERS, RUNS_A_METHOD, STEPS  # noqa: E402
from training_worker import PARAMS, our_data, our_training  # noqa: E402

import facsimile  # noqa: E402
from facsimile import datasets, models  # noqa: E402
from facsimile.foundation import canonical  # noqa: E402
from facsimile.models.base import networks  # noqa: E402
from facsimile.planning import config  # noqa: E402
from facsimile.planning.workspace import Workspace  # noqa: E402
from facsimile.store import files, latents, records  # noqa: E402
from facsimile.studies.runs import Run, Shard  # noqa: E402
from facsimile.studies.training import Adam, Training  # noqa: E402
from facsimile.training import batches, encode_shard, loop, machine, train_shard  # noqa: E402
from facsimile.training.pack import BLOCK, Member, Pack, PackSettings  # noqa: E402

Row = dict[str, Any]
CPU_SCORES = HERE / "results" / "cpu_scores.csv"
NO_TIME = "its share of the time is used up"
STUDY, SCALE, DATASET = "locatello2019", "paper", "dsprites"
SMALL = Training(steps=100, batch_size=8, latents=4, network="dlib", adam=Adam(lr=0.001))
# Largest relative differences between a pack and a plain loop in float64.
LOSS_LIMIT, GRADIENT_LIMIT = 1e-12, 1e-10
SEEDS = 24  # of the scores of a processor
FASTEST = {"cuda": (1, 8, 32, 100), "cpu": (1, 2)}  # runs per pack whose speed is measured
# Part -> the share of the time that is gone at its end.
SHARES = {
    "device": 0.02,
    "float64": 0.2,
    "bits": 0.35,
    "resumed": 0.5,
    "agreement": 0.65,
    "speed": 0.8,
    "paper_runs": 1.0,
}
HARD_END = 20  # seconds after the minutes, then the process ends whatever it does
SAVING = 15  # seconds left for the last checkpoint and for scores


class Check:
    """Where results go, and how much time is left."""

    def __init__(self, device: str, minutes: float, out: Path) -> None:
        self.device = torch.device(device)
        self.seconds = 60 * minutes
        self.began = time.monotonic()
        self.part_end = 0.0
        self.out = out
        self.failed = 0
        self.missing: list[str] = []
        self.rates: dict[int, float] = {}  # runs in a pack -> model-steps/s of β-VAE
        out.mkdir(parents=True, exist_ok=True)

    @property
    def on_gpu(self) -> bool:
        """Whether the device is a GPU."""
        return self.device.type == "cuda"

    def begin(self, part: str) -> None:
        """Begin a part; what earlier parts did not need is added to its time."""
        self.part_end = self.began + SHARES[part] * self.seconds

    def left(self) -> float:
        """Seconds until the time of this part is up."""
        return self.part_end - time.monotonic()

    def write(self, part: str, row: Row) -> None:
        """Print a row and append it to the file of results."""
        if row.get("ok") is False:
            self.failed += 1
        if "not_done" in row:
            which = [str(row[key]) for key in ("method", "precision", "convolutions") if key in row]
            if "runs" in row:
                which.append(f"K = {row['runs']}")
            self.missing.append(", ".join([part, *which]) + f": {row['not_done']}")
        line = {"part": part, **row}
        print("  ".join(f"{name}={_short(value)}" for name, value in line.items()), flush=True)
        with open(self.out / "gpu_check.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def waited(self) -> None:
        """Wait for the device."""
        if self.on_gpu:
            torch.cuda.synchronize()


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def device(check: Check) -> Iterator[Row]:
    """Device and versions."""
    row: Row = {
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
    }
    if not check.on_gpu:
        yield row | {"device": "cpu", "capability": torch.backends.cpu.get_cpu_capability()}
        yield {"not_done": "no GPU: nothing below says anything about one"}
        return
    properties = torch.cuda.get_device_properties(0)
    yield row | {
        "device": properties.name,
        "gigabytes": properties.total_memory / 1e9,
        "capability": f"{properties.major}.{properties.minor}",
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "bf16": torch.cuda.is_bf16_supported(including_emulation=False),
    }


def float64(check: Check) -> Iterator[Row]:
    """First step of a pack of two runs against a plain loop over one run, for every method."""
    data = _toy(check)
    for convolutions in ("grouped", "matrix"):
        for name in PARAMS:
            row: Row = {"method": name, "convolutions": convolutions}
            if check.left() < 0:
                yield row | {"not_done": NO_TIME}
                continue
            yield row | _differences(check, _model(name), data, convolutions)


def _differences(check: Check, model: Any, data: Any, convolutions: str) -> Row:
    expected_loss, expected = _alone(model, 4, data)
    settings = PackSettings(check.device, "float64", convolutions=convolutions)
    pack = Pack([Member(model, 3), Member(model, 4)], 3, SMALL, data, settings)
    loss = float(pack.advance(1).terms["loss"][0, 1])
    gradients = _gradients(pack, model, 1)
    loss_error = abs(loss - expected_loss) / abs(expected_loss)
    gradient_error = max(_error(gradients[name], expected[name]) for name in expected)
    is_exact = loss_error < LOSS_LIMIT and gradient_error < GRADIENT_LIMIT
    return {"loss_error": loss_error, "gradient_error": gradient_error, "ok": is_exact}


def _alone(model: Any, seed: int, data: Any) -> tuple[float, dict[str, Tensor]]:
    """Loss and gradients of the first step of one run, on the processor, without a pack."""
    nets = model.networks(data.image_shape, SMALL.latents, SMALL.network)
    for group, network in nets.items():
        networks.initialise(network.double(), seed, group)
    seeds, now = torch.tensor([seed]), torch.tensor([0])
    rows = batches.rows(seeds, now, SMALL.drawn, data.factor_sizes, model.paired)
    images = loop.as_input(data.images(rows[0, 0].numpy())).double()
    noise = {}
    for name, draw in model.draws(SMALL.drawn, SMALL.latents).items():
        values = batches.noise(seeds, now, name, draw)[0, 0]
        noise[name] = values.double() if draw.kind == "normal" else values
    minimise = model.losses(nets, images, noise, 0).minimise
    gradients = {}
    for group, loss in minimise.items():
        parameters = dict(nets[group].named_parameters())
        values = torch.autograd.grad(loss, list(parameters.values()), retain_graph=True)
        for name, value in zip(parameters, values, strict=True):
            gradients[f"{group}.{name}"] = value
    return float(sum(loss.item() for loss in minimise.values())), gradients


def _gradients(pack: Pack, model: Any, slot: int) -> dict[str, Tensor]:
    """Gradients of the first step: Adam's first moment is then (1 − β₁) times the gradient."""
    settings = model.adam(SMALL.by_adam)
    gradients = {}
    for name, moments in pack._state.exp_avg.items():
        rest = 1 - settings[name.split(".")[0]].beta1
        gradients[name] = moments[slot].cpu() / rest
    return gradients


def _error(actual: Tensor, expected: Tensor) -> float:
    """Largest difference relative to the largest entry."""
    return float((actual - expected).abs().max() / expected.abs().max())


def bits(check: Check) -> Iterator[Row]:
    """A run in two slots and among other runs has the same bits."""
    data = _toy(check)
    precisions = ("bf16", "float32", "tf32") if check.on_gpu else ("float32",)
    for name in ("beta_vae", "factor_vae"):
        model, other = _model(name), _model(name, 3)
        for precision in precisions:
            row: Row = {"method": name, "precision": precision}
            if check.left() < 0:
                yield row | {"not_done": NO_TIME}
                continue
            # Compiling takes a minute: once is enough here, the speed needs it anyway.
            is_compiled = check.on_gpu and (name, precision) == ("beta_vae", "bf16")
            settings = PackSettings(check.device, precision, compiled=is_compiled)
            first = [Member(model, 3), Member(other, 4), Member(model, 5)]
            second = [Member(other, 7), Member(model, 3)]
            tensors = []
            for members, slot in ((first, 0), (second, 1)):
                pack = Pack(members, 3, SMALL, data, settings)
                pack.advance(5)
                tensors.append(pack.tensors(slot))
            yield row | {"compiled": is_compiled, "ok": _equal(*tensors)}


def resumed(check: Check) -> Iterator[Row]:
    """A job that was killed and started again stores the same bits as one that was not."""
    steps, every = (3000, 500) if check.on_gpu else (120, 20)
    if check.left() < 0:
        yield {"not_done": NO_TIME}
        return
    folders = {name: check.out / f"resume-{name}" for name in ("killed", "whole")}
    for folder in folders.values():
        subprocess.run(["rm", "-rf", str(folder)], check=True)
    killed = _worker(check, folders["killed"], steps, every)
    run = _small_run("beta_vae", 0, steps)
    in_store = Workspace(config.check({"results": folders["killed"]})).paths.run(run.key)
    while killed.poll() is None and not list(in_store.glob("checkpoint*")):
        time.sleep(0.005)
    killed.kill()
    killed.wait()
    was_killed = killed.returncode == -signal.SIGKILL and records.record(in_store) is None
    for folder in folders.values():
        status = _worker(check, folder, steps, every).wait()
        if status:
            yield {"ok": False, "problem": f"the job ended with status {status}"}
            return
    weights = []
    for folder in folders.values():
        paths = Workspace(config.check({"results": folder})).paths
        weights.append(records.weights(paths.run(run.key)))
    sessions = records.record(in_store)["sessions"]
    if not was_killed:
        yield {"not_done": "the job ended before it could be killed"}
    yield {"resumed_at": sessions[-1]["from"], "ok": _equal(*weights)}


def _worker(check: Check, folder: Path, steps: int, every: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, __file__, "--worker", str(folder), str(steps), str(every)]
    return subprocess.Popen([*command, "--device", check.device.type])


def work(folder: str, steps: str, every: str, device: str) -> None:
    """Train two small runs in a pack: the job that is killed."""
    workspace = _workspace(Path(folder), device, 2, checkpoint_steps=int(every), compile=False)
    members = tuple(_small_run("beta_vae", seed, int(steps)) for seed in (0, 1))
    train_shard.train_shard(workspace, Shard("toy", "beta_vae", members), lambda line: None)


def agreement(check: Check) -> Iterator[Row]:
    """Last loss and MIG of the same seeds, trained on this device and on a processor."""
    if not CPU_SCORES.exists():
        yield {"not_done": f"{CPU_SCORES} is missing; run gpu_check.py --write-cpu-scores"}
        return
    expected = _cpu_scores()
    count = SEEDS if check.on_gpu else 6
    precisions = ("float32", "bf16") if check.on_gpu else ("float32",)
    shipped = [name for name in PARAMS if (name, 0) in expected]
    for name in PARAMS:
        if name not in shipped:
            yield {"method": name, "not_done": "no scores of a processor are shipped"}
    for name in shipped:
        for precision in precisions:
            if check.left() < 0:
                yield {"method": name, "precision": precision, "not_done": NO_TIME}
                continue
            settings = {"precision": precision, "execution": "packed"}
            folder = check.out / f"agreement-{precision}"
            actual = scores(name, count, folder, check.device.type, **settings)
            for what in ("loss", "mig"):
                pairs = [(row[what], expected[name, seed][what]) for seed, row in actual.items()]
                yield {"method": name, "precision": precision, "of": what} | _compared(pairs)


def _compared(pairs: list[tuple[float, float]]) -> Row:
    """Whether paired values differ by less than 4 standard errors, and less than seeds do."""
    differences = [actual - expected for actual, expected in pairs]
    mean = statistics.mean(differences)
    error = statistics.stdev(differences) / len(differences) ** 0.5
    spread = statistics.stdev(expected for _, expected in pairs)
    return {
        "seeds": len(pairs),
        "difference": mean,
        "standard_error": error,
        "spread_of_seeds": spread,
        "ok": abs(mean) <= 4 * error and abs(mean) < spread,
    }


def scores(name: str, count: int, folder: Path, device: str, **settings: Any) -> dict[int, Row]:
    """Seed -> last loss and MIG of small runs on the toy data set."""
    workspace = _workspace(folder, device, count, **settings)
    runs = [_small_run(name, seed, SMALL.steps) for seed in range(count)]
    shard = Shard("toy", name, tuple(runs))
    train_shard.train_shard(workspace, shard, lambda line: None)
    encode_shard.encode_shard(workspace, shard, lambda line: None)
    data = datasets.dataset("toy", workspace.paths.dataset("toy"))
    factors = data.factors(np.arange(len(data)))
    rows = {}
    for run in runs:
        path = workspace.paths.run(run.key)
        loss = records.record(path)["final"]["loss"]
        codes = latents.read(path / files.LATENTS)
        rows[run.seed] = {"loss": loss, "mig": _mig(codes, factors)}
    return rows


def _mig(codes: Any, factors: Any) -> float:
    draws = (codes, factors)
    table = facsimile.score_draws(draws, draws, metrics=["mig"], convention="dlib", seed=0)
    return float(table.set_index("score").loc["mig", "value"])


def write_cpu_scores(out: Path) -> None:
    """Train every method with 24 seeds serially in float32, and write their scores.

    Interrupted, it goes on with the runs that are missing in ``out``.
    """
    with open(CPU_SCORES, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["method", "seed", "loss", "mig"])
        for name in PARAMS:
            settings = {"precision": "float32", "execution": "serial"}
            for seed, row in scores(name, SEEDS, out / "cpu", "cpu", **settings).items():
                table.writerow([name, seed, f"{row['loss']:.6f}", f"{row['mig']:.6f}"])
                file.flush()


def _cpu_scores() -> dict[tuple[str, int], Row]:
    with open(CPU_SCORES, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = {}
    for row in rows:
        values = {what: float(row[what]) for what in ("loss", "mig")}
        table[row["method"], int(row["seed"])] = values
    return table


def speed(check: Check) -> Iterator[Row]:
    """Limits of the device, then model-steps per second, memory and shares of these limits."""
    precision = machine.precision("auto", check.device.type)
    products, copies = _products(check, precision), _copies(check)
    yield {"precision": precision, "products_gflops": products, "copies_gbs": copies}
    rates: dict[str, float] = {}
    for k in FASTEST[check.device.type]:
        row = yield from _timed(check, "beta_vae", k, precision)
        if row is None:
            continue
        rate = row["model_steps_per_second"]
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


def _timed(check: Check, name: str, k: int, precision: str) -> Any:
    """Measure a pack; yields a row if there is no time for it, and returns the measured row."""
    if check.left() < 0:
        yield {"method": name, "runs": k, "not_done": NO_TIME}
        return None
    if check.on_gpu:
        torch.cuda.reset_peak_memory_stats()
    began = time.perf_counter()
    model = _model(name)
    settings = PackSettings(check.device, precision, compiled=check.on_gpu)
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
        "method": name,
        "runs": k,
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


def paper_runs(check: Check) -> Iterator[Row]:
    """Train runs of the paper's setting on dSprites until the time is up, then score those done."""
    seconds = check.left() - SAVING
    if seconds < 5:
        yield {"not_done": NO_TIME}
        return
    size = _size(check.rates, seconds)
    folder = check.out / "paper"
    settings = {"scale": SCALE, "precision": "auto", "execution": "packed"}
    workspace = _workspace(folder, check.device.type, size, **settings)
    runs = [run for run in workspace.runs(workspace.study(STUDY)) if run.dataset == DATASET]
    runs = [run for run in runs if run.model == "beta_vae"][:size]
    shard = Shard(DATASET, "beta_vae", tuple(runs))
    datasets.dataset(DATASET, workspace.paths.dataset(DATASET))
    # As a scheduler does: the job writes its checkpoints and ends.
    alarm = threading.Timer(check.left() - SAVING, os.kill, (os.getpid(), signal.SIGTERM))
    alarm.start()
    try:
        train_shard.train_shard(workspace, shard, lambda line: None)
    except loop.Interrupted:
        pass  # the rows below say how far each run is
    finally:
        alarm.cancel()
    yield _progress(workspace, runs)
    yield from _scored(check, workspace, runs)


def _size(rates: dict[int, float], seconds: float) -> int:
    """The most runs that a pack finishes in these seconds, else the smallest pack."""
    fitting = [k for k, rate in rates.items() if STEPS * k / rate < 0.9 * seconds]
    return max(fitting, default=min(rates, default=1))


def _progress(workspace: Workspace, runs: list[Run]) -> Row:
    from facsimile.store import checkpoints

    steps = []
    for run in runs:
        folder = workspace.paths.run(run.key)
        if records.record(folder) is not None:
            steps.append(run.steps)
        else:
            checkpoint = checkpoints.load_checkpoint(folder)
            steps.append(0 if checkpoint is None else checkpoint[1]["step"])
    finished = sum(step == run.steps for step, run in zip(steps, runs, strict=True))
    row: Row = {"runs": len(runs), "finished": finished, "steps": steps, "of": runs[0].steps}
    if finished < len(runs):
        row["not_done"] = f"{len(runs) - finished} runs; the same command continues them"
    return row


def _scored(check: Check, workspace: Workspace, runs: list[Run]) -> Iterator[Row]:
    data = datasets.dataset(DATASET, workspace.paths.dataset(DATASET))
    for run in runs:
        folder = workspace.paths.run(run.key)
        if records.record(folder) is None:
            continue
        if check.left() < 3:
            yield {"not_done": f"{run.key}: trained, but no time left to score it"}
            continue
        if not latents.is_encoded(folder):
            encode_shard.encode_run(workspace, run, lambda line: None)
        rows = np.random.default_rng(0).integers(0, len(data), 10_000)
        codes = latents.read(folder / files.LATENTS)[rows]
        loss = records.record(folder)["final"]["loss"]
        yield {"run": run.key, "loss": loss, "mig": _mig(codes, data.factors(rows))}


def _toy(check: Check) -> Any:
    return datasets.dataset("toy", check.out / "toy.h5")


def _model(name: str, factor: float = 1) -> Any:
    return models.model(name, **{key: factor * value for key, value in PARAMS[name].items()})


def _equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def _workspace(folder: Path, device: str, pack: int, **settings: Any) -> Workspace:
    """A workspace with the toy data set."""
    execution = settings.pop("execution", "packed")
    common = {"results": folder, "device": device, "pack": pack, "execution": execution}
    workspace = Workspace(config.check(common | settings))
    path = workspace.paths.dataset("toy")
    path.parent.mkdir(parents=True, exist_ok=True)
    datasets.dataset("toy", path)
    return workspace


def _small_run(name: str, seed: int, steps: int) -> Run:
    """A run on the toy data set."""
    training = SMALL.model_dump(exclude_unset=True, mode="json") | {"steps": steps}
    training["adam"] = {"lr": SMALL.by_adam.lr}
    statement = {"model": name, "params": PARAMS[name], "training": training}
    hash8 = canonical.hash8(statement)
    return Run("toy", name, seed, statement, hash8, None, None, None, control=False)


def run_all(check: Check) -> None:
    """Run every part; an error in one is reported and does not stop the others."""
    for part in (device, float64, bits, resumed, agreement, speed, paper_runs):
        name = part.__name__
        began = time.monotonic()
        check.begin(name)
        try:
            for row in part(check):
                check.write(name, row)
        except Exception as problem:
            traceback.print_exc()
            check.write(name, {"ok": False, "problem": f"{type(problem).__name__}: {problem}"})
        check.write(name, {"seconds": time.monotonic() - began})


def main() -> int:
    """Run the check; returns its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--out", type=Path, default=Path("results/gpu_check"))
    parser.add_argument("--write-cpu-scores", action="store_true")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    device = machine.device(arguments.device)
    machine.one_thread()
    if arguments.worker:
        work(*arguments.worker, device)
        return 0
    if arguments.write_cpu_scores:
        write_cpu_scores(arguments.out)
        return 0
    check = Check(device, arguments.minutes, arguments.out)
    end_hard(check)
    run_all(check)
    print(f"{check.failed} checks failed; not done:")
    print("\n".join(check.missing) or "nothing is missing")
    return 1 if check.failed else 0


def end_hard(check: Check) -> None:
    """End the process some seconds after the time is up, whatever it is doing."""

    def end() -> None:
        check.write("end", {"not_done": "cut off at the hard end; the rows above are complete"})
        os._exit(2)

    timer = threading.Timer(check.seconds + HARD_END, end)
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    sys.exit(main())
