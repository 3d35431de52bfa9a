"""Distance of a learned graph to the true one, by hand."""

import numpy as np
import pandas as pd
import pytest

from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.causalvae.metrics import causal_graph

TRUE = np.array([[0, 1, 1], [0, 0, 0], [0, 0, 0]])  # 0 is the cause of 1 and 2


def scored(weights):
    data = {"parents": np.broadcast_to(TRUE, (5, 3, 3))}
    return causal_graph.score(
        RunOutputs(
            "m", {}, {"graph": np.array(weights)}, pd.DataFrame(), data, None, None, (1, 1), 0
        )
    )


@pytest.mark.parametrize(
    ("weights", "hamming", "missing", "wrong"),
    [
        ([[0, 0.9, -0.4], [0, 0, 0.2], [0, 0, 0]], 0, 0, 0),
        ([[0, 0, 1], [1, 0, 0], [0, 0, 0]], 1, 1, 1),  # one edge reversed
        ([[1, 1, 1], [0, 0, 1], [0, 0, 0]], 2, 0, 2),  # a loop, and an edge too many
        ([[0, 0, 0], [0, 0, 0], [0, 0, 0]], 2, 2, 0),
    ],
)
def test_edges_are_counted(weights, hamming, missing, wrong):
    scores = scored(weights)
    assert (scores["hamming"], scores["missing"], scores["wrong"]) == (hamming, missing, wrong)
    assert scores["into_2_0"] == weights[0][2]
    assert (scores["into_2_0_theory"], scores["into_0_2_theory"]) == (1, 0)


def test_acyclicity_is_zero_without_cycles_alone():
    assert scored([[0, 3, 5], [0, 0, 2], [0, 0, 0]])["acyclicity"] == pytest.approx(0)
    # tr (I + [[0, 1], [1, 0]] / 2)² = 2 (1 + 1/4), less 2
    assert causal_graph.acyclicity(np.array([[0.0, 1], [1, 0]])) == pytest.approx(0.5)
