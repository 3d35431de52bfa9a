"""Distances, limits and perturbation tests of networks with known answers."""

import numpy as np
import pandas as pd
import pytest

from facsimile.metrics.base.conventions import EXACT, PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.lfa import distances
from facsimile.papers.lfa.metrics import (
    explanation_distance,
    explanation_limits,
    perturbation_test,
    prediction_error,
)
from facsimile.studies import score_names

SLOPES = np.array([3.0, -2.0, 1.0, 0.5])
POINTS = np.array([[0.1, 0.9, 0.8, 0.4], [0.5, 0.5, 0.5, 0.5]])


def outputs(parameters, layers=1, classify=0, seed=0):
    """A run that stored a network of four inputs."""
    inferred = {
        "points": POINTS.astype(np.float32),
        "parameters": np.asarray(parameters, np.float32),
        "layers": np.array(layers),
        "classify": np.array(classify),
        "perturbation_seed": np.array(seed),
    }
    return RunOutputs("m", {}, inferred, pd.DataFrame(), {}, None, None, (100, 0), 0)


@pytest.fixture(scope="module")
def linear():
    return outputs([*SLOPES, 0.3])


# Adam stops before the minimum.
@pytest.mark.parametrize(("convention", "error"), [(EXACT, 1e-6), (PAPER, 1e-4)])
def test_distances_of_a_linear_network_are_two_blocks(linear, convention, error):
    scores = explanation_distance.score(linear, convention)
    between = np.abs(SLOPES - SLOPES * POINTS).sum(1).mean()
    for name, value in scores.items():
        if not name.startswith("l1_"):
            continue
        _, method, instance, *_ = name.split("_")
        apart = (method in ("vg", "sg")) != (instance in ("vg", "sg"))
        assert value == pytest.approx(between if apart else 0, abs=error), name
    # Adam leaves distances near 0, whose order is chance.
    assert (scores["own_l1"] == 0) == (convention == EXACT)
    assert (scores["own_share"] == 1) == (convention == EXACT)
    assert all(score_names.exists(f"explanation_distance.{name}") for name in scores)


def test_the_cosine_distance_of_zero_is_one():
    first = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    second = np.array([[0.0, 2.0], [1.0, 0.0], [3.0, 3.0]])
    np.testing.assert_allclose(distances.cosine(first, second), [1, 1, 0], atol=1e-6)
    np.testing.assert_allclose(distances.l1(first, second), [3, 1, 4])


def test_less_noise_is_nearer_to_the_gradient():
    random = np.random.default_rng(0)
    scores = explanation_limits.score(outputs(random.normal(size=121), layers=3))
    assert scores["approach"] == 1
    assert scores["noise_l1_1"] < 0.1 * scores["noise_l1_30"]
    assert scores["path_l1_95"] < 0.1 * scores["path_l1_0"]
    assert all(score_names.exists(f"explanation_limits.{name}") for name in scores)


def test_zeroing_features_of_a_linear_network_changes_it_by_their_contributions(linear):
    scores = perturbation_test.score(linear)
    contributions = np.abs(SLOPES * POINTS)  # 0.3, 1.8, 0.8, 0.2; then 1.5, 1, 0.5, 0.25
    # The largest contributions are at 1 and 0; of the gradient, always at 0.
    assert scores["top_lime_1"] == pytest.approx((1.8 + 1.5) / 2, abs=1e-6)
    assert scores["top_vg_1"] == pytest.approx(contributions[:, 0].mean(), abs=1e-6)
    assert scores["bottom_occlusion_1"] == pytest.approx((0.2 + 0.25) / 2, abs=1e-6)
    # Contributions have signs: -1.8 + 0.8, and 1.5 - 1.
    assert scores["top_gxi_2"] == pytest.approx((1.0 + 0.5) / 2, abs=1e-6)
    # On this network the five others agree, and so do the two gradients.
    for end in ("top", "bottom"):
        leads = [scores[f"{end}_lime_{k}"] - scores[f"{end}_vg_{k}"] for k in range(1, 5)]
        assert scores[f"{end}_lead"] == pytest.approx(np.mean(leads), abs=1e-6)
    assert scores["top_lead"] > 0
    assert all(score_names.exists(f"perturbation_test.{name}") for name in scores)


def test_runs_of_one_network_differ_by_their_perturbations_alone():
    parameters = np.random.default_rng(0).normal(size=121)
    scores = [explanation_limits.score(outputs(parameters, 3, seed=seed)) for seed in (0, 0, 1)]
    assert scores[0] == scores[1]
    first, other = scores[0]["noise_l1_30"], scores[2]["noise_l1_30"]
    assert 0 < abs(first - other) < 0.2 * first


def test_errors_of_a_regression_and_of_a_classification():
    predictions, targets = np.array([0.1, 0.6, 0.8, 0.3]), np.array([0.0, 0.0, 1.0, 0.0])
    expected = {0: ((0.01 + 0.36 + 0.04 + 0.09) / 4, 3 / 16), 1: (1 / 4, 1 / 4)}
    for classify, (error, constant) in expected.items():
        run = outputs([*SLOPES, 0.3], classify=classify)
        run.inferred.update(predictions=predictions, targets=targets)
        scores = prediction_error.score(run)
        assert scores["test_error"] == pytest.approx(error)
        assert scores["constant_error"] == pytest.approx(constant)
