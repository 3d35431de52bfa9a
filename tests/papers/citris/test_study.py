"""Published numbers of CITRIS, and the figure of matrices from known scores."""

from collections import Counter

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from project import PAPERS

from facsimile import figures
from facsimile.comparison import published
from facsimile.foundation import canonical
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec
from facsimile.studies import parents, reading, runs

FOLDER = PAPERS / "citris"
K = 5


@pytest.fixture(scope="module")
def study(root):
    return reading.load(FOLDER / "study.yaml")


@pytest.fixture(scope="module")
def numbers(study):
    return published.read(FOLDER / "published.csv", Context.of(study, "desk"))


def test_the_authors_have_50_numbers_and_a_peer_115(numbers):
    assert Counter(number.how for number in numbers) == {"printed": 50, published.PEER: 115}


def test_in_every_published_row_the_diagonal_is_above_what_is_off_it(numbers):
    """Of R2 and of rank correlations, whatever is averaged off the diagonal."""
    rows = {}
    for number in numbers:
        quantity = number.quantity
        metric = quantity.metric.removeprefix("causal_matrices.")
        kind = "diagonal" if metric.endswith("_diag") and "off" not in metric else "off"
        if metric.startswith(("r2", "spearman")):
            key = (quantity.dataset, quantity.model, number.source, metric.partition("_")[0])
            rows.setdefault(key, {})[kind] = number.value
    assert len(rows) == 66
    assert all(row["diagonal"] > row["off"] for row in rows.values())


def test_the_flow_needs_runs_of_its_autoencoder(study):
    assert dict(parents.without(study.models)) == {}
    for parent in ("", "SlowVAE"):
        models = []
        for model in study.models:
            is_flow = model.name == "citris_nf"
            models.append(model.model_copy(update={"parent": parent}) if is_flow else model)
        messages = list(dict(parents.without(models)).values())
        assert len(messages) == 2
        assert (
            messages[0]
            == "CITRIS-NF starts from runs of frame_autoencoder: state from: Autoencoder"
        )


def test_the_figure_shows_whole_matrices(study):
    random = np.random.default_rng(0)
    matrices = {}
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
            "metric": "causal_matrices",
        }
        matrices[run.model] = random.uniform(size=(K, K))
        for (i, j), value in np.ndenumerate(matrices[run.model]):
            for name in ("r2", "spearman"):
                rows.append(identity | {"score": f"{name}_{i}_{j}", "result": value})
    scores = pd.DataFrame(rows)
    spec = Spec.of("matrices", study.figures["matrices"])
    drawn = figures.draw("variable_matrices", scores, spec, Context.of(study, "desk"))
    assert len(drawn.data) == 3 * 2 * K * K
    chosen = drawn.data[drawn.data["method"] == "SlowVAE"]
    entry = chosen[(chosen["latents_of"] == 1) & (chosen["variable"] == 3)]
    assert entry["value"].tolist() == pytest.approx([matrices["slow_vae"][1, 3]] * 2)
    texts = [text.get_text() for text in drawn.figure.findobj(mpl.text.Text)]
    assert "latents of paddle left" in texts
    assert f"{matrices['slow_vae'][1, 3]:.2f}" in texts
    empty = figures.draw("variable_matrices", scores[:0], spec, Context.of(study, "desk"))
    assert empty.data.empty
