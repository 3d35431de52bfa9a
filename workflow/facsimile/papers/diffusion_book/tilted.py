"""Classifier-free guidance in one dimension, against the density that it should sample.

The law is the first coordinate of the mixture in the plane, y is class 1 of it. Guidance with
weight w follows (1 + w) score(x_t | y) - w score(x_t); the tilted density is
p(x_0 | y)^(1 + w) p(x_0)^-w, normalised.
"""

import numpy as np

from facsimile.papers.diffusion_book import flows, laws
from facsimile.statistics.diffusion.gaussian_mixture import Floats, GaussianMixture
from facsimile.statistics.diffusion.schedules import VariancePreserving

SCHEDULE = VariancePreserving()
GRID = np.linspace(-4.5, 4.5, 1801)  # of quadrature
FIRST_AXIS = np.array([1.0, 0.0])


def both() -> tuple[GaussianMixture, GaussianMixture]:
    """Return the law of x_0 and that of x_0 given y, in one dimension."""
    planar = laws.planar()
    conditional = planar.of_components(laws.CLASS == 1)
    return planar.along(FIRST_AXIS), conditional.along(FIRST_AXIS)


def guided_score(
    x: Floats,
    t: float,
    weight: float,
) -> Floats:
    """Return the score [n] that guidance follows at points [n]."""
    a, s = SCHEDULE.a(t), SCHEDULE.s(t)
    law, conditional = (
        mixture.noised(
            a,
            s,
        ).score(x[:, None])[:, 0]
        for mixture in both()
    )
    return (1 + weight) * conditional - weight * law


def log_tilted(x: Floats, weight: float) -> Floats:
    """Return the logarithm [n] of the tilted density, not normalised, at points [n]."""
    law, conditional = (mixture.log_density(x[:, None]) for mixture in both())
    return (1 + weight) * conditional - weight * law


def tilted(weight: float) -> Floats:
    """Return the tilted density on ``GRID``."""
    density = np.exp(log_tilted(GRID, weight))
    return density / np.trapezoid(density, GRID)


def tilted_quantiles(shares: Floats, weight: float) -> Floats:
    """Return quantiles [n] of the tilted density."""
    density = tilted(weight)
    middle = 0.5 * (density[1:] + density[:-1]) * np.diff(GRID)
    cumulative = np.concatenate([[0.0], np.cumsum(middle)])
    return np.interp(
        shares,
        cumulative / cumulative[-1],
        GRID,
    )


def gap(t: float, weight: float) -> float:
    """Return how far guidance's score is from that of the noised tilted density at time t.

    The root of the mean squared difference over that density, divided by the root of the mean
    squared score.
    """
    density = tilted(weight)
    if t == 0:
        step = 1e-5
        ends = (
            log_tilted(
                GRID + sign * step,
                weight,
            )
            for sign in (1, -1)
        )
        exact = np.subtract(*ends) / (2 * step)
        noisy = density
    else:
        a, s = SCHEDULE.a(t), SCHEDULE.s(t)
        offsets = a * GRID - GRID[:, None]  # of a x_0 from x_t
        kernel = np.exp(-0.5 * (offsets / s) ** 2) * density
        noisy = kernel.sum(1)
        exact = (kernel * offsets).sum(1) / (noisy * s**2)
    difference = guided_score(GRID, t, weight) - exact
    return float(np.sqrt((noisy @ difference**2) / (noisy @ exact**2)))


def flow(shares: Floats, weight: float) -> Floats:
    """Return the quantiles [n] of the law that guidance's probability flow samples.

    The flow starts from a standard normal. In one dimension it keeps the order of points, so that
    it maps quantiles to quantiles: no samples are drawn.
    """
    normal = GaussianMixture(
        np.ones(1),
        np.zeros((1, 1)),
        np.ones((1, 1, 1)),
    )

    def rate(t: float, x: Floats) -> Floats:
        pull = (
            0.5
            * SCHEDULE.squared_diffusion(t)
            * guided_score(
                x,
                t,
                weight,
            )
        )
        velocity: Floats = SCHEDULE.drift(t) * x - pull
        return velocity

    return flows.solved(
        rate,
        normal.quantiles(shares),
        1.0,
        0.0,
    )
