"""FISTA and conjugate gradients, for vectors of NumPy and for tensors of any shape of torch."""

import math
from collections.abc import Callable
from typing import Any

MOST_ITERATIONS = 2000  # of each call of a solver, as in the released code
Vector = Any  # an array of NumPy or a tensor
Dot = Callable[[Vector, Vector], float]


def fista(
    gradient: Callable[[Vector], Vector],
    begin: Vector,
    limit: float,
    convexity: float,
    smoothness: float,
    dot: Dot,
) -> tuple[Vector, int]:
    """Minimise a strongly convex function by FISTA, until its gradient's norm is at most a limit.

    Returns:
        The point, and how many gradients were computed.
    """
    ratio = convexity / smoothness
    x, before, momentum = begin, begin, 0.0
    for count in range(1, MOST_ITERATIONS + 1):
        past = momentum
        shrunk = 1 - ratio * past**2
        momentum = (shrunk + math.sqrt(shrunk**2 + 4 * past**2)) / 2
        weight = (past - 1) * (1 - momentum * ratio) / (momentum * (1 - ratio))
        ahead = x + weight * (x - before)
        slope = gradient(ahead)
        if math.sqrt(dot(slope, slope)) <= limit:
            return ahead, count
        before, x = x, ahead - slope / smoothness
    return x, MOST_ITERATIONS


def conjugate_gradients(
    product: Callable[[Vector], Vector],
    right: Vector,
    tolerance: float,
    dot: Dot,
) -> tuple[Vector, int]:
    """Solve a linear system until the norm of the residual is at most the tolerance, from 0.

    Args:
        product: returns the matrix times a vector.
        right: right side.
        tolerance: largest norm of the residual.
        dot: inner product.

    Returns:
        The solution, and how many products were computed.
    """
    solution = right - right  # zeros of the same kind
    residual, direction = right, right
    square = dot(residual, residual)
    count = 0
    while math.sqrt(square) > tolerance and count < MOST_ITERATIONS:
        count += 1
        image = product(direction)
        length = square / dot(direction, image)
        solution = solution + length * direction
        residual = residual - length * image
        last, square = square, dot(residual, residual)
        direction = residual + square / last * direction
    return solution, count
