"""The report's page, written from shipped results without training, encoding or a browser."""

import shutil

import pandas as pd
import pytest
from project import ROOT

from facsimile import report
from facsimile.planning.config import Config
from facsimile.planning.workspace import Workspace

REFERENCE = ROOT / "results/reference/prog_vi/desk"


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """The text of index.html of prog_vi at desk scale; no libraries, which are downloaded."""
    results = tmp_path_factory.mktemp("results")
    workspace = Workspace(Config(results=results, scale="desk"))
    folder = workspace.paths.study("prog_vi", "desk")
    shutil.copytree(REFERENCE, folder)
    shutil.copytree(REFERENCE, folder / "tables")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("facsimile.report._packages.install", lambda cache, target: None)
        index = report.write(workspace, "prog_vi", lambda line: None)
    return index.read_text(encoding="utf-8")


def test_it_shows_the_paper_and_its_tables(html):
    study = Workspace(Config(scale="desk")).study("prog_vi")
    assert study.title in html
    for artefact in study.tables.values():
        assert artefact.title in html


def test_every_published_number_stands_beside_ours(html):
    comparison = pd.read_csv(REFERENCE / "comparison.csv")
    published = comparison.dropna(subset=["value"])
    assert len(published) > 10
    for verdict in set(published["verdict"]):
        assert verdict in html


def test_no_variable_is_missing(html):
    for text in ("{{", "{%", "Undefined"):
        assert text not in html
