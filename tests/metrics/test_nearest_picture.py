"""The reader that gives a picture the labels of the nearest known one."""

import numpy as np
import pytest

from facsimile.metrics.base.nearest_picture import BLOCK, Reader


@pytest.fixture
def known():
    """Pictures of noise, and their labels: one is constant, one skips a value."""
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (6, 4, 4, 3), np.uint8)
    labels = np.array([[0, 0, 7], [1, 2, 7], [2, 0, 7], [0, 2, 7], [1, 0, 7], [2, 2, 7]])
    return pictures, labels


def test_a_picture_has_the_labels_of_the_nearest(known):
    pictures, labels = known
    order = np.random.default_rng(1).integers(0, 6, 2 * BLOCK + 3)
    noisy = pictures[order] // 2 + 60
    np.testing.assert_array_equal(Reader(*known).read(noisy), labels[order])


def test_bytes_and_floats_are_read_alike(known):
    pictures, labels = known
    np.testing.assert_array_equal(Reader(*known).read(pictures.astype(np.float32) / 255), labels)
    as_floats = Reader(pictures.astype(np.float32) / 255, labels)
    np.testing.assert_array_equal(as_floats.read(pictures), labels)


def test_probabilities_are_of_the_values_of_labels_that_vary(known):
    pictures, labels = known
    first, second = Reader(*known).probabilities(pictures)
    np.testing.assert_array_equal(first, np.eye(3)[labels[:, 0]])
    np.testing.assert_array_equal(second, np.eye(2)[labels[:, 1] // 2])
