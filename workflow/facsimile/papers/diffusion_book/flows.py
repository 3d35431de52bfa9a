"""Exact probability flows, and the identities of the maps that they are."""

from collections.abc import Callable

import numpy as np
from scipy import integrate

from facsimile.papers.diffusion_book import laws, methods
from facsimile.statistics.diffusion.gaussian_mixture import Floats, GaussianMixture
from facsimile.statistics.diffusion.schedules import Schedule, Straight, VariancePreserving

PRESERVING = VariancePreserving()
Rate = Callable[[float, Floats], Floats]


def semigroup(x: Floats) -> float:
    """The flow from t = 1 to 0, against the flow from 1 to 0.5 and on to 0."""
    planar = laws.planar()
    start = np.random.Generator(np.random.Philox(key=1)).standard_normal(x.shape)
    halfway = transported(planar, PRESERVING, start, 1.0, 0.5)
    in_two = transported(planar, PRESERVING, halfway, 0.5, 0.0)
    return _largest(
        transported(
            planar,
            PRESERVING,
            start,
            1.0,
            0.0,
        )
        - in_two
    )


def gaussian_flow() -> float:
    """The flow of Gaussian data to t = 0, against x_t sqrt(l / (a² l + s²))."""
    t = 0.8
    variances = laws.variances()
    deviations = np.sqrt(PRESERVING.a(t) ** 2 * variances + PRESERVING.s(t) ** 2)
    start = np.random.Generator(np.random.Philox(key=2)).standard_normal((4, len(variances)))
    start *= deviations
    ours = transported(
        laws.wide(),
        PRESERVING,
        start,
        t,
        0.0,
    )
    return _largest(ours - start * np.sqrt(variances) / deviations)


def monotone_map() -> float:
    """The flow of the straight path in one dimension, against F⁻¹(Φ(z))."""
    line = laws.planar().along(np.array([1.0, 0.0]))
    shares = np.linspace(0.001, 0.999, 101)
    normal = GaussianMixture(
        np.ones(1),
        np.zeros((1, 1)),
        np.ones((1, 1, 1)),
    )
    start = normal.quantiles(shares)[:, None]
    ours = transported(line, Straight(), start, 1.0, 0.0)
    return _largest(ours[:, 0] - line.quantiles(shares))


def likelihood(x: Floats) -> tuple[float, float]:
    """Mean of -log p by the flow's divergence, and by the density, nats."""
    n, d = x.shape

    def rate(t: float, state: Floats) -> Floats:
        points = state[:-n].reshape(n, d)
        flow = velocity(points, PRESERVING, t)
        return np.concatenate(
            [
                flow.ravel(),
                divergence(
                    points,
                    PRESERVING,
                    t,
                ),
            ]
        )

    start = np.concatenate([x.ravel(), np.zeros(n)])
    end = solved(rate, start, 0.0, 1.0)
    prior = laws.planar().noised(
        PRESERVING.a(1.0),
        PRESERVING.s(1.0),
    )
    by_flow = (
        prior.log_density(
            end[:-n].reshape(
                n,
                d,
            )
        )
        + end[-n:]
    )
    return -float(by_flow.mean()), -float(laws.planar().log_density(x).mean())


def divergence(
    x: Floats,
    schedule: Schedule,
    t: float,
) -> Floats:
    """Return the exact divergence [n] of the probability-flow equation at points [n, d]."""
    law = laws.planar().noised(
        schedule.a(t),
        schedule.s(t),
    )
    curvature = np.trace(
        law.hessian(x),
        axis1=1,
        axis2=2,
    )
    drift = x.shape[1] * schedule.drift(t)
    return drift - 0.5 * schedule.squared_diffusion(t) * curvature


def transported(
    law: GaussianMixture,
    schedule: Schedule,
    x: Floats,
    start: float,
    end: float,
) -> Floats:
    """Return points [n, d] after the exact probability flow from one time to another.

    Where a is 0, the velocity is finite though f and g² are not; near 0 it is f x - g² score / 2.
    """
    process = methods.exact(law, schedule)

    def rate(t: float, state: Floats) -> Floats:
        points = state.reshape(x.shape)
        if t > 0.5:
            return process.velocity(points, t).ravel()
        noisy = law.noised(
            schedule.a(t),
            schedule.s(t),
        )
        squared = schedule.squared_diffusion(t)
        flow = schedule.drift(t) * points - 0.5 * squared * noisy.score(points)
        return flow.ravel()

    return solved(
        rate,
        x.ravel(),
        start,
        end,
    ).reshape(x.shape)


def solved(
    rate: Rate,
    state: Floats,
    start: float,
    end: float,
) -> Floats:
    solution = integrate.solve_ivp(
        rate,
        (start, end),
        state,
        method="DOP853",
        rtol=1e-9,
        atol=1e-10,
    )
    last: Floats = solution.y[:, -1]
    return last


def velocity(
    x: Floats,
    schedule: Schedule,
    t: float,
) -> Floats:
    """Return f x - g² score / 2 at points [n, 2] of the mixture in the plane."""
    law = laws.planar().noised(
        schedule.a(t),
        schedule.s(t),
    )
    return schedule.drift(t) * x - 0.5 * schedule.squared_diffusion(t) * law.score(x)


def _largest(difference: Floats) -> float:
    return float(np.abs(difference).max())
