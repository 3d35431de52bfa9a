"""What both problems of MAID share: the settings of the released scripts, and the test of a step.

Letters are the paper's (Salehi et al. 2025).
"""

import math
from typing import Protocol

from facsimile.papers.maid.models._solvers import Vector

ETA, RHO, TAU, BETA = 1e-4, 0.5, 0.5, 0.01
GROWS = 10 / 9  # of the step after a success
ROUNDS = 3  # of searches along a line in one step


class UpperLevel(Protocol):
    """The upper level g of a bilevel problem."""

    @property
    def upper_smoothness(self) -> float:
        """The smoothness of g."""

    def upper(self, x: Vector) -> float:
        """g(x)."""

    def upper_gradient(self, x: Vector) -> Vector:
        """Gradient of g."""

    def dot(self, first: Vector, second: Vector) -> float:
        """Inner product."""


def falls(
    problem: UpperLevel,
    begin: Vector,
    end: Vector,
    epsilon: float,
    decrease: float,
) -> bool:
    """Whether g surely falls enough from one inexact solution to another.

    The released code has η² where a condition of Armijo has η.

    Args:
        problem: the upper level.
        begin: an x that is at most ``epsilon`` from the exact one.
        end: the same after a step.
        epsilon: accuracy of both.
        decrease: length of the step times the square of the hypergradient.
    """
    slopes = [problem.upper_gradient(x) for x in (end, begin)]
    norms = [math.sqrt(problem.dot(slope, slope)) for slope in slopes]
    slack = sum(norms) * epsilon + problem.upper_smoothness * epsilon**2 / 2
    change = problem.upper(end) - problem.upper(begin)
    return change + slack <= -(ETA**2) * decrease
