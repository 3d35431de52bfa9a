"""The replica theory of a binary perceptron: limits, brute-force integrals, the second task."""

import numpy as np
import pytest
import torch
from scipy import special

from facsimile.statistics import binary_perceptron as theory


def brute_force(q, r, q_self):
    """The energy by even nodes that are wide enough for any maximum."""
    own, common = np.sqrt((q_self - q) / (1 - q_self)), np.sqrt(q / (1 - q_self))
    z, x = np.linspace(-8, 8, 401)[:, None], np.linspace(-60, 10, 1401)
    exponents = theory.BETA * special.log_ndtr(-(own * x + common * z)) - x**2 / 2
    inner = special.logsumexp(exponents, axis=1) + np.log((x[1] - x[0]) / np.sqrt(2 * np.pi))
    z = z[:, 0]
    weights = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    return 2 * np.sum(weights * special.ndtr(-z * r / np.sqrt(q - r**2)) * inner)


@pytest.mark.parametrize("overlaps", [(0.54, 0.38, 0.68), (0.9545, 0.7312, 0.97706)])
def test_the_energy_is_its_integral(overlaps):
    tensors = [torch.tensor(value, dtype=torch.float64) for value in overlaps]
    exact = brute_force(*overlaps)
    assert theory.energy(*tensors).item() == pytest.approx(exact, rel=1e-9)
    # Draws of x that end at 4 lose what counts.
    assert theory.energy(*tensors, reach=4.0).item() < 1.02 * exact


def test_without_patterns_the_means_are_uniform():
    saddle = theory.first_task(0)
    assert (saddle.q, saddle.r) == pytest.approx((0, 0), abs=1e-12)
    assert saddle.q_self == pytest.approx(1 / 3)
    assert saddle.errors == pytest.approx((0.5,))


@pytest.mark.slow
def test_a_solution_is_a_stationary_point_and_patterns_help():
    errors = []
    for load in (0.3, 1.0):
        saddle = theory.first_task(load)
        overlaps = (saddle.q, saddle.r, saddle.q_self)
        slopes = []
        for index in range(3):
            ends = []
            for shift in (-1e-5, 1e-5):
                moved = [value + shift * (place == index) for place, value in enumerate(overlaps)]
                ends.append(brute_force(*moved))
            slopes.append((ends[1] - ends[0]) / 2e-5)
        expected = load * np.array([-2, 1, 1]) * slopes
        np.testing.assert_allclose(saddle.hats, expected, rtol=1e-4)
        means, signs = theory._first_means(np.array(saddle.hats))
        np.testing.assert_allclose(means, overlaps, atol=1e-7)
        assert saddle.errors[0] == pytest.approx(np.arccos(signs[0]) / np.pi)
        assert saddle.r**2 < saddle.q < saddle.q_self
        errors.append(saddle.errors[0])
    assert errors[1] == pytest.approx(0.2828, abs=1e-4)
    assert errors[1] < errors[0]


@pytest.mark.slow
def test_two_branches_from_a_load_of_one_and_a_half():
    for load, differ in ((1.2, False), (1.5, True)):
        uninformed, aligned = (theory.first_task(load, branch) for branch in theory.BRANCHES)
        assert (uninformed.errors[0] - aligned.errors[0] > 0.1) == differ


@pytest.mark.slow
def test_a_second_task_without_penalty_and_overlap_is_a_first_one_and_forgets():
    alone = theory.first_task(0.5)
    second = theory.second_task(2.0, 0.5, 0.0, 0.0)
    assert second.errors[0] == pytest.approx(alone.errors[0], abs=1e-5)
    assert second.errors[1] == pytest.approx(0.5, abs=1e-9)
    assert (second.q, second.r, second.q_self) == pytest.approx(alone[:3], abs=1e-5)


def test_before_the_second_task_a_strong_penalty_keeps_the_first_one():
    """α₂ = 0: m is spread around m¹ by exp(-γβ KL), ever less as γ grows."""
    first = theory.first_task(2.0)
    overlaps = []
    for penalty in (0.1, 1.0, 10.0):
        saddle = theory.second_task(2.0, 0.0, 0.5, penalty)
        overlaps.append(saddle.q_self)
        assert saddle.r == pytest.approx(0.5 * _mean(saddle, first, penalty), rel=0.02)
    assert overlaps[0] < overlaps[1] < overlaps[2] < first.q_self
    assert saddle.errors[1] == pytest.approx(first.errors[0], abs=2e-3)
    # Teachers that agree in 3 of 4 weights: a third of patterns have other labels.
    assert saddle.errors[0] == pytest.approx(1 / 3, abs=1e-3)


def _mean(saddle, first, penalty):
    """E m by brute force: an integral over m for each m¹ of the first task's density."""
    nodes, _ = theory._means()
    prior = theory._first_density(np.array(first.hats))
    m = np.linspace(-1, 1, 4003)[1:-1]
    means = []
    for node in nodes:
        up, down = (1 + m) / 2, (1 - m) / 2
        kl = up * np.log(up / ((1 + node) / 2)) + down * np.log(down / ((1 - node) / 2))
        weights = np.exp(-penalty * theory.BETA * (kl - kl.min()))
        means.append(weights @ m / weights.sum())
    return prior @ means


def test_impossible_arguments_are_refused():
    for call, message in (
        (lambda: theory.first_task(-1), "load is 0 or more"),
        (lambda: theory.first_task(1, "best"), "branch 'best'"),
        (lambda: theory.second_task(2, 1, 2, 1), "overlap from -1 to 1"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
