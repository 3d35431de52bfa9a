"""Everything is drawn from shipped scores: which targets there are, and what is read."""

import sysconfig
from types import SimpleNamespace

import pandas as pd
import pytest
from project import ROOT, STUDY, write_study

from facsimile.foundation import shared_files
from facsimile.planning import requests, shipped
from facsimile.planning.studies_at_scale import StudiesAtScale
from facsimile.planning.targets import Targets
from facsimile.scoring import collect

WITH_TRAVERSALS = STUDY.replace(
    "figures:\n", "figures:\n  fig2: {kind: traversals, title: Traversals}\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with a study whose scores are shipped at one of two scales, and one without."""
    monkeypatch.chdir(tmp_path)
    text = WITH_TRAVERSALS + "  desk: {description: more, seeds: 1}\n"
    write_study(tmp_path / "papers", text)
    write_study(tmp_path / "papers", STUDY.replace("id: tiny", "id: other"), "other")
    for path in shipped.files("tiny", "smoke"):
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame({"run": ["toy/beta_vae/01234567/0"]}).to_parquet(path)
    return tmp_path


def targets(**changes):
    return Targets(StudiesAtScale({"papers": "papers", "scores": "reference"} | changes))


def errors(of, *names):
    dag = SimpleNamespace(targets=names, forcerun=None, until=None, omit_from=None)
    rules = SimpleNamespace(overwrite_threads={}, overwrite_resources={})
    return requests.errors(of, SimpleNamespace(dag_settings=dag, resource_settings=rules))


def test_only_studies_with_shipped_scores_have_targets():
    of = targets()
    assert of.studies.names == ["tiny"]
    assert errors(of, "tiny", "tiny_fig1", "tiny_report") == []


def test_a_study_is_made_of_its_shipped_scores_and_nothing_is_trained():
    of = targets()
    files = of.study("tiny")(None)
    assert not [file for file in files if "shards" in file or "runs/" in file]
    assert "results/shipped/studies/tiny/smoke/report" in files
    assert "results/shipped/studies/tiny/smoke/tables/table1.md" in files
    read = of.study_scores(SimpleNamespace(study="tiny"))
    assert read == [
        "results/reference/tiny/smoke/runs.parquet",
        "results/reference/tiny/smoke/scores.parquet",
    ]
    # The commands of the jobs draw from shipped scores, too.
    assert "--set=scores=" in of.command


def test_own_results_are_elsewhere_and_have_all_figures():
    own = targets(scores="own")
    assert own.results == "results"
    assert "fig2" in own.artefacts("tiny")
    assert "fig2" not in targets().artefacts("tiny")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("other", "results/reference/other/smoke: no shipped scores; of other are shipped: none"),
        ("other_fig1", "no shipped scores"),
        ("tiny_fig2", "tiny_fig2 shows trained models, which are not shipped"),
        ("tiny_fig11", "did you mean tiny_fig1"),
        ("results/shipped/studies/other/smoke/comparison.csv", "no shipped scores"),
    ],
)
def test_what_cannot_be_drawn_is_an_error_that_says_why(name, message):
    [text] = errors(targets(), name)
    assert message in text


def test_a_scale_without_shipped_scores_is_an_error_that_lists_those_with():
    message = "no scores are shipped at scale desk; shipped are: tiny scale=smoke"
    with pytest.raises(ValueError, match=message):
        targets(scale="desk")


def test_collect_copies_the_shipped_tables(folder):
    workspace = targets().studies.workspace
    runs, _ = collect.collect(workspace, workspace.study("tiny"))
    assert list(runs["run"]) == ["toy/beta_vae/01234567/0"]
    copied = folder / "results/shipped/studies/tiny/smoke/runs.parquet"
    source = folder / "results/reference/tiny/smoke/runs.parquet"
    assert copied.read_bytes() == source.read_bytes()


def test_shipped_results_are_those_of_the_checkout_in_any_folder(folder, monkeypatch):
    name = ("prog_vi", "desk")
    assert shipped.is_shipped(*name)
    assert shipped.folder(*name) == ROOT / "results/reference/prog_vi/desk"
    assert shipped.contains(shipped.folder(*name))
    monkeypatch.chdir(ROOT)
    assert str(shipped.folder(*name)) == "results/reference/prog_vi/desk"
    assert shipped.contains(shipped.folder(*name))
    assert not shipped.contains(folder)


def test_those_of_the_working_directory_come_before_the_checkout_and_the_installed_ones(
    folder, monkeypatch
):
    """An installed package has no checkout, and its files where pip puts them."""
    monkeypatch.setattr(shared_files, "ROOT", folder / "site-packages")
    monkeypatch.setattr(sysconfig, "get_path", lambda name, scheme: str(folder / "venv"))
    for study in ("tiny", "other"):
        place = folder / "venv/share/facsimile/reference" / study / "smoke"
        place.mkdir(parents=True)
        for name in shipped.FILES:
            (place / name).touch()
    assert shipped.all_folders() == {
        ("tiny", "smoke"): shipped.REFERENCE / "tiny" / "smoke",
        ("other", "smoke"): place,
    }
    assert not shipped.is_shipped("prog_vi", "desk")
