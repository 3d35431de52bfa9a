"""L-BFGS without SciPy's surroundings: the same bits, and `minimize` where they could differ."""

import numpy as np
import pytest
from scipy.optimize import minimize

from facsimile.metrics import _lbfgs, _linear


def problem(seed, points, columns):
    rng = np.random.default_rng(seed)
    codes = rng.normal(size=(points, columns)) * rng.uniform(0.1, 10, columns)
    signs = np.where(codes[:, 0] + rng.normal(size=points) > 0, 1.0, -1.0)
    return rng.normal(size=columns), np.ascontiguousarray(codes.T), signs


@pytest.mark.parametrize(("points", "columns"), [(3, 1), (40, 2), (160, 11), (500, 21)])
@pytest.mark.parametrize("penalty", [1e-4, 1.0, 1e4])
def test_the_point_has_the_bits_of_minimize(points, columns, penalty):
    start, codes, signs = problem(points, points, columns)
    arguments = (codes, signs, penalty)
    for settings in (_lbfgs.Settings(), _linear.LBFGS, _lbfgs.Settings(maxiter=2)):
        actual = _lbfgs._direct(_linear._loss, start, arguments, settings)
        expected = minimize(
            _linear._loss,
            start,
            arguments,
            "L-BFGS-B",
            jac=True,
            options=settings._asdict(),
        )
        np.testing.assert_array_equal(actual, expected.x)


def test_few_evaluations_end_it_as_minimize_does():
    start, codes, signs = problem(0, 100, 5)
    arguments = (codes, signs, 1e-3)
    settings = _lbfgs.Settings(maxfun=3)
    actual = _lbfgs._direct(_linear._loss, start, arguments, settings)
    expected = _lbfgs._by_minimize(_linear._loss, start, arguments, settings)
    np.testing.assert_array_equal(actual, expected)


def test_another_routine_is_noticed(monkeypatch):
    _lbfgs._direct_is_right.cache_clear()
    assert _lbfgs._direct_is_right()
    _lbfgs._direct_is_right.cache_clear()

    def takes_two_arguments(*arguments):
        raise TypeError("setulb takes 2 arguments")

    monkeypatch.setattr("scipy.optimize._lbfgsb.setulb", takes_two_arguments)
    assert not _lbfgs._direct_is_right()
    _lbfgs._direct_is_right.cache_clear()
