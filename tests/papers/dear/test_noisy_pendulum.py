"""The noisy pendulum: counts, the released draws, targets and backgrounds, pictures."""

import math

import numpy as np
import pytest

from facsimile.datasets.base.arrays import Arrays
from facsimile.datasets.base.table import TEST
from facsimile.foundation import discover
from facsimile.papers.dear.datasets import noisy_pendulum
from facsimile.papers.dear.datasets.noisy_pendulum import logits, probabilities

IS_TEST = noisy_pendulum.held_out()


@pytest.fixture(scope="module")
def plain():
    return noisy_pendulum.without_background()


@pytest.fixture(scope="module")
def backgrounds():
    return noisy_pendulum.with_background()


def bayes_accuracy(values, sign):
    """Expected accuracy of Bayes' rule, integrated over the target."""
    probability = probabilities(values, sign)
    return np.maximum(probability, 1 - probability).mean()


def test_splits_are_the_released_ones(plain):
    assert (len(plain[0]), IS_TEST.sum()) == (10_000, 2500)
    assert np.flatnonzero(IS_TEST)[:3].tolist() == [3, 7, 11]


def test_the_sign_of_the_sine_decides_the_ceiling(plain, backgrounds):
    values = plain[0][IS_TEST]
    assert bayes_accuracy(values, 1) == pytest.approx(0.908, abs=5e-4)
    assert bayes_accuracy(values, -1) == pytest.approx(0.693, abs=5e-4)
    centred = backgrounds[0] - backgrounds[0][~IS_TEST].mean(axis=0)
    # 0.69502 with the draws of pendulum_DR.py, whose shadows differ from those of pendulum_real.py.
    assert bayes_accuracy(centred[IS_TEST], -1) == pytest.approx(0.695, abs=5e-4)


def test_with_the_peers_sign_bayes_rule_is_a_plane():
    # g + 2 sin g has the sign of g; g − 2 sin g changes its sign at 0 and at ±1.8955, too.
    g = np.linspace(-6, 6, 1201)
    g = g[np.abs(g) > 1e-6]
    values = np.column_stack((g, *np.zeros((3, len(g)))))
    np.testing.assert_array_equal(logits(values, 1) > 0, g > 0)
    is_positive = logits(values, -1) > 0
    np.testing.assert_allclose(g[:-1][np.diff(is_positive)], [-1.9, -0.01, 1.89], atol=0.011)


def test_four_of_five_shadows_are_where_the_rays_meet_the_ground(plain):
    _, _, length, position = plain[0].T
    exact = np.array([noisy_pendulum._shadow(*row) for row in plain[0][:, :2]])
    errors = np.column_stack((length, position)) - exact
    is_random = np.arange(10_000) % 5 == 4
    assert np.abs(errors[~is_random]).max() < 6 * noisy_pendulum.NOISE
    assert errors[~is_random].std() == pytest.approx(noisy_pendulum.NOISE, rel=0.02)
    assert errors[is_random].std(axis=0).min() > 3
    # At 45 degrees the rays through (10, 10.5) and (10, 1) meet y = −0.5 at x = −1 and 8.5.
    assert noisy_pendulum._shadow(math.pi / 4, 0) == pytest.approx((9.5, 3.75))


def test_angles_are_those_of_the_legacy_generator_and_shadows_are_not_shared(plain, backgrounds):
    random = np.random.RandomState(1)
    lights = random.uniform(math.pi / 4, math.pi / 2, 10_000).round(4)
    np.testing.assert_array_equal(plain[0][:, 0], lights)
    np.testing.assert_array_equal(plain[0][:, :2], backgrounds[0][:, :2])
    # The first row's noise is drawn before the first target; later rows differ.
    np.testing.assert_array_equal(plain[0][0], backgrounds[0][0])
    assert (plain[0][1:, 2] != backgrounds[0][1:, 2]).mean() > 0.99


def test_targets_and_backgrounds_have_their_probabilities(plain, backgrounds):
    values, target = plain
    assert target.mean() == pytest.approx(probabilities(values).mean(), abs=0.015)
    values, target, background = backgrounds
    for rows, blue in ((~IS_TEST, (0.2, 0.8)), (IS_TEST, (0.5, 0.5))):
        for label in (0, 1):
            share = background[rows & (target == label)].mean()
            assert share == pytest.approx(blue[label], abs=0.04)


def test_pictures_show_lamp_pendulum_shadow_and_background():
    # Rays at 45 degrees, the pendulum hanging down; then no shadow at all, on blue.
    values = np.array([[math.pi / 4, 0, 9.5, 3.75], [math.pi / 4, 0, 0, 5]])
    pictures = noisy_pendulum.draw(values, np.array([0, 1]))
    small = noisy_pendulum._reduced(pictures)
    assert small.shape == (2, 64, 64, 3)
    white, blue = noisy_pendulum.WHITE, noisy_pendulum.BLUE
    assert small[0, 0, 0].tolist() == list(white)
    assert small[1, 0, 0].tolist() == list(blue)
    differs = [(pictures[i] != colour).any(axis=2) for i, colour in enumerate((white, blue))]
    # The shadow from x = −1 to 8.5 is cut off at the axes' left end, pixel 12.
    columns = np.flatnonzero(differs[0][80:83].any(axis=0))
    x_end = 12 + 8.5 * noisy_pendulum.Canvas((0, -2), (20, 22)).scale[0]
    assert columns[0] == 12
    assert columns[-1] == pytest.approx(x_end, abs=1)
    assert not differs[1][79:84].any()
    # All else is drawn in the same places.
    np.testing.assert_array_equal(differs[0][:78], differs[1][:78])


def test_reduction_keeps_the_mean_of_each_three_pixels():
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (2, 96, 96, 3)).astype(np.uint8)
    small = noisy_pendulum._reduced(pictures).astype(float)
    means = pictures.reshape(2, 32, 3, 32, 3, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(small.reshape(2, 32, 2, 32, 2, 3).mean(axis=(2, 4)), means, atol=0.5)


@pytest.mark.slow
def test_the_file_has_training_rows_first_and_scaled_labels():
    data_class = discover.load_class("datasets", "background_pendulum", Arrays)
    arrays = data_class.generate(None)
    training = arrays["labels"][:7500]
    assert training.shape[1] == 5
    np.testing.assert_array_equal(arrays["part"] == TEST, np.arange(10_000) >= 7500)
    np.testing.assert_array_equal(training.min(axis=0), 0)
    np.testing.assert_array_equal(training.max(axis=0), 1)
    np.testing.assert_array_equal(arrays["labels"][:, 4], arrays["background"])
    is_blue = (arrays["images"][:, 0, 0] == noisy_pendulum.BLUE).all(axis=1)
    np.testing.assert_array_equal(is_blue, arrays["background"] == 1)
