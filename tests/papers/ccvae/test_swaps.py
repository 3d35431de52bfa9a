"""The figure of characteristic swaps."""

import numpy as np

from facsimile.papers.ccvae.figures import characteristic_swaps
from facsimile.papers.ccvae.models import _labels
from facsimile.papers.ccvae.models._partly_labelled import EXCHANGED


def test_pictures_that_are_shown_have_both_values_of_each_label():
    vectors = _labels.vectors(4, exclusive=False).numpy()
    rows = vectors.repeat(EXCHANGED, axis=0)
    shown = rows[characteristic_swaps._spread(len(rows))]
    assert len(shown) == characteristic_swaps.SHOWN
    assert ((shown == 0).any(axis=0) & (shown == 1).any(axis=0)).all()


def test_one_picture_of_each_digit_is_shown():
    digits = np.arange(10).repeat(EXCHANGED)
    shown = digits[characteristic_swaps._spread(len(digits))]
    np.testing.assert_array_equal(shown, np.arange(10))
