"""Samplers and schedules by the numbers that a study states."""

from collections.abc import Callable
from typing import Any

import numpy as np

from facsimile.statistics.diffusion.gaussian_mixture import GaussianMixture
from facsimile.statistics.diffusion.samplers import SAMPLERS, Process, Sampler
from facsimile.statistics.diffusion.schedules import SCHEDULES, Schedule

Denoiser = Callable[[Any, float], Any]
SAMPLER_NAMES = (
    "ancestral",
    "ddim",
    "euler",
    "heun",
    "dpm_solver_2",
    "euler_maruyama",
)
SCHEDULE_NAMES = (
    "variance_preserving",
    "sub_variance_preserving",
    "variance_exploding",
    "cosine",
    "straight",
)
GRID_NAMES = ("even in t", "even in log(a / s)")
# Evaluations of the denoiser, all odd: second-order samplers take (n + 1) / 2 steps for n.
EVALUATIONS = (5, 11, 25, 51, 101, 501)
FIRST = 1e-3  # the last time before 0 of a grid in log(a / s)
NEEDS_DATA = ("dpm_solver_2", "euler_maruyama")  # samplers that cannot start where a = 0
NO_DATA = ("cosine", "straight")  # schedules with a(1) = 0


def sampler_of(number: float) -> Sampler:
    """Return the sampler with a number."""
    return SAMPLERS[SAMPLER_NAMES[int(number)]]


def schedule_of(number: float) -> Schedule:
    """Return the schedule with a number."""
    return SCHEDULES[SCHEDULE_NAMES[int(number)]]


def counts(longest: float) -> tuple[int, ...]:
    """Return the numbers of evaluations up to the longest."""
    return tuple(n for n in EVALUATIONS if n <= longest)


def times(
    sampler: Sampler,
    schedule: Schedule,
    grid: float,
    evaluations: int,
) -> list[float]:
    """Return times from 1 to 0 for so many evaluations of the denoiser.

    Args:
        sampler: how many evaluations a step takes.
        schedule: needed for a grid in log(a / s).
        grid: 0 for times that are evenly spaced; 1 for evenly spaced log(a / s) from time 1 to
            ``FIRST``, and then 0 (Lu et al. 2022).
        evaluations: of the denoiser.
    """
    steps = sampler.steps(evaluations)
    if not grid:
        return np.linspace(
            1,
            0,
            steps + 1,
        ).tolist()
    ends = schedule.half_log_snr(1.0), schedule.half_log_snr(FIRST)
    inner = np.linspace(
        *ends,
        steps,
    )[1:-1].tolist()
    return [1.0, *(schedule.time_of(value) for value in inner), FIRST, 0.0]


def exact(law: GaussianMixture, schedule: Schedule) -> Process:
    """Return the diffusion of a law with its exact denoiser."""

    def denoise(x: Any, t: float) -> Any:
        return law.denoise(
            x,
            schedule.a(t),
            schedule.s(t),
        )

    return Process(schedule, denoise)


def check(
    sampler: float,
    schedule: float,
    grid: float,
    longest: float,
) -> None:
    """Raise ValueError for numbers that stand for nothing, and for pairs that do not fit."""
    for name, value, known in (
        ("sampler", sampler, SAMPLER_NAMES),
        ("schedule", schedule, SCHEDULE_NAMES),
        ("grid", grid, GRID_NAMES),
    ):
        if value not in range(len(known)):
            listed = ", ".join(f"{number} {text}" for number, text in enumerate(known))
            raise ValueError(f"{name} must be one of {listed}, not {value:g}")
    if longest not in EVALUATIONS:
        raise ValueError(f"longest must be one of {EVALUATIONS}, not {longest:g}")
    names = SAMPLER_NAMES[int(sampler)], SCHEDULE_NAMES[int(schedule)]
    needs_data = names[0] in NEEDS_DATA or grid
    if needs_data and names[1] in NO_DATA:
        raise ValueError(
            f"{names[0]} with grid {grid:g} cannot start where nothing is left of the data, as "
            f"with {names[1]}; use another schedule, such as 0"
        )
