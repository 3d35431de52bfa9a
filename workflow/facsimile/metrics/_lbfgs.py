"""L-BFGS of SciPy for many small problems.

Of the time that `scipy.optimize.minimize` takes for a problem of ten parameters and some hundred
points, four fifths are spent around its compiled routine. Here that routine is called directly.
It is private to SciPy and may change with it. So a problem is solved in both ways first: where
their results differ in a bit, or the routine has other arguments, `minimize` solves all of them.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy
from scipy.optimize import minimize, rosen, rosen_der

Vector = npt.NDArray[np.float64]
# (Point, further arguments) -> value and gradient [n].
Loss = Callable[..., tuple[float, Vector]]

# What the routine asks for: ``task[0]``, and the reason in ``task[1]`` if it is told to stop.
EVALUATE, NEW_ITERATION, STOP = 3, 1, 5
TOO_MANY_EVALUATIONS, TOO_MANY_ITERATIONS = 502, 504


class Settings(NamedTuple):
    """Options of `scipy.optimize.minimize(method="L-BFGS-B")`, under its names."""

    maxiter: int = 15_000
    gtol: float = 1e-5
    ftol: float = 1e7 * 2.0**-52
    maxcor: int = 10
    maxls: int = 20
    maxfun: int = 15_000


def minimum(loss: Loss, start: Vector, arguments: tuple[Any, ...], settings: Settings) -> Vector:
    """Return where L-BFGS from ``start`` [n] ends: the same bits as those of `minimize`.

    ``loss`` is called with a point [n] and ``arguments``.
    """
    solve = _direct if _direct_is_right() else _by_minimize
    return solve(loss, start, arguments, settings)


def _by_minimize(
    loss: Loss,
    start: Vector,
    arguments: tuple[Any, ...],
    settings: Settings,
) -> Vector:
    options = settings._asdict()
    result = minimize(loss, start, arguments, "L-BFGS-B", jac=True, options=options)
    return np.asarray(result.x)


def _direct(
    loss: Loss,
    start: Vector,
    arguments: tuple[Any, ...],
    settings: Settings,
) -> Vector:
    """Do what `minimize` does, without bounds and without a result that nobody reads."""
    from scipy.optimize import _lbfgsb

    n, m = len(start), settings.maxcor
    point = np.array(start, dtype=np.float64)
    value: Any = np.array(0.0)
    gradient = np.zeros(n)
    factr = settings.ftol / np.finfo(float).eps
    no_bound, unbounded = np.zeros(n), np.zeros(n, np.int32)
    task, line_search = np.zeros(2, np.int32), np.zeros(2, np.int32)
    workspace = np.zeros(2 * m * n + 5 * n + 11 * m * m + 8 * m)
    integers = np.zeros(3 * n, np.int32)
    saved = np.zeros(4, np.int32), np.zeros(44, np.int32), np.zeros(29)

    iterations = evaluations = 0
    while True:
        _lbfgsb.setulb(
            *(m, point, no_bound, no_bound, unbounded, value, gradient, factr, settings.gtol),
            *(workspace, integers, task, *saved, settings.maxls, line_search),
        )
        if task[0] == EVALUATE:
            value, gradient = loss(point, *arguments)
            evaluations += 1
        elif task[0] == NEW_ITERATION:
            iterations += 1
            if iterations >= settings.maxiter:
                task[:] = STOP, TOO_MANY_ITERATIONS
            elif evaluations > settings.maxfun:
                task[:] = STOP, TOO_MANY_EVALUATIONS
        else:
            return point


@functools.cache
def _direct_is_right() -> bool:
    """Whether SciPy's routine is as expected here; known by solving a problem in both ways."""
    # Before 1.15 the routine was in Fortran, with other arguments.
    version = tuple(int(part) for part in scipy.__version__.split(".")[:2])
    if version < (1, 15):
        return False
    problem = (_rosenbrock, np.zeros(5), (), Settings())
    try:
        point = _direct(*problem)
    except (ImportError, AttributeError, TypeError, ValueError):
        return False
    return bool(np.array_equal(point, _by_minimize(*problem)))


def _rosenbrock(point: Vector) -> tuple[float, Vector]:
    return float(rosen(point)), rosen_der(point)
