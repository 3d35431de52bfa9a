"""Tasks of a teacher with binary weights, and the gradient of a student's loss on one."""

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from facsimile.models.base.algorithm import Random

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]


class Task(NamedTuple):
    """Patterns [p, n] of ±1, their labels [p], and the teacher [n]."""

    patterns: Singles
    labels: Singles
    teacher: Singles


@functools.lru_cache(maxsize=4)  # both tasks, and both teachers
def task(
    key: int,
    number: int,
    size: int,
    load: float,
    overlap: float,
) -> Task:
    """Return task ``number``, 0 or 1, of a run, whose random numbers are those of ``key``.

    The second teacher equals the first one in each weight with probability (1 + overlap) / 2.
    """
    teacher = _signs(_random(key, "teacher", 0), (size,))
    if number == 1:
        agrees = _random(key, "teacher", 1).random(size) < (1 + overlap) / 2
        teacher = np.where(agrees, teacher, -teacher)
    patterns = _signs(_random(key, "patterns", number), (round(load * size), size))
    fields = patterns @ teacher
    return Task(patterns, np.where(fields >= 0, 1, -1).astype(np.float32), teacher)


def gradient(
    fields: Floats,
    patterns: Singles,
    labels: Singles,
) -> Floats:
    """Gradient [n] of the sum of -log Φ(y x·tanh h / √Σ(1 - tanh² h)) over patterns [p, n]."""
    means = np.tanh(fields)
    variances = 1 - means**2
    total = variances.sum()
    overlaps = labels * (patterns @ means.astype(np.float32)).astype(np.float64)
    t = overlaps / np.sqrt(total)
    # φ(t) / Φ(t), which is -t for very negative t, in logarithms.
    ratio = np.exp(-(t**2) / 2 - special.log_ndtr(t)) / np.sqrt(2 * np.pi)
    direct = patterns.T @ (ratio * labels).astype(np.float32) / np.sqrt(total)
    return np.asarray(-variances * (direct + means * (ratio @ overlaps) / total**1.5))


def _random(
    key: int,
    purpose: str,
    number: int,
) -> Random:
    stream = {"teacher": 0, "patterns": 1}[purpose]
    return np.random.Generator(np.random.Philox(key=[key, 2 * number + stream]))


def _signs(
    random: Random,
    shape: tuple[int, ...],
) -> Singles:
    return (2 * random.integers(0, 2, shape, np.int8) - 1).astype(np.float32)
