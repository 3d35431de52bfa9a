"""The scores that are planned: those that the requested tables and figures show."""

from types import SimpleNamespace

import pytest
from project import STUDY, write_study

from facsimile.foundation import atomic
from facsimile.planning.studies_at_scale import StudiesAtScale
from facsimile.planning.targets import Targets
from facsimile.studies import evaluations, panels

NARROW = STUDY.replace(
    "{kind: scores, title: Scores}", "{kind: scores, title: Scores, metrics: [mig.mig]}"
)
ONLY_MIG = {("mig", "")}
WHOLE = {("mig", ""), ("modularity", "")}


@pytest.fixture
def targets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path / "papers", NARROW)
    write_study(tmp_path / "papers", NARROW.replace("id: tiny", "id: other"), "other")
    return Targets(StudiesAtScale({"papers": str(tmp_path / "papers")}))


def planned(targets, *requested):
    """The scores of the study that are planned, by the files that tables are made of."""
    targets.narrow(requested)
    [panel] = {path.rpartition("scores-")[2] for path in targets.scores("tiny")}
    return panels.chosen(targets.studies.read["tiny"], "smoke", panel.removesuffix(".parquet"))


@pytest.mark.parametrize(
    "requested",
    [
        ["tiny_table1"],
        ["results/studies/tiny/smoke/tables/table1.csv"],
        ["./results/studies/tiny/smoke/tables/table1.md", "tiny_table1"],
        ["tiny_table1", "other", "other_comparison"],
    ],
)
def test_a_table_needs_only_the_scores_that_it_names(targets, requested):
    assert planned(targets, *requested) == ONLY_MIG


@pytest.mark.parametrize(
    "requested",
    [
        [],
        ["all"],
        ["tiny"],
        ["tiny_fig1"],
        ["tiny_table1", "tiny_fig1"],
        ["tiny_table1", "tiny_comparison"],
        ["tiny_report"],
        ["results/studies/tiny/smoke/scores.parquet"],
        ["results/shards/toy/beta_vae/01234567/trained.json"],
    ],
)
def test_everything_else_needs_all_scores(targets, requested):
    assert planned(targets, *requested) == WHOLE


def test_scores_that_are_gathered_already_are_kept(targets):
    study = targets.studies.read["tiny"]
    workspace = targets.studies.workspace
    folder = workspace.paths.study("tiny", "smoke")
    shard = workspace.shards(study)[0]
    panel = evaluations.panel(study, "smoke")
    whole = workspace.paths.shard_scores(shard.key, panel)
    atomic.write_bytes(whole, b"")
    # An interrupted scoring is no reason to compute more.
    assert planned(targets, "tiny_table1") == ONLY_MIG
    atomic.write_bytes(folder / "scores.parquet", b"")
    targets.panel.cache_clear()
    assert planned(targets, "tiny_table1") == WHOLE


def test_code_and_time_of_a_part_are_those_of_its_metrics(targets):
    study = targets.studies.read["tiny"]
    seconds, metrics = [], []
    for parts in (ONLY_MIG, WHOLE):
        panel = panels.name(study, "smoke", parts)
        seconds.append(targets.resources.score_seconds(panel))
        code = targets.parameters.panel_code(SimpleNamespace(panel=panel))
        metrics.append([word.partition("=")[0] for word in code.split()])
    assert 0 < seconds[0] < seconds[1]
    assert metrics == [["mig"], ["mig", "modularity"]]


def test_a_panel_that_no_study_has_is_an_error(targets):
    with pytest.raises(LookupError, match="no study has the panel 01234567-1 at scale smoke"):
        targets.parameters.panel_code(SimpleNamespace(panel="01234567-1"))
