"""The tolerances of the study are small against what they must tell apart."""

import numpy as np
import pytest
from project import PAPERS

from facsimile.papers.posterior_collapse.metrics import _linear_optima as optima
from facsimile.papers.posterior_collapse.metrics.linear_optimum import THRESHOLD
from facsimile.studies import reading

LATENTS = 5


@pytest.fixture(scope="module")
def tables(root):
    return reading.load(PAPERS / "posterior_collapse" / "study.yaml").tables


@pytest.mark.parametrize("score", ["omega_error", "lambda_error"])
def test_no_error_within_the_tolerance_hides_a_unit_at_the_threshold(tables, score):
    """Of data whose only unit has a KL of 0.01 nats, a collapsed model has a larger error."""
    rows = np.zeros((1, 6))
    rows[0, 0] = np.exp(THRESHOLD)  # KL = log θ for β = η_dec = 1
    theory = optima.linear_vae({"beta": 1, "eta_dec": 1}, {"x": rows}, LATENTS)
    assert theory["kl"].sum() == pytest.approx(THRESHOLD)
    singular_values = theory[score.removesuffix("_error")]
    error_of_collapse = singular_values.sum() / LATENTS
    assert error_of_collapse == pytest.approx(0.028, abs=5e-4)
    declared = tables["errors"].closed_form[f"linear_optimum.{score}"]
    assert declared.tolerance < error_of_collapse / 2


def test_the_tolerance_of_the_kl_is_the_threshold_of_each_unit(tables):
    declared = tables["collapse"].closed_form["linear_optimum.kl"]
    assert declared.tolerance == pytest.approx(LATENTS * THRESHOLD)


def test_counts_have_no_tolerance(tables):
    assert tables["collapse"].closed_form["linear_optimum.active_units"].tolerance == 0
