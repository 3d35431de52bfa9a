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
import os
import platform
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "workflow")]

import torch  # noqa: E402
from gpu.agreement import agreement, write_cpu_scores  # noqa: E402
from gpu.check import SHARES, Check, Row  # noqa: E402
from gpu.correctness import bits, float64  # noqa: E402
from gpu.paper_runs import paper_runs  # noqa: E402
from gpu.resuming import resumed, work  # noqa: E402
from gpu.speed import speed  # noqa: E402

from facsimile.training import machine  # noqa: E402

GRACE = 45  # seconds after the minutes, then the process ends whatever it does


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


def run_all(check: Check) -> None:
    """Run the parts; an error in one is reported and does not stop the others."""
    functions = (device, float64, bits, resumed, agreement, speed, paper_runs)
    by_name = {function.__name__: function for function in functions}
    for name in check.parts:
        part = by_name[name]
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
    parser.add_argument("--grace", type=float, default=GRACE)
    parser.add_argument("--out", type=Path, default=Path("results/gpu_check"))
    parser.add_argument("--parts", nargs="+", default=list(SHARES), choices=list(SHARES))
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
    check = Check(device, arguments.minutes, arguments.out, arguments.parts)
    end_hard(check, arguments.grace)
    run_all(check)
    print(f"{check.failed} checks failed; not done:")
    print("\n".join(check.missing) or "nothing is missing")
    return 1 if check.failed else 0


def end_hard(check: Check, grace: float) -> None:
    """End the process ``grace`` seconds after the time is up, whatever it is doing."""

    def end() -> None:
        check.write("end", {"not_done": "cut off at the hard end; the rows above are complete"})
        os._exit(2)

    timer = threading.Timer(check.seconds + grace, end)
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    sys.exit(main())
