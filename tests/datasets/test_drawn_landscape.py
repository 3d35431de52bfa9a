"""The drawn landscape has the form of TF-Bind-8."""

import numpy as np
import pytest

from facsimile.datasets.drawn_landscape import DrawnLandscape
from facsimile.datasets.tf_bind_8 import LENGTH, TFBind8

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def arrays():
    return DrawnLandscape.generate(None)


def test_it_has_the_arrays_of_tf_bind_8_and_every_sequence_once(arrays):
    assert {name: values.shape[1:] for name, values in arrays.items()} == TFBind8.shapes
    assert len(np.unique(arrays["sequence"], axis=0)) == DrawnLandscape.rows == 4**LENGTH


def test_the_lower_half_is_offline_and_comes_first(arrays):
    score, offline = arrays["score"], arrays["offline"] == 1
    assert offline.sum() == DrawnLandscape.training_rows()
    assert (score.min(), score.max()) == (0, 1)
    assert offline[: DrawnLandscape.training_rows()].all()
    assert score[offline].max() <= score[~offline].min()
    assert arrays["y"][offline].mean() == pytest.approx(0, abs=1e-4)


def test_scores_are_sums_over_places_and_neighbouring_pairs(arrays):
    """Letters at the two ends do not interact: their effects add up."""
    score = dict(zip(map(tuple, arrays["sequence"].tolist()), arrays["score"], strict=True))
    middle = (1, 2, 3, 0, 1, 2)
    both = score[0, *middle, 0] + score[3, *middle, 2]
    crossed = score[0, *middle, 2] + score[3, *middle, 0]
    assert both == pytest.approx(crossed, abs=1e-5)
