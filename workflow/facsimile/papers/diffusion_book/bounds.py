"""The variational bound of a diffusion with the exact denoiser, in discrete and continuous time.

Its diffusion loss is half the integral of E|x_0 - E[x_0 | x_t]|² over the signal-to-noise ratio,
so that nothing but the ends of a schedule counts (Kingma et al. 2021, eq. 13 to 18).
"""

import math

import numpy as np

from facsimile.papers.diffusion_book import laws
from facsimile.statistics.diffusion.gaussian_mixture import Floats, GaussianMixture
from facsimile.statistics.diffusion.schedules import Cosine, Schedule, VariancePreserving

FIRST, LAST = 0.1, 0.95  # times between which losses are integrated
NODES = 40  # of quadrature in each dimension
TIMES = 48  # of quadrature over time


def snr(schedule: Schedule, t: float) -> float:
    """a² / s²."""
    return float(schedule.a(t) ** 2 / schedule.s(t) ** 2)


def diffusion_loss(
    schedule: Schedule,
    first: float,
    last: float,
) -> float:
    """Return the integral of E|x_0 - E[x_0 | x_t]|² d SNR / 2 between two times, nats.

    By Gauss-Legendre quadrature over time, where each schedule has nodes of its own.
    """
    nodes, weights = np.polynomial.legendre.leggauss(TIMES)
    times = first + 0.5 * (last - first) * (nodes + 1)
    total = 0.0
    for t, weight in zip(
        times.tolist(),
        weights.tolist(),
        strict=True,
    ):
        a, s = schedule.a(t), schedule.s(t)
        slope = (
            2
            * (schedule.a_rate(t) / a - schedule.s_rate(t) / s)
            * snr(
                schedule,
                t,
            )
        )
        total -= weight * slope * mean_squared_error(schedule, t)
    return 0.25 * (last - first) * total


def information_gain() -> float:
    """The diffusion loss, against the information that x_t gains about x_0 (I-MMSE)."""
    schedule = VariancePreserving()
    gained = information(schedule, FIRST) - information(schedule, LAST)
    return abs(diffusion_loss(schedule, FIRST, LAST) - gained)


def schedule_invariance() -> float:
    """The diffusion losses of two schedules whose signal-to-noise ratios have the same ends."""
    preserving, cosine = VariancePreserving(), Cosine()
    ends = [cosine.time_of(preserving.half_log_snr(t)) for t in (FIRST, LAST)]
    by_cosine = diffusion_loss(cosine, *ends)
    return abs(diffusion_loss(preserving, FIRST, LAST) - by_cosine)


def gap(steps: int) -> float:
    """Return E[log p] minus the bound of so many steps from time 1 to ``FIRST``, nats.

    Steps are even in log(a / s). The prior is standard normal, and the last step decodes by the
    exact p(x_0 | x_t). Any other step costs the error before it times the rise of the
    signal-to-noise ratio, halved (Kingma et al. 2021, eq. 13, 14).
    """
    schedule = VariancePreserving()
    ends = schedule.half_log_snr(1.0), schedule.half_log_snr(FIRST)
    inner = np.linspace(
        *ends,
        steps + 1,
    )[1:-1].tolist()
    times = [
        1.0,
        *map(
            schedule.time_of,
            inner,
        ),
        FIRST,
    ]
    errors = [
        mean_squared_error(
            schedule,
            t,
        )
        for t in times[:-1]
    ]
    rises = np.diff(
        [
            snr(
                schedule,
                t,
            )
            for t in times
        ]
    )
    middle = 0.5 * float(rises @ errors)
    a, s = schedule.a(1.0), schedule.s(1.0)
    second_moment = a**2 * laws.planar().second_moment
    prior = 0.5 * (second_moment + 2 * (s**2 - 1 - 2 * math.log(s)))
    # E[-log p] is the entropy of x_0, of which the decoder leaves all but I(x_0; x_FIRST).
    return prior + middle - information(schedule, FIRST)


def information(schedule: Schedule, t: float) -> float:
    """Return I(x_0; x_t), nats: the entropy of x_t without that of its noise."""
    law = laws.planar().noised(
        schedule.a(t),
        schedule.s(t),
    )
    points, weights = _quadrature(law)
    of_noise = math.log(2 * math.pi * math.e * schedule.s(t) ** 2)
    return -float(weights @ law.log_density(points)) - of_noise


def mean_squared_error(
    schedule: Schedule,
    t: float,
) -> float:
    """Return E|x_0 - E[x_0 | x_t]|² of the mixture in the plane, by Gauss-Hermite quadrature."""
    planar = laws.planar()
    a, s = schedule.a(t), schedule.s(t)
    points, weights = _quadrature(planar.noised(a, s))
    explained = weights @ np.square(
        planar.denoise(
            points,
            a,
            s,
        )
    ).sum(1)
    return planar.second_moment - float(explained)


def _quadrature(
    law: GaussianMixture,
) -> tuple[Floats, Floats]:
    """Points [n, 2] and weights [n] whose sums are expectations under a mixture in the plane."""
    line, line_weights = np.polynomial.hermite_e.hermegauss(NODES)
    first, second = np.meshgrid(line, line, indexing="ij")
    normals = np.stack(
        [first.ravel(), second.ravel()],
        1,
    )
    of_normals = np.outer(
        line_weights,
        line_weights,
    ).ravel() / (2 * math.pi)
    roots = np.linalg.cholesky(law.covariances)
    points = law.means[:, None] + normals @ np.swapaxes(
        roots,
        1,
        2,
    )
    weights = np.outer(law.weights, of_normals)
    return points.reshape(-1, 2), weights.ravel()
