"""Active units: counts for codes with known variances and divergences."""

import numpy as np
import pytest

from facsimile.metrics import active_units
from facsimile.metrics.base import draws as base_draws

FACTORS = np.arange(1000)[:, None] % 4


def codes_of(*deviations):
    """Codes whose columns have exactly these standard deviations, on 1,000 points."""
    unit = np.where(np.arange(1000) % 2, 1.0, -1.0)
    return unit[:, None] * np.array(deviations)


def scored(codes, convention="paper", log_variances=None):
    codes = np.asarray(codes, np.float32)
    sample = base_draws.Sample(codes, FACTORS[: len(codes)], np.arange(len(codes)))
    outputs = base_draws.ModelOutputs(log_variances=log_variances)
    return active_units.score(
        base_draws.Draws(sample, sample, base_draws.Table(*sample[:2]), outputs=outputs), convention
    )


def test_units_are_counted_by_the_variance_of_their_mean():
    scores = scored(codes_of(1, 0.11, 0.1001, 0.0999, 0.05, 0))
    assert scores["active_units"] == 3
    assert scores["active_share"] == 0.5
    assert [scores[f"statistic_{j}"] for j in range(6)] == pytest.approx(
        [1, 0.0121, 0.1001**2, 0.0999**2, 0.0025, 0], rel=1e-5
    )


def test_by_kl_a_unit_is_active_if_its_posterior_is_not_the_prior():
    """KL of N(m, v) from N(0, 1): (m² + v - ln v - 1) / 2; here 0.5, 0, 0.0049 and 0.807 nats."""
    codes = codes_of(1, 0, 0.099, 0)
    log_variances = np.tile([0, 0, 0, -2], (1000, 1))
    scores = scored(codes, "kl", log_variances)
    assert scores["active_units"] == 2
    expected = [0.5, 0, 0.099**2 / 2, (np.exp(-2) + 2 - 1) / 2]
    assert [scores[f"statistic_{j}"] for j in range(4)] == pytest.approx(expected, rel=1e-5)
    assert scored(codes)["active_units"] == 1


def test_the_authors_code_looks_at_500_points():
    codes = codes_of(1, 1)
    codes[:500, 1] = 0
    assert scored(codes)["active_units"] == 2
    assert scored(codes, "iwae-code")["active_units"] == 1


def test_on_the_threshold_the_paper_and_its_code_differ(monkeypatch):
    monkeypatch.setattr(active_units, "THRESHOLD", 0.25)
    assert scored(codes_of(0.5))["active_units"] == 0
    assert scored(codes_of(0.5), "iwae-code")["active_units"] == 1


@pytest.mark.parametrize("convention", active_units.CONVENTIONS)
def test_collapsed_units_are_none(convention):
    scores = scored(np.zeros((1000, 3)), convention, np.zeros((1000, 3)))
    assert scores["active_units"] == scores["active_share"] == 0


@pytest.mark.parametrize("convention", active_units.CONVENTIONS)
def test_order_and_sign_do_not_matter_and_copies_count(convention):
    codes, order = codes_of(1, 0.05, 0, 0.3), [2, 0, 3, 1]
    log_variances = np.tile([-2, -0.02, 0, -1], (1000, 1))
    one = scored(codes, convention, log_variances)
    other = scored(-codes[:, order], convention, log_variances[:, order])
    assert other["active_units"] == one["active_units"] == 2
    assert [other[f"statistic_{place}"] for place in range(4)] == pytest.approx(
        [one[f"statistic_{j}"] for j in order]
    )
    assert scored(np.tile(codes, 2), convention, np.tile(log_variances, 2))["active_units"] == 4


def test_an_offset_matters_to_the_kl_but_not_to_the_variance():
    codes = codes_of(0.05) + 3
    assert scored(codes)["active_units"] == 0
    assert scored(codes, "kl", np.zeros((1000, 1)))["active_units"] == 1


def test_scale_matters():
    assert [scored(codes_of(0.05) * scale)["active_units"] for scale in (1, 3)] == [0, 1]


def test_the_divergence_needs_log_variances():
    with pytest.raises(ValueError, match="needs log_variances"):
        scored(codes_of(1), "kl")


def test_log_variances_are_taken_at_the_drawn_rows():
    """Half of the rows are collapsed, so about half of the others' divergence remains."""
    codes = np.zeros((1000, 1))
    log_variances = np.where(np.arange(1000) < 500, 0.0, -4.0)[:, None]
    draws = base_draws.from_table(
        codes, FACTORS, 400, 100, 3, base_draws.ModelOutputs(log_variances=log_variances)
    )
    share = (draws.train.rows >= 500).mean()
    full = (np.exp(-4) + 4 - 1) / 2
    assert active_units.score(draws, "kl")["statistic_0"] == pytest.approx(share * full)


def test_few_points_have_no_variance():
    sample = base_draws.Sample(np.float32([[2.0], [2.0]]), np.array([[0], [1]]))
    assert active_units.score(base_draws.Draws(sample, sample))["active_units"] == 0
