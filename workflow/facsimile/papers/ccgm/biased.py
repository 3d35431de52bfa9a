"""A linear structural causal model with a sensitive attribute: its weights and known answers."""

import numpy as np

from facsimile.papers.ccgm import structural
from facsimile.papers.ccgm.structural import Edge, Floats

SENSITIVE, MEDIATOR, OUTCOME = range(3)
NAMES = ("sensitive", "mediator", "outcome")
DIRECT = (SENSITIVE, OUTCOME)
EDGES: list[Edge] = [
    (SENSITIVE, MEDIATOR),
    DIRECT,
    (MEDIATOR, OUTCOME),
]
WEIGHTS = np.zeros((3, 3))
WEIGHTS[SENSITIVE, MEDIATOR] = 1
WEIGHTS[DIRECT] = 0.5
WEIGHTS[MEDIATOR, OUTCOME] = 0.7
VARIANCES = np.ones(3)  # of the exogenous terms; the attribute is 1 or -1, the others are Gaussian
ONE_EDGE, ALL_OF_CAUSE, ALL_EDGES = range(3)


def edges_cut(
    which: int,
    direct: Edge = DIRECT,
) -> list[Edge]:
    """Return the edges that are cut: the direct one, all from its cause, or all edges."""
    if which == ONE_EDGE:
        return [direct]
    if which == ALL_OF_CAUSE:
        cause, _ = direct
        return [edge for edge in EDGES if edge[0] == cause]
    return EDGES


def exact_covariance(
    which: int,
    strength: float,
) -> Floats:
    """Return the covariance [3, 3] after the edges are scaled by ``strength``."""
    scale = structural.factors(3, edges_cut(which), strength)
    return structural.covariance(WEIGHTS * scale, VARIANCES)


def exact_gap(
    which: int,
    strength: float,
) -> float:
    """Return the demographic parity gap after the edges are scaled by ``strength``."""
    scale = structural.factors(3, edges_cut(which), strength)
    total = structural.mixing(WEIGHTS * scale)
    effect, *others = total[:, OUTCOME]
    variance = float(np.square(others) @ VARIANCES[1:])
    return structural.parity_gap(float(effect), variance)


def refitted() -> tuple[Floats, Floats]:
    """Return weights [3, 3] and exogenous variances [3] of a fit without the direct edge."""
    parents = WEIGHTS != 0
    parents[DIRECT] = False
    covariance = structural.covariance(WEIGHTS, VARIANCES)
    return structural.regression(covariance, parents)


def refitted_gap() -> float:
    """Return the gap of a model that is fitted without the direct edge.

    What is left of the outcome still has a part of the attribute, that of another row.
    """
    weights, _ = refitted()
    first = weights[SENSITIVE, MEDIATOR]
    slope = weights[MEDIATOR, OUTCOME]
    # Outcome less slope times mediator, in terms of the true exogenous terms.
    true_total = structural.mixing(WEIGHTS)
    left = true_total[:, OUTCOME] - slope * true_total[:, MEDIATOR]
    shift = left[SENSITIVE]
    others = np.square(left[1:]) @ VARIANCES[1:]
    variance = float(slope**2 * VARIANCES[MEDIATOR] + others)
    return structural.parity_gap(float(slope * first), variance, float(shift))
