"""Metrics of labels on answers that are known, and the data that they are of."""

from types import SimpleNamespace

import numpy as np
import pytest

from facsimile.datasets.base.table import TEST, TRAINING
from facsimile.foundation import discover
from facsimile.papers.ccvae.datasets.sprite_attributes import ATTRIBUTES, SpriteAttributes
from facsimile.papers.ccvae.metrics import characteristic_swap, classification


@pytest.fixture(scope="module")
def sprites():
    few = type("SpriteAttributes", (SpriteAttributes,), {"rows": 300})
    return few.generate(None)


def outputs(data, **inferred):
    return SimpleNamespace(data=data, inferred=inferred)


def classified(targets, probability):
    data = {
        "targets": np.array(targets),
        "part": np.full(len(targets), TEST),
    }
    return classification.score(outputs(data, label_probability=np.array(probability)))


def test_exclusive_labels_by_hand():
    targets = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    probability = [[0.8, 0.1, 0.1], [0.4, 0.6, 0.0], [0.1, 0.9, 0.0], [0.5, 0.2, 0.3]]
    scores = classified(targets, probability)
    assert scores["accuracy"] == 0.5
    # Class by class: 1.2 - 1, 0.9 - 1 and 0.3 - 0.
    assert scores["class_calibration"] == pytest.approx((0.2 + 0.1 + 0.3) / 3 / 4)


def test_binary_labels_by_hand():
    scores = classified([[1, 0], [1, 1], [0, 0]], [[0.9, 0.2], [0.3, 0.8], [0.4, 0.6]])
    assert scores["accuracy"] == pytest.approx(4 / 6)
    # Label by label: 0.9 + 0.3 + 0.6 - 2 and 0.8 + 0.8 + 0.4 - 2.
    assert scores["class_calibration"] == pytest.approx((0.2 + 0.0) / 2 / 3)


def test_a_perfect_exchange_and_none(sprites):
    """Pictures of the training rows stand for what a model decodes."""
    targets, images = sprites["targets"], sprites["images"]
    by_labels = {}
    for row in np.flatnonzero(sprites["part"] == TRAINING):
        by_labels.setdefault(tuple(targets[row]), row)
    rows = np.array(list(by_labels.values()))
    m, k = len(rows), len(ATTRIBUTES)
    assert m == 2**k
    exchanged = np.empty((k, m, m, *images.shape[1:]), np.uint8)
    for label, i, j in np.ndindex(k, m, m):
        wanted = targets[rows[i]].copy()
        wanted[label] = targets[rows[j], label]
        exchanged[label, i, j] = images[by_labels[tuple(wanted)]]
    perfect = outputs(sprites, exchanged=exchanged, exchanged_rows=rows)
    scores = characteristic_swap.score(perfect)
    assert 0.9 < scores.pop("reader") <= 1
    assert scores == {"reconstructed": 1.0, "transferred": 1.0, "others_kept": 1.0}
    unchanged = np.broadcast_to(images[rows][None, :, None], exchanged.shape)
    none = outputs(sprites, exchanged=unchanged, exchanged_rows=rows)
    scores = characteristic_swap.score(none)
    scores.pop("reader")
    assert scores == {"reconstructed": 1.0, "transferred": 0.0, "others_kept": 1.0}
    # If labels are exclusive, all of them have to be those of the other picture.
    together = np.broadcast_to(images[rows][None, None], exchanged[:1].shape)
    moved = characteristic_swap.score(outputs(sprites, exchanged=together, exchanged_rows=rows))
    assert moved["transferred"] == 1.0
    assert "others_kept" not in moved


def test_sprites_show_their_labels(sprites):
    images = sprites["images"][..., 0] / 255.0
    hollow, large, left, top = sprites["targets"].T.astype(bool)
    area = images.sum(axis=(1, 2))
    down, right = np.indices((28, 28)) + 0.5
    x = (images * right).sum(axis=(1, 2)) / area
    y = (images * down).sum(axis=(1, 2)) / area
    np.testing.assert_array_equal(x < 14, left)
    np.testing.assert_array_equal(y < 14, top)
    width = images.max(axis=1).sum(axis=1)
    np.testing.assert_array_equal(width > 9.3, large)
    middle = images[np.arange(len(images)), y.astype(int), x.astype(int)]
    np.testing.assert_array_equal(middle < 0.5, hollow)


def test_parts_of_mnist_are_those_of_the_peers():
    data_class = discover.load_class("datasets", "mnist_split", object)
    assert data_class.training_rows() == 48_600
    assert data_class.rows == 60_000
