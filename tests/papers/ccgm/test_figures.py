"""The figures of cuts: which number stands where, and pictures of one vector in a column."""

import numpy as np
import pandas as pd
import pytest
import synthetic

from facsimile import figures
from facsimile.papers.ccgm.cuts import CUTS

MODEL = "factor_vae"
CONTEXT = {"datasets": ("pendulum",), "evaluation": (40, 20)}


def scores_of(names):
    """Scores of one run of ``MODEL``, one row per name of a score."""
    scores = synthetic.scores(synthetic.runs(1, (0,), ("pendulum",)))
    first = scores[scores["model"] == MODEL].iloc[[0]]
    rows = [first.assign(metric="edge_cut", score=name, result=names[name]) for name in names]
    return pd.concat(rows, ignore_index=True)


@pytest.mark.slow
def test_what_is_read_is_below_the_diagonal_and_the_closed_form_above():
    values = {}
    for cut in CUTS:
        values |= {f"pair_1_3_{cut}": 0.25, f"pair_1_3_{cut}_theory": -0.75}
    spec = synthetic.spec("cut_correlations", metrics=("edge_cut.read_cut",), models=(MODEL,))
    drawn = figures.draw(
        "cut_correlations", scores_of(values), spec, synthetic.context(**CONTEXT), None
    )
    assert drawn.data["cut"].tolist() == list(CUTS)
    assert drawn.data[["first", "second", "value", "theory"]].to_numpy().tolist() == [
        [1, 3, 0.25, -0.75]
    ] * len(CUTS)
    for axes in drawn.figure.axes[: len(CUTS)]:
        texts = {text.get_position(): text.get_text() for text in axes.texts}
        assert texts == {(1, 3): "0.25", (3, 1): "−0.75"}


class Specimens(synthetic.Specimens):
    """Four pictures that each cut makes brighter."""

    def inferred(self, key):
        levels = np.array([0, 51, 102, 255], np.uint8)
        return {
            "cut_images": np.broadcast_to(levels[:, None, None, None, None], (4, 4, 8, 8, 3)),
        }


@pytest.mark.slow
def test_pictures_are_compared_with_those_before_the_cut():
    scores = scores_of({"read_cut": 0.5})
    spec = synthetic.spec("cut_pictures", metrics=("edge_cut.read_cut",), models=(MODEL,))
    context = synthetic.context(**CONTEXT)
    drawn = figures.draw("cut_pictures", scores, spec, context, Specimens())
    assert drawn.data["cut"].tolist() == list(CUTS)
    np.testing.assert_allclose(drawn.data["changed"], [0, 0.2, 0.4, 1], atol=1e-6)
