"""The two laws of the study: a mixture of five Gaussians in the plane, and a Gaussian in 64-D."""

import math
from functools import cache

import numpy as np

from facsimile.statistics.diffusion.gaussian_mixture import Floats, GaussianMixture

# Of each component: weight, mean, standard deviations along its axes, angle in degrees, class.
COMPONENTS = (
    (0.30, (-1.2, -0.6), (0.35, 0.15), 40, 0),
    (0.20, (-0.4, 1.0), (0.30, 0.20), -30, 0),
    (0.15, (0.2, -1.2), (0.25, 0.12), 10, 1),
    (0.20, (1.1, 0.7), (0.30, 0.15), 70, 1),
    (0.15, (0.9, -0.5), (0.20, 0.20), 0, 1),
)
CLASS = np.array([component[4] for component in COMPONENTS])
DIMENSIONS = 64
LARGEST, SMALLEST = 4.0, 4e-4  # variances of the Gaussian, as uneven as those of small pictures


@cache
def planar() -> GaussianMixture:
    """Return the mixture in the plane."""
    covariances = []
    for _, _, deviations, degrees, _ in COMPONENTS:
        angle = math.radians(degrees)
        cosine, sine = math.cos(angle), math.sin(angle)
        turn = np.array([[cosine, -sine], [sine, cosine]])
        covariances.append(turn @ np.diag(np.square(deviations)) @ turn.T)
    return GaussianMixture(
        np.array([component[0] for component in COMPONENTS]),
        np.array([component[1] for component in COMPONENTS]),
        np.stack(covariances),
    )


def variances() -> Floats:
    """Return the variances [64] of the Gaussian, from the largest to the smallest."""
    return np.geomspace(LARGEST, SMALLEST, DIMENSIONS)


@cache
def wide() -> GaussianMixture:
    """Return the Gaussian N(0, diag(variances)) in 64 dimensions, a mixture of one."""
    return GaussianMixture(
        np.ones(1),
        np.zeros((1, DIMENSIONS)),
        np.diag(variances())[None],
    )
