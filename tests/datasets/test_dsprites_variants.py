"""Colour and noise on dSprites: what is drawn has the distribution that the paper's code has."""

import numpy as np
import pytest

from facsimile.datasets import Dataset
from facsimile.datasets.base import sprite as base_sprite
from facsimile.datasets.color_dsprites import ColorDSprites
from facsimile.datasets.dsprites import DSprites
from facsimile.datasets.noisy_dsprites import NoisyDSprites

N = 1024


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return base_sprite.render(2, 5, 3)


def lit(rows: np.ndarray) -> np.ndarray:
    return DSprites(rows, {}).images(np.arange(N))[..., 0] > 0


def drawn(data: Dataset) -> np.ndarray:
    return data.images(np.arange(N), np.random.default_rng(0))


def test_color_is_one_on_a_sprite_and_black_around_it(rows: np.ndarray) -> None:
    images, sprite = drawn(ColorDSprites(rows, {})), lit(rows)
    assert not images[~sprite].any()
    for image, mask in zip(images[:50], sprite, strict=False):
        assert len(np.unique(image[mask], axis=0)) == 1


def test_color_is_uniform_above_one_half_and_channels_independent(rows: np.ndarray) -> None:
    colours = drawn(ColorDSprites(rows, {})).max(axis=(1, 2)) / 255
    assert colours.min() >= 0.5
    assert colours.max() <= 1
    # Uniform on [0.5, 1]: mean 0.75, sd 0.1443. Standard errors are sd / 32 of the mean, and 1 / 32
    # of a correlation.
    assert colours.mean(axis=0) == pytest.approx([0.75] * 3, abs=4 * 0.1443 / 32)
    assert colours.std(axis=0) == pytest.approx([0.1443] * 3, rel=0.1)
    assert np.corrcoef(colours.T)[np.triu_indices(3, 1)] == pytest.approx([0] * 3, abs=4 / 32)


def test_noise_is_uniform_around_a_white_sprite(rows: np.ndarray) -> None:
    images, sprite = drawn(NoisyDSprites(rows, {})), lit(rows)
    assert (images[sprite] == 255).all()
    counts = np.bincount(images[~sprite].ravel(), minlength=256)
    # Each of 256 levels is drawn n / 256 times, give or take the root of that: 5 sigma allowed.
    assert np.abs(counts - counts.mean()).max() < 5 * np.sqrt(counts.mean())
