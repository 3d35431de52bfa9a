"""A table or figure needs no other scores than those that its target computes."""

import dataclasses

import pandas as pd
import pytest
from project import PAPERS, ROOT

from facsimile import figures
from facsimile.commands.artefacts import table_of
from facsimile.comparison.gathered import gathered
from facsimile.planning import shipped, workspace
from facsimile.planning.shipped import REFERENCE
from facsimile.presentation.spec import Spec
from facsimile.studies import panels

SCALE = "desk"
IDS = sorted(path.parent.name for path in (ROOT / REFERENCE).glob(f"*/{SCALE}"))


@pytest.fixture(scope="module", params=IDS)
def results(request):
    """The scores of a study that come with Facsimile."""
    folder = ROOT / REFERENCE / request.param / SCALE
    return gathered(workspace.load(scale=SCALE, papers=[PAPERS]), request.param, folder)


def narrowed(results, folder, artefact):
    """The results with only those scores that the target of a table or figure computes."""
    parts = panels.needed_by(results.study, folder, artefact)
    rows = zip(results.scores["metric"], results.scores["variation"], strict=True)
    # Snapshots of training are scored as their runs are.
    variations = results.study.variations
    kept = [(metric, name if name in variations else "") in parts for metric, name in rows]
    return dataclasses.replace(results, scores=results.scores[kept])


@pytest.mark.slow
def test_every_shipped_table_is_the_same_from_its_part_of_the_scores(results):
    for name, table in results.study.tables.items():
        part = table_of(narrowed(results, "tables", table), name)
        whole = table_of(results, name)
        pd.testing.assert_frame_equal(part.data, whole.data, check_exact=True)
        assert part.notes == whole.notes


@pytest.mark.slow
def test_one_figure_of_each_shipped_kind_is_the_same_from_its_part_of_the_scores(results):
    study = results.study
    kinds = {}
    for name, figure in study.figures_at(study.scales[SCALE]).items():
        if figure.metrics and not shipped.needs_store(figure.kind):
            kinds.setdefault(figure.kind, (name, figure))
    for kind, (name, figure) in kinds.items():
        spec = Spec.of(name, figure)
        part = narrowed(results, "figures", figure).scores
        drawn = [
            figures.draw(kind, scores, spec, results.context) for scores in (part, results.scores)
        ]
        pd.testing.assert_frame_equal(drawn[0].data, drawn[1].data, check_exact=True)
