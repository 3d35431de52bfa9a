"""Judges that are trained, and eigenvalues: known answers."""

import numpy as np
import pandas as pd
import pytest
import torch

from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.kovae.metrics import (
    _judges,
    discriminative_score,
    operator_spectrum,
    predictive_score,
)


def outputs(data, inferred, points=1000, seed=0):
    return RunOutputs(
        "koopman_vae", {}, inferred, pd.DataFrame(), data, None, None, (points, 0), seed
    )


def walks(n, seed, features=4):
    """Random walks within [0, 1], float32 [n, 12, features]."""
    steps = np.random.default_rng(seed).normal(scale=0.05, size=(n, 12, features))
    return (0.5 + steps.cumsum(1)).clip(0, 1).astype(np.float32)


def test_a_judge_is_trained_as_if_it_were_alone(monkeypatch):
    real, other = walks(60, 0), walks(60, 1) ** 2
    monkeypatch.setattr(_judges, "JUDGES", 3)
    three = _judges.prediction_errors(real, other, 10, 0)
    monkeypatch.setattr(_judges, "JUDGES", 2)
    two = _judges.prediction_errors(real, other, 10, 0)
    np.testing.assert_allclose(three[:2], two, rtol=1e-5)
    assert len(set(three)) == 3


def test_a_block_is_torchs_gru_with_the_same_weights():
    random = _judges.generators(0, 0)
    judges = _judges.Judges(4, 2, random)
    x = torch.from_numpy(walks(5, 2))
    found = judges(x[:, :, None].expand(-1, -1, _judges.JUDGES, -1))
    for judge in range(_judges.JUDGES):
        units = slice(2 * judge, 2 * judge + 2)
        alone = torch.nn.GRU(4, 2, batch_first=True)
        gates = np.concatenate([np.arange(6)[units] + 6 * gate for gate in range(3)])
        source = dict(judges.gru.named_parameters())
        with torch.no_grad():
            alone.weight_ih_l0.copy_(source["weight_ih_l0"][gates, 4 * judge : 4 * judge + 4])
            alone.weight_hh_l0.copy_(source["weight_hh_l0"][gates, units])
            alone.bias_ih_l0.copy_(source["bias_ih_l0"][gates])
            alone.bias_hh_l0.copy_(source["bias_hh_l0"][gates])
        states = alone(x)[0]
        expected = states @ judges.output.weight[judge, units] + judges.output.bias[judge]
        torch.testing.assert_close(found[..., judge], expected)
        limit = 1 / np.sqrt(2)
        assert 0.5 * limit < alone.weight_ih_l0.abs().max().item() <= limit


@pytest.mark.slow
def test_series_of_one_distribution_cannot_be_told_apart():
    """100 steps; of 3 times 80 test series, a mean accuracy deviates by 0.03 from a half."""
    data = {"x": walks(200, 0)}
    scores = discriminative_score.score(outputs(data, {"generated": walks(200, 1)}, 200))
    assert scores["accuracy"] == pytest.approx(0.5, abs=3 * 0.5 / np.sqrt(240))
    assert scores["score"] < 3 * 0.5 / np.sqrt(80)


@pytest.mark.slow
def test_real_series_against_constant_ones_have_the_score_of_one_half():
    """600 steps, after which all test series are told apart."""
    data = {"x": walks(300, 0)}
    constant = np.full_like(data["x"], 0.9)
    scores = discriminative_score.score(outputs(data, {"generated": constant}, 300))
    assert scores["accuracy"] == 1
    assert scores["score"] == 0.5
    assert scores["deviation"] == 0


@pytest.mark.slow
def test_a_deterministic_series_is_predicted_and_noise_is_not(monkeypatch):
    """The last feature is the first one of the step before it; in noise it is independent."""
    monkeypatch.setattr(_judges, "JUDGES", 1)
    random = np.random.default_rng(0)
    x = random.uniform(size=(300, 12, 4)).astype(np.float32)
    noise = random.uniform(size=(300, 12, 4)).astype(np.float32)
    x[:, 1:, -1] = 0.25 + 0.5 * x[:, :-1, 0]
    shifted = predictive_score.score(outputs({"x": x}, {"generated": x}, 200))
    # A uniform variable of width 1/2 has a mean absolute deviation of 1/8.
    assert shifted["constant"] == pytest.approx(0.125, abs=0.005)
    assert shifted["score"] < 0.5 * 0.125
    independent = predictive_score.score(outputs({"x": noise}, {"generated": noise}, 40))
    assert independent["score"] == pytest.approx(0.25, abs=0.02)


def test_fewer_series_mean_fewer_steps():
    assert [_judges.steps_of(n, 2000) for n in (20_000, 1000, 500, 10)] == [2000, 2000, 1000, 20]


def test_series_of_another_shape_or_too_few_are_refused():
    with pytest.raises(ValueError, match=r"generated series are \[12, 3\], those of the data set"):
        _judges.series(outputs({"x": walks(9, 0)}, {"generated": walks(9, 1, features=3)}))
    with pytest.raises(ValueError, match="4 series cannot be divided into five parts"):
        _judges.series(outputs({"x": walks(9, 0)}, {"generated": walks(9, 1)}, points=4))
    with pytest.raises(ValueError, match="use a data set with 2 features or more"):
        _judges.prediction_errors(walks(9, 0, features=1), walks(9, 1, features=1), 1, 0)


def test_eigenvalues_of_a_rotation_that_shrinks():
    """0.9 times a rotation by 0.3, and 1.02 and -0.5 on the diagonal."""
    c, s = 0.9 * np.cos(0.3), 0.9 * np.sin(0.3)
    matrix = np.zeros((4, 4))
    matrix[:2, :2] = [[c, s], [-s, c]]
    matrix[2, 2], matrix[3, 3] = 1.02, -0.5
    inferred = {"operator": matrix, "nonlinearity": np.array(0.25)}
    scores = operator_spectrum.score(outputs({}, inferred))
    assert scores["radius"] == pytest.approx(1.02)
    assert scores["distance"] == pytest.approx((0.02 + 0.1 + 0.1 + 0.5) / 4)
    assert scores["near"] == pytest.approx(0.25)
    assert scores["frequency"] == 0
    assert scores["nonlinearity"] == 0.25
    values = [complex(scores[f"re_{j}"], scores[f"im_{j}"]) for j in range(4)]
    expected = [1.02, 0.9 * np.exp(0.3j), 0.9 * np.exp(-0.3j), -0.5]
    np.testing.assert_allclose(values, expected, atol=1e-12)
    assert "frequency_theory" not in scores


def test_a_known_frequency_is_the_closed_form():
    rotation = np.array([[np.cos(0.5), np.sin(0.5)], [-np.sin(0.5), np.cos(0.5)]])
    inferred = {"operator": rotation, "nonlinearity": np.array(0.0)}
    scores = operator_spectrum.score(outputs({"frequency": np.array([0.5])}, inferred))
    assert scores["frequency"] == pytest.approx(scores["frequency_theory"])
    assert scores["radius"] == pytest.approx(scores["radius_theory"])
