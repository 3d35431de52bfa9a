"""Published numbers of iCITRIS, and the figure of graphs from known scores."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from project import PAPERS

from facsimile import figures
from facsimile.comparison import published
from facsimile.foundation import canonical
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec
from facsimile.studies import reading, runs

FOLDER = PAPERS / "icitris"
K = 4


@pytest.fixture(scope="module")
def study(root):
    return reading.load(FOLDER / "study.yaml")


def test_the_authors_have_40_numbers_of_two_data_sets(study):
    numbers = published.read(FOLDER / "published.csv", Context.of(study, "desk"))
    assert Counter(number.how for number in numbers) == {"printed": 40}
    distances = [n.value for n in numbers if n.quantity.metric.startswith("temporal_graphs")]
    # Of three seeds: thirds, rounded to two digits.
    assert all(abs(3 * value - round(3 * value)) < 0.02 for value in distances)


def test_the_schedules_of_the_desk_are_as_much_shorter_as_its_training(study):
    paper, desk = runs.expand(study, "paper"), runs.expand(study, "desk")
    steps = [scale[0].statement["training"]["steps"] for scale in (paper, desk)]
    [shorter] = {run.params["shorter"] for run in desk if run.label == "iCITRIS-ENCO"}
    assert steps[0] / steps[1] == pytest.approx(shorter, rel=0.01)


@pytest.mark.slow
def test_the_figure_shows_shares_of_learned_edges_and_the_true_ones(study):
    true = np.eye(K, k=1)
    rows = []
    for run in runs.expand(study, "desk"):
        identity = {
            "run": run.key,
            "dataset": run.dataset,
            "model": run.model,
            "label": run.label,
            "params": canonical.dumps(run.params),
            "value": run.value,
            "seed": run.seed,
            "control": False,
            "variation": "",
            "metric": "temporal_graphs",
        }
        for i, j in np.ndindex(K, K):
            learned = float(run.seed == 0 and i < j)
            for graph in ("instantaneous", "temporal"):
                name = f"{graph}_{i}_{j}"
                rows.append(identity | {"score": name, "result": learned})
                rows.append(identity | {"score": f"{name}_theory", "result": true[i, j]})
    spec = Spec.of("graphs", study.figures["graphs"])
    context = Context.of(study, "desk")
    drawn = figures.draw("learned_graphs", pd.DataFrame(rows), spec, context)
    assert len(drawn.data) == 2 * 2 * K * K
    edge = drawn.data[(drawn.data["cause"] == 0) & (drawn.data["effect"] == 1)]
    assert set(edge["learned"]) == {1 / study.scales["desk"].seeds}
    assert set(edge["true"]) == {1}
    assert set(edge["n"]) == {study.scales["desk"].seeds}
    framed = sum(len(axes.patches) for axes in drawn.figure.axes)
    assert framed == 4 * 3
