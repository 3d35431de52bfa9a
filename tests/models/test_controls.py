"""The controls: oracle and noise."""

import numpy as np
import pytest

from facsimile import models
from facsimile.models.base.control import LOG_VARIANCE

FACTORS = np.stack([np.arange(5000) % 3, np.arange(5000) % 40], 1)


def test_the_codes_of_the_oracle_are_the_factors():
    mean, _ = models.model("oracle").codes(FACTORS, 0)
    assert np.array_equal(mean, FACTORS)


def test_noise_is_ten_standard_normals_independent_of_the_factors():
    mean, _ = models.model("noise").codes(FACTORS, 3)
    assert mean.shape == (5000, 10)
    assert np.abs(mean.mean(0)).max() < 5 / np.sqrt(5000)
    assert np.abs(np.cov(mean.T) - np.eye(10)).max() < 5 * np.sqrt(2 / 5000)
    assert np.abs(np.corrcoef(mean.T, FACTORS.T)[:10, 10:]).max() < 5 / np.sqrt(5000)
    again, other = (models.model("noise").codes(FACTORS, seed)[0] for seed in (3, 4))
    assert np.array_equal(mean, again)
    assert (mean == other).mean() < 1e-3


def test_noise_is_not_the_stream_of_a_metric_with_the_same_seed():
    mean, _ = models.model("noise").codes(FACTORS, 0)
    metric = np.random.default_rng(0).standard_normal(mean.shape, dtype=np.float32)
    assert abs(np.corrcoef(mean.ravel(), metric.ravel())[0, 1]) < 5 / np.sqrt(mean.size)


def test_controls_have_a_constant_small_variance(control):
    mean, log_variance = models.model(control).codes(FACTORS, 0)
    assert mean.dtype == log_variance.dtype == np.float32
    assert mean.shape == log_variance.shape
    assert (log_variance == LOG_VARIANCE).all()


def test_inferring_with_a_control_raises(control):
    with pytest.raises(NotImplementedError, match="sees factors, not images; call codes"):
        models.model(control).infer({}, None)


def test_one_factor_must_still_have_two_dimensions():
    with pytest.raises(
        ValueError, match=r"factors must be \[images, factors\], not of shape \[5000\]"
    ):
        models.model("oracle").codes(FACTORS[:, 0], 0)
