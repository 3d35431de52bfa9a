"""Replica-symmetric theory of a perceptron with binary weights that learns one task, or two.

Li, Huang, Zou, Huang 2023, "Statistical mechanics of continual learning: variational principle and
mean-field potential" (Phys. Rev. E 108, 014309). A weight is ±1 with mean m_i, and the means have
the Boltzmann distribution exp(-β energy) on [-1, 1]^N at β = 20, where the energy of a pattern x
with label y is -log P(y w·x > 0), a normal probability. A teacher with weights ±1 gives the labels
of αN random patterns. The order parameters are overlaps of means: q of two replicas, r with the
teacher, q* of one replica with itself; each has a conjugate, here with the suffix hat.

In the second task, the energy of the means has γ KL(m | m¹) as well, m¹ drawn from the first
task's distribution (the Franz-Parisi potential), and the second teacher agrees with the first in
a share (1 + r₀) / 2 of its weights. Integrals are sums over even nodes, in float64.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy import optimize
from torch import Tensor

Floats = npt.NDArray[np.float64]
BETA = 20.0
WIDTH = 8.0  # normal integrals go from -8 to 8
# Nodes: of z in the energy, of x there, of z in averages of m for one task and for the second, of
# m on either side of 0.
ENERGY_OUTER, ENERGY_INNER, FIELDS, SECOND_FIELDS, LEGENDRE = 301, 121, 2001, 801, 100
CENTRE = 0.05  # the energy changes quickly around z = 0, where its nodes are closer by about this
DAMPING, WARM_UP, ROUNDS, TOLERANCE = 0.5, 40, 10, 1e-9


class NotConverged(RuntimeError):
    """The saddle point equations have no solution near where the iteration began."""


class Saddle(NamedTuple):
    """A solution of the saddle point equations.

    Attributes:
        q: overlap of two replicas' means.
        r: overlap of the means and the task's teacher.
        q_self: mean of m².
        hats: the three conjugates, in this order.
        errors: generalisation errors of the weights sign(m): of this task, and for a second task
            of the first one, too.
    """

    q: float
    r: float
    q_self: float
    hats: tuple[float, float, float]
    errors: tuple[float, ...]


# Overlaps (q, r, q*) from which the equations are iterated, by the name of the branch.
BRANCHES = {"uninformed": (0.3, 0.2, 0.5), "aligned": (0.97, 0.98, 0.975)}


def first_task(
    load: float,
    branch: str = "uninformed",
    reach: float | None = None,
) -> Saddle:
    """Solve for a task of ``load`` patterns per weight.

    There may be two solutions: one that is met from small overlaps, as by a student that knows
    nothing, and one near the teacher.

    Args:
        load: α, patterns per weight.
        branch: ``"uninformed"`` or ``"aligned"``, where the iteration begins.
        reach: see ``energy``.

    Raises:
        NotConverged: the iteration did not converge.
        ValueError: the load is negative.
    """
    return _first_task(float(load), branch, reach)


def second_task(
    first_load: float,
    load: float,
    overlap: float,
    penalty: float,
) -> Saddle:
    """Solve for a second task of ``load`` patterns per weight, after a first one.

    Args:
        first_load: patterns per weight of the first task.
        load: patterns per weight of the second task.
        overlap: r₀ of both teachers, in [-1, 1].
        penalty: γ, the weight of the divergence from the first task's means.

    Raises:
        NotConverged: the iteration did not converge.
        ValueError: a load or the penalty is negative, or the overlap is none.
    """
    return _second_task(float(first_load), float(load), float(overlap), float(penalty))


def energy(
    q: Tensor,
    r: Tensor,
    q_self: Tensor,
    reach: float | None = None,
) -> Tensor:
    """Return 2 ∫ Dz H(z r / √(q - r²)) log ∫ Dx H(g)^β, with H the upper normal tail.

    g = (√(q* - q) x + √q z) / √(1 - q*). Differentiable; 0-dimensional tensors in float64.

    Args:
        q: overlap of two replicas.
        r: overlap with the teacher.
        q_self: q*, overlap of a replica with itself.
        reach: if given, x is from -reach to reach. The release averages over 10,000 to 20,000 draws
            of x, which do not reach beyond 4, while the integrand's maximum may be at -10 or below.
    """
    z, log_z = (torch.from_numpy(values) for values in _dense_normal(ENERGY_OUTER))
    even, log_even = (torch.from_numpy(values) for values in _normal(ENERGY_INNER))
    own, common = (q_self - q).sqrt() / (1 - q_self).sqrt(), (q / (1 - q_self)).sqrt()
    # H(g)^β falls like exp(-β g² / 2), so that the integrand's maximum moves away with z > 0. The
    # even nodes are placed around it, with the density of x there.
    a, b = own.detach(), common.detach()
    centre = -BETA * a * b * z.clamp(min=0)[:, None] / (1 + BETA * a**2)
    if reach is not None:
        even = even * reach / WIDTH
        log_even = (-(even**2) / 2).log_softmax(0)
        centre = torch.zeros_like(centre)
    x = centre + even
    log_x = log_even - centre * even - centre**2 / 2
    g = own * x + common * z[:, None]
    inner = (BETA * torch.special.log_ndtr(-g) + log_x).logsumexp(1)
    teacher = torch.special.ndtr(-z * r / (q - r**2).sqrt())
    return 2 * torch.sum(log_z.exp() * teacher * inner)


def generalisation_error(overlap: float) -> float:
    """Return arccos(overlap) / π: how often two perceptrons differ on random patterns."""
    return float(np.arccos(np.clip(overlap, -1.0, 1.0)) / np.pi)


@functools.cache
def _first_task(
    load: float,
    branch: str,
    reach: float | None,
) -> Saddle:
    _check(load)

    def means(hats: Floats) -> tuple[Floats, Floats]:
        return _first_means(hats)

    if branch not in BRANCHES:
        raise ValueError(f"branch {branch!r}: give one of {', '.join(BRANCHES)}")
    return _solve(load, means, BRANCHES[branch], reach)


@functools.cache
def _second_task(
    first_load: float,
    load: float,
    overlap: float,
    penalty: float,
) -> Saddle:
    _check(load, first_load)
    if not -1 <= overlap <= 1 or penalty < 0:
        raise ValueError(
            f"overlap {overlap:g} and penalty {penalty:g}: give an overlap from -1 to 1 and a "
            "penalty from 0"
        )
    hats = np.array(first_task(first_load).hats)
    nodes, log_weights = _means()
    prior = _first_density(hats)  # of m¹ at the nodes
    # -γ β KL(m | m¹), rows m¹, columns m.
    up, down = (1 + nodes) / 2, (1 - nodes) / 2
    divergence = up * (np.log(up) - np.log(up)[:, None]) + down * (
        np.log(down) - np.log(down)[:, None]
    )
    pull = np.exp(log_weights - penalty * BETA * divergence)

    def means(found: Floats) -> tuple[Floats, Floats]:
        return _second_means(found, prior, pull, overlap)

    return _solve(load, means, BRANCHES["uninformed"])


def _solve(
    load: float,
    means: Callable[[Floats], tuple[Floats, Floats]],
    start: tuple[float, float, float],
    reach: float | None = None,
) -> Saddle:
    """Iterate the equations with damping from given overlaps, then solve by Powell's method.

    The iteration alone needs hundreds of steps; it decides which of several solutions is found.
    """

    def residual(overlaps: Floats) -> Floats:
        q, r, q_self = overlaps
        if not (r * r < q < q_self < 1):
            return np.full(3, 10.0)  # no overlaps of means: Powell's method turns back
        return np.asarray(means(load * _conjugates(overlaps, reach))[0] - overlaps)

    overlaps = np.array(start)
    if load == 0:
        overlaps, signs = means(np.zeros(3))
        return _saddle(overlaps, np.zeros(3), signs)
    for _ in range(ROUNDS):
        for _ in range(WARM_UP):
            overlaps = overlaps + DAMPING * residual(overlaps)
        found = optimize.root(residual, overlaps, options={"xtol": TOLERANCE})
        if np.abs(found.fun).max() < TOLERANCE:
            hats = load * _conjugates(found.x, reach)
            return _saddle(found.x, hats, means(hats)[1])
    raise NotConverged(
        f"no solution at the load {load:g} after {ROUNDS * WARM_UP} iterations; the last overlaps "
        f"were {overlaps}"
    )


def _saddle(
    overlaps: Floats,
    hats: Floats,
    signs: Floats,
) -> Saddle:
    q, r, q_self = (float(value) for value in overlaps)
    errors = tuple(generalisation_error(float(value)) for value in signs)
    conjugates = (float(hats[0]), float(hats[1]), float(hats[2]))
    return Saddle(q, r, q_self, conjugates, errors)


def _conjugates(
    overlaps: Floats,
    reach: float | None,
) -> Floats:
    """(-2 dE/dq, dE/dr, dE/dq*) at (q, r, q*)."""
    arguments = [torch.tensor(value, requires_grad=True) for value in overlaps]
    # mypy does not know that there are three arguments.
    slopes = torch.autograd.grad(energy(*arguments, reach), arguments)  # type: ignore[arg-type, call-arg]
    return np.array([-2.0, 1.0, 1.0]) * np.array([slope.item() for slope in slopes])


def _first_means(hats: Floats) -> tuple[Floats, Floats]:
    """(q, r, q*) and the mean of sign(m) at conjugates, by integrals over m and z."""
    weights, nodes = _posteriors(hats), _means()[0]
    mean = weights @ nodes
    z_weights = np.exp(_normal(FIELDS)[1])
    overlaps = np.array([mean**2 @ z_weights, mean @ z_weights, (weights @ nodes**2) @ z_weights])
    return overlaps, np.array([(weights @ np.sign(nodes)) @ z_weights])


def _first_density(hats: Floats) -> Floats:
    """Probability of each node of m under the first task, the mean over z."""
    return np.asarray(np.exp(_normal(FIELDS)[1]) @ _posteriors(hats))


def _posteriors(hats: Floats) -> Floats:
    """Probability [z, m] of each node of m given z."""
    (nodes, log_weights), (z, _) = _means(), _normal(FIELDS)
    square, field = hats[2] - hats[0] / 2, np.sqrt(max(hats[0], 0.0)) * z + hats[1]
    exponents = square * nodes**2 + field[:, None] * nodes + log_weights
    weights = np.exp(exponents - exponents.max(1, keepdims=True))
    return np.asarray(weights / weights.sum(1, keepdims=True))


def _second_means(
    hats: Floats,
    prior: Floats,
    pull: Floats,
    overlap: float,
) -> tuple[Floats, Floats]:
    """(q, r, q*) of the second task, and the means of B sign(m) and of sign(m)."""
    (nodes, _), (x, log_x) = _means(), _normal(SECOND_FIELDS)
    square = hats[2] - hats[0] / 2
    overlaps, signs = np.zeros(3), np.zeros(2)
    # B is the second teacher's weight where that of the first one is 1.
    for teacher, share in ((1.0, (1 + overlap) / 2), (-1.0, (1 - overlap) / 2)):
        field = np.sqrt(max(hats[0], 0.0)) * x + hats[1] * teacher
        exponents = square * nodes[:, None] ** 2 + field * nodes[:, None]
        push = np.exp(exponents - exponents.max(0))
        total = pull @ push
        averages = np.outer(prior, share * np.exp(log_x))
        mean = (pull * nodes) @ push / total
        sign = np.sum(averages * ((pull * np.sign(nodes)) @ push / total))
        moment = (pull * nodes**2) @ push / total
        overlaps += [
            np.sum(averages * mean**2),
            teacher * np.sum(averages * mean),
            np.sum(averages * moment),
        ]
        signs += [teacher * sign, sign]
    return overlaps, signs


@functools.cache
def _normal(number: int) -> tuple[Floats, Floats]:
    """Even nodes of a normal integral, and logarithms of weights that sum to 1."""
    nodes = np.linspace(-WIDTH, WIDTH, number)
    weights = np.exp(-(nodes**2) / 2)
    return nodes, np.log(weights / weights.sum())


@functools.cache
def _dense_normal(number: int) -> tuple[Floats, Floats]:
    """The same, with nodes that are close together around 0: even ones in arsinh(z / CENTRE)."""
    limit = np.arcsinh(WIDTH / CENTRE)
    places = np.linspace(-limit, limit, number)
    nodes = CENTRE * np.sinh(places)
    weights = np.exp(-(nodes**2) / 2) * np.cosh(places)
    return nodes, np.log(weights / weights.sum())


@functools.cache
def _means() -> tuple[Floats, Floats]:
    """Nodes of m in (-1, 1), none at 0 where sign(m) jumps, and logarithms of weights."""
    nodes, weights = np.polynomial.legendre.leggauss(LEGENDRE)
    right, weights = (nodes + 1) / 2, weights / 4
    return np.concatenate([-right[::-1], right]), np.log(np.concatenate([weights[::-1], weights]))


def _check(*loads: float) -> None:
    for load in loads:
        if load < 0:
            raise ValueError(f"a load is 0 or more, not {load:g}")
