"""Linear structural causal models: closed forms beside sampling and beside values by hand."""

import numpy as np
import pytest

from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.ccgm import biased, structural
from facsimile.papers.ccgm.datasets.biased_outcome import BiasedOutcome
from facsimile.papers.ccgm.metrics import parity_gap

WEIGHTS = np.array([[0, 0.8, -0.5, 0], [0, 0, 1.2, 0], [0, 0, 0, 0.7], [0, 0, 0, 0]])
VARIANCES = np.array([1.0, 0.5, 0.3, 2.0])
ROWS = 200_000


def sampled(weights, variances, seed=0):
    """Rows [n, k], one variable after the other along the equations."""
    noise = np.random.default_rng(seed).standard_normal((ROWS, len(variances)))
    values = noise * np.sqrt(variances)
    for effect in range(len(variances)):
        values[:, effect] += values @ weights[:, effect]  # causes come first
    return values


@pytest.mark.parametrize("strength", [1, 0.5, 0])
def test_covariance_after_a_cut_is_that_of_samples(strength):
    weights = WEIGHTS * structural.factors(4, [(0, 2), (1, 2)], strength)
    exact = structural.covariance(weights, VARIANCES)
    errors = np.cov(sampled(weights, VARIANCES).T) - exact
    spread = np.sqrt(np.diag(exact))
    # A standard error is at most √2 of the deviations' product over the root of the rows.
    assert np.abs(errors / np.outer(spread, spread)).max() < 5 * np.sqrt(2 / ROWS)


def test_covariance_of_one_edge_by_hand():
    exact = structural.covariance(np.array([[0, 0.5], [0, 0]]), np.array([4.0, 1.0]))
    np.testing.assert_allclose(exact, [[4, 2], [2, 2]])
    np.testing.assert_allclose(structural.correlation(exact)[0, 1], np.sqrt(0.5))


def test_a_cut_of_no_edge_changes_no_bit_and_of_all_edges_leaves_independence():
    exact = structural.covariance(WEIGHTS, VARIANCES)
    without = WEIGHTS * structural.factors(4, [(0, 3), (3, 1)], 0.0)
    assert structural.covariance(without, VARIANCES).tobytes() == exact.tobytes()
    all_edges = [(0, 1), (0, 2), (1, 2), (2, 3)]
    apart = structural.covariance(WEIGHTS * structural.factors(4, all_edges, 0.0), VARIANCES)
    np.testing.assert_array_equal(apart, np.diag(VARIANCES))


def test_regression_finds_the_weights_and_moves_those_of_a_missing_edge():
    exact = structural.covariance(WEIGHTS, VARIANCES)
    weights, variances = structural.regression(exact, WEIGHTS != 0)
    np.testing.assert_allclose(weights, WEIGHTS, atol=1e-12)
    np.testing.assert_allclose(variances, VARIANCES)
    # The mediator, half of whose variance is the attribute's, gets half of the weight of 0.5.
    weights, variances = biased.refitted()
    assert weights[biased.DIRECT] == 0
    assert weights[1, 2] == pytest.approx(0.7 + 0.5 / 2)
    assert variances[2] == pytest.approx(1 + 0.25 / 2)


@pytest.mark.parametrize(
    ("which", "strength", "expected"),
    # 2 Φ(τ / √1.49) - 1 with the total effect τ, from a table of the normal distribution.
    [(0, 1, 0.6744), (0, 0, 0.4337), (1, 0, 0.0)],
)
def test_gap_after_a_cut(which, strength, expected):
    assert biased.exact_gap(which, strength) == pytest.approx(expected, abs=2e-4)


def test_gap_of_samples_is_the_closed_form():
    rows = sampled(biased.WEIGHTS, biased.VARIANCES)
    attribute = np.sign(rows[:, :1])
    noise = np.random.default_rng(1).standard_normal((ROWS, 2))
    mediator = attribute + noise[:, :1]
    outcome = 0.5 * attribute + 0.7 * mediator + noise[:, 1:]
    values = np.concatenate([attribute, mediator, outcome], axis=1)
    error = 5 * np.sqrt(0.5 / (ROWS / 2))
    assert parity_gap.gap(values) == pytest.approx(biased.exact_gap(0, 1), abs=error)
    # Without the direct edge: what is left of the outcome is that of another row.
    left = outcome - 0.95 * mediator
    other = np.roll(left, ROWS // 3 + 1)
    again = np.concatenate([attribute, mediator, 0.95 * mediator + other], axis=1)
    assert parity_gap.gap(again) == pytest.approx(biased.refitted_gap(), abs=error)
    assert biased.exact_gap(0, 0) < biased.refitted_gap() < biased.exact_gap(0, 1)


@pytest.fixture(scope="module")
def table():
    return BiasedOutcome.generate(None)


@pytest.mark.slow
@pytest.mark.parametrize(
    "params",
    [{"strength": 1}, {"strength": 0.5}, {"strength": 0, "edges": 1}, {"refitted": 1}],
)
def test_a_fitted_model_generates_what_the_closed_form_says(table, params):
    import torch

    from facsimile import models

    whole = {name: torch.from_numpy(np.array(values)) for name, values in table.items()}
    learned = models.model("linear_scm", **params).learned({}, whole, 0)
    inferred = {name: values.numpy() for name, values in learned.items()}
    outputs = RunOutputs("linear_scm", params, inferred, None, table, None, None, (1, 0), 0)
    scores = parity_gap.score(outputs)
    for name in ("gap", "covariance_0_1", "covariance_0_2", "covariance_2_2", "weight"):
        error = 5 * np.sqrt(2 / 20_000) * 2.93  # the largest variance
        assert scores[name] == pytest.approx(scores[f"{name}_theory"], abs=error)
    assert scores["gap_of_data"] == pytest.approx(0.6744, abs=0.03)
