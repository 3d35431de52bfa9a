"""Circles as latents: points, rotations, averages, samples, and distances of points on a torus.

A point of a torus of n circles is [..., n, 2], one unit vector per circle; an angle is [..., n].
"""

import math

import torch
from torch import Tensor

# The logarithm of the time t of the diffusion that a posterior is: centre and half of the range.
LOG_TIME = (-7.5, 2.5)
STEPS = 10  # of the random walk by which a posterior is sampled
TINY = 1e-12


def normalised(vectors: Tensor) -> Tensor:
    """Return the unit vectors [..., 2] of vectors [..., 2]."""
    length = vectors.square().sum(-1, keepdim=True).clamp_min(TINY).sqrt()
    return vectors / length


def log_times(outputs: Tensor) -> Tensor:
    """Return log t in [-10, -5] of the outputs of a network, of any shape."""
    centre, half = LOG_TIME
    return centre + half * torch.tanh(outputs)


def sampled(locations: Tensor, log_time: Tensor, noise: Tensor) -> Tensor:
    """Return samples of posteriors: 10 steps of a random walk, each brought back to the circle.

    Args:
        locations: [..., n, 2].
        log_time: [..., n]; the variance of the walk in all.
        noise: standard normals [..., STEPS, n, 2].
    """
    deviation = (0.5 * log_time).exp() / math.sqrt(STEPS)
    points = locations
    for step in noise.unbind(-3):
        points = normalised(points + deviation[..., None] * step)
    return points


def circle_kl(log_time: Tensor) -> Tensor:
    """Return the KL divergence in nats of posteriors from the uniform distribution of the circle.

    It is log 2π minus the entropy of N(0, t), which holds for t far below 1 (Tonnaer et al. 2022;
    Pérez Rey et al. 2020, diffusion VAE; the curvature of a circle is 0).

    Args:
        log_time: of any shape.
    """
    entropy = 0.5 * (log_time + math.log(2 * math.pi) + 1)
    return math.log(2 * math.pi) - entropy


def rotated(points: Tensor, angles: Tensor) -> Tensor:
    """Return points [..., n, 2] turned by angles [..., n]."""
    cos, sin = angles.cos(), angles.sin()
    x, y = points.unbind(-1)
    return torch.stack((cos * x - sin * y, sin * x + cos * y), -1)


def aligned(points: Tensor, angles: Tensor) -> Tensor:
    """Return the nearest points [..., m, n, 2] that transform exactly as their angles.

    Each point is turned back by its angle, the m points are averaged on the circle, and the average
    is turned forth again. A common angle added to all of them changes nothing.

    Args:
        points: [..., m, n, 2].
        angles: [..., m, n].
    """
    turned_back = rotated(points, -angles)
    mean = normalised(turned_back.sum(-3, keepdim=True))
    return rotated(mean.expand_as(points), angles)


def distance(points: Tensor, others: Tensor) -> Tensor:
    """Return the squared distance 2 (1 - cos) of each circle, summed over circles, [...]."""
    cosines = (points * others).sum(-1)
    return 2 * (1 - cosines).sum(-1)


def clipped_distance(points: Tensor, others: Tensor) -> Tensor:
    """Return the distance as the released code has it, [...].

    There the circles are joined before cosines are taken, so that 1 is compared with the sum of the
    cosines, which is clipped at 1: distance and gradient are 0 wherever this sum is 1 or more. What
    is left counts once per circle (lsbd-vae at bc725a4, ``lsbd_vae.py``).
    """
    circles = points.shape[-2]
    cosine = (points * others).sum((-2, -1)).clamp(-1, 1)
    return circles * 2 * (1 - cosine)
