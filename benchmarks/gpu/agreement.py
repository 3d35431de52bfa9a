"""Scores of runs that this device trains, against the shipped scores of a processor."""

import csv
import statistics
from collections.abc import Iterator
from pathlib import Path

from training_worker import PARAMS

from gpu.check import NO_TIME, Check, Row
from gpu.small_runs import scores

CPU_SCORES = Path(__file__).parent.parent / "results" / "cpu_scores.csv"
SEEDS = 24  # of the scores of a processor


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
