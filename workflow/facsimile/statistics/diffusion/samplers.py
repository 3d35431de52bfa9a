"""Samplers of diffusions: each takes any denoiser, and steps from time t to an earlier time u.

Example::

    schedule = SCHEDULES["cosine"]
    process = Process(schedule, lambda x, t: mixture.denoise(x, schedule.a(t), schedule.s(t)))
    times = np.linspace(1, 0, 26)
    samples = sample(SAMPLERS["ddim"], schedule.s(1) * normals, process, times)

Arrays may be NumPy's or torch's. Nothing is clipped: clipping the denoised value, as image samplers
often do, changes the law of the samples.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from facsimile.statistics.diffusion.schedules import Schedule

Array = Any  # NumPy's or torch's
Draw = Callable[[int], Array]


class Process(NamedTuple):
    """A diffusion and its denoiser.

    Attributes:
        schedule: factors of data and noise.
        denoise: (x, t) -> E[x_0 | x_t = x], or an estimate of it, of the shape of x.
    """

    schedule: Schedule
    denoise: Callable[[Array, float], Array]

    def parts(
        self,
        x: Array,
        t: float,
    ) -> tuple[Array, Array]:
        """Return the expected data and the expected noise in x_t = x, for t > 0."""
        data = self.denoise(x, t)
        return data, (x - self.schedule.a(t) * data) / self.schedule.s(t)

    def velocity(
        self,
        x: Array,
        t: float,
    ) -> Array:
        """Return dx/dt of the probability-flow equation, a' E[x_0] + s' E[e], for t > 0."""
        data, noise = self.parts(x, t)
        return self.schedule.a_rate(t) * data + self.schedule.s_rate(t) * noise


class Posterior(NamedTuple):
    """q(x_u | x_t, x_0), normal with mean ``of_noisy`` x_t + ``of_data`` x_0."""

    of_noisy: float
    of_data: float
    deviation: float


def posterior(
    schedule: Schedule,
    t: float,
    u: float,
) -> Posterior:
    """Return q(x_u | x_t, x_0) for u < t (Ho et al. 2020, eq. 6, 7; Kingma et al. 2021).

    With cumulative products ᾱ of DDPM, a(t)² is ᾱ_t and a(u)² is ᾱ_(t-1).
    """
    ratio = schedule.a(t) / schedule.a(u)
    variance = schedule.s(t) ** 2
    added = variance - ratio**2 * schedule.s(u) ** 2
    return Posterior(
        ratio * schedule.s(u) ** 2 / variance,
        schedule.a(u) * added / variance,
        schedule.s(u) * math.sqrt(added / variance),
    )


def ancestral(
    x: Array,
    process: Process,
    t: float,
    u: float,
    noise: Array,
) -> Array:
    """Draw from q(x_u | x_t, x_0) with the denoised value for x_0 (DDPM, Ho et al. 2020, alg. 2).

    The variance is that of the posterior, the smaller of DDPM's two choices; at u = 0 it is 0.
    """
    step = posterior(process.schedule, t, u)
    mean = step.of_noisy * x + step.of_data * process.denoise(
        x,
        t,
    )
    return mean + step.deviation * noise


def ddim(
    x: Array,
    process: Process,
    t: float,
    u: float,
    noise: Array = None,
    eta: float = 0.0,
) -> Array:
    """Keep expected data and noise, and mix them as at time u (Song et al. 2021, DDIM, eq. 12).

    ``eta`` is the share of the posterior's deviation that is drawn again: 0 draws nothing and takes
    no noise, and 1 is ``ancestral``.
    """
    data, expected = process.parts(x, t)
    a, s = process.schedule.a(u), process.schedule.s(u)
    if not eta:
        return a * data + s * expected
    fresh = eta * posterior(process.schedule, t, u).deviation
    kept = math.sqrt(
        max(
            s**2 - fresh**2,
            0.0,
        )
    )
    return a * data + kept * expected + fresh * noise


def euler(
    x: Array,
    process: Process,
    t: float,
    u: float,
    noise: Array = None,
) -> Array:
    """Follow the tangent of the flow's equation: flow matching, if the path is straight."""
    return x + (u - t) * process.velocity(
        x,
        t,
    )


def heun(
    x: Array,
    process: Process,
    t: float,
    u: float,
    noise: Array = None,
) -> Array:
    """Average the tangents at both ends; Euler's step to u = 0 (Karras et al. 2022, alg. 1)."""
    first = process.velocity(x, t)
    ahead = x + (u - t) * first
    if process.schedule.s(u) == 0:
        return ahead
    return x + 0.5 * (u - t) * (
        first
        + process.velocity(
            ahead,
            u,
        )
    )


def dpm_solver_1(
    x: Array,
    process: Process,
    t: float,
    u: float,
    noise: Array = None,
) -> Array:
    """Solve the linear part exactly and hold the noise (Lu et al. 2022, eq. 3.7), for u > 0.

    It is DDIM's step; this is the form in which the paper has it.
    """
    schedule = process.schedule
    _, expected = process.parts(x, t)
    length = schedule.half_log_snr(u) - schedule.half_log_snr(t)
    ratio = schedule.a(u) / schedule.a(t)
    return ratio * x - schedule.s(u) * math.expm1(length) * expected


def dpm_solver_2(
    x: Array,
    process: Process,
    t: float,
    u: float,
    noise: Array = None,
) -> Array:
    """Hold the noise of the middle in log(a / s) (Lu et al. 2022, alg. 1); DDIM's step to s = 0.

    Needs a(t) > 0: sampling cannot start where nothing is left of the data.

    Raises:
        ValueError: a(t) is 0.
    """
    schedule = process.schedule
    if schedule.a(t) <= 0:
        raise ValueError(f"DPM-Solver-2 needs a(t) > 0; a({t:g}) is 0: start at an earlier time")
    if schedule.s(u) == 0:
        return ddim(x, process, t, u)
    start, end = schedule.half_log_snr(t), schedule.half_log_snr(u)
    middle = schedule.time_of(
        0.5 * (start + end),
        u,
        t,
    )
    between = dpm_solver_1(x, process, t, middle)
    _, expected = process.parts(between, middle)
    ratio = schedule.a(u) / schedule.a(t)
    return ratio * x - schedule.s(u) * math.expm1(end - start) * expected


def euler_maruyama(
    x: Array,
    process: Process,
    t: float,
    u: float,
    noise: Array,
) -> Array:
    """Follow the reverse stochastic equation; no noise in the step to u = 0 (Song et al. 2021).

    Needs a(t) > 0, as the drift a' / a is infinite elsewhere.
    """
    schedule = process.schedule
    _, expected = process.parts(x, t)
    squared = schedule.squared_diffusion(t)
    score = -expected / schedule.s(t)
    mean = x + (u - t) * (schedule.drift(t) * x - squared * score)
    if u == 0:
        return mean
    return mean + math.sqrt(squared * (t - u)) * noise


@dataclass(frozen=True)
class Sampler:
    """A step and what it needs.

    Args:
        step: (x, process, t, u, noise) -> x at time u.
        stochastic: whether it needs noise.
        evaluations: of the denoiser in each step; the last step needs one.
    """

    step: Callable[..., Array]
    stochastic: bool = False
    evaluations: int = 1

    def steps(self, evaluations: int) -> int:
        """Return the number of steps that take at most so many evaluations of the denoiser."""
        return 1 + (evaluations - 1) // self.evaluations


SAMPLERS = {
    "ancestral": Sampler(ancestral, stochastic=True),
    "ddim": Sampler(ddim),
    "euler": Sampler(euler),
    "heun": Sampler(heun, evaluations=2),
    "dpm_solver_2": Sampler(dpm_solver_2, evaluations=2),
    "euler_maruyama": Sampler(euler_maruyama, stochastic=True),
}


def sample(
    sampler: Sampler,
    x: Array,
    process: Process,
    times: Sequence[float],
    draw: Draw | None = None,
) -> Array:
    """Step from the first to the last time.

    Args:
        sampler: how to step.
        x: where to start, of any shape; for samples, s(1) times standard normals.
        process: the diffusion and its denoiser.
        times: falling times [n + 1], for n steps.
        draw: number of the step -> standard normals of the shape of x; needed by samplers that
            are stochastic.

    Raises:
        ValueError: the sampler is stochastic and there is no ``draw``.
    """
    if sampler.stochastic and draw is None:
        raise ValueError("this sampler is stochastic: give it a function draw")
    for index, (t, u) in enumerate(itertools.pairwise(times)):
        noise = draw(index) if sampler.stochastic and draw is not None else None
        x = sampler.step(
            x,
            process,
            float(t),
            float(u),
            noise,
        )
    return x
