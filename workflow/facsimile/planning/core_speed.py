"""How fast one core of this machine is beside one of the reference machine, measured in a second.

Networks of a few thousand parameters, algorithms and metrics spend their time in Python, in NumPy's
or torch's functions on small arrays, and in products of small matrices. So these three are timed.
"""

import math
import time
from collections.abc import Callable

import numpy as np

ROUNDS = 25
# Fastest round on one core of an AMD EPYC (Zen 4), benchmarks/results/rates.md.
REFERENCE_SECONDS = {"python": 0.0073, "arrays": 0.0043, "products": 0.0081}


def ratio() -> float:
    """Return the seconds of small work here over those on the reference machine.

    It is the geometric mean of three ratios. Each is that of the fastest of several rounds, in CPU
    time, so that other work on the machine counts little.
    """
    seconds = fastest()
    logarithms = [math.log(seconds[name] / REFERENCE_SECONDS[name]) for name in seconds]
    return math.exp(sum(logarithms) / len(logarithms))


def fastest() -> dict[str, float]:
    """Return the CPU seconds of the fastest round of each kind of work."""
    works = _works()
    seconds = dict.fromkeys(works, math.inf)
    # In turns, because a virtual machine may be slowed down for tenths of a second.
    for _ in range(ROUNDS):
        for name, work in works.items():
            seconds[name] = min(seconds[name], _seconds(work))
    return seconds


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _works() -> dict[str, Callable[[], object]]:
    """What is timed, by the names of ``REFERENCE_SECONDS``."""
    vector = np.linspace(0.0, 1.0, 640, dtype=np.float32)
    batch = np.ones((64, 256), dtype=np.float32)
    weights = np.full((256, 256), 1 / 256, dtype=np.float32)

    def python() -> float:
        total = 0.0
        for number in range(200_000):
            total += number * 0.5
        return total

    def arrays() -> None:
        for _ in range(4_000):
            np.tanh(vector + vector)

    def products() -> None:
        for _ in range(90):
            batch @ weights

    return {"python": python, "arrays": arrays, "products": products}
