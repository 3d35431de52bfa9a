"""KL and mutual information of the explorer, by known answers."""

import numpy as np
import pytest

from facsimile.report import _latents


def test_the_kl_of_the_prior_is_0_and_that_of_a_shifted_narrow_posterior_is_known():
    mean = np.array([[0, 2], [0, -2]], np.float32)
    log_variance = np.array([[0, np.log(0.25)]] * 2, np.float32)
    assert _latents.divergences(mean, log_variance) == pytest.approx(
        [0, 0.5 * (4 + 0.25 - np.log(0.25) - 1)]
    )


def test_a_latent_that_is_a_factor_has_all_its_information_and_no_other():
    factors = np.stack(np.unravel_index(np.arange(12), (3, 4)), axis=1)
    mean = np.stack([factors[:, 0] * 1.5 - 1, np.zeros(12)], axis=1).astype(np.float32)
    assert _latents.shared_information(mean, factors) == pytest.approx(
        np.array([[1, 0], [0, 0]]), abs=1e-12
    )


def test_a_factor_of_one_value_has_no_information_and_no_warning():
    factors = np.stack([np.arange(6), np.zeros(6, np.int64)], axis=1)
    mean = np.arange(6, dtype=np.float32)[:, None]
    assert _latents.shared_information(mean, factors) == pytest.approx(np.array([[1, 0]]))
