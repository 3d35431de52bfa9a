"""Panels: their names say which scores they have, and artefacts need what they show."""

import pytest
from project import STUDY, write_study

from facsimile.studies import evaluations, panels, reading
from facsimile.studies.parts import Artefact

VARIATIONS = """\
variations:
  sampled: {representation: sampled, metrics: [mig]}
  few: {train: 50, metrics: [mig, modularity]}
"""
WHOLE = {
    ("mig", ""),
    ("mig", "sampled"),
    ("mig", "few"),
    ("modularity", ""),
    ("modularity", "few"),
}


@pytest.fixture
def study(tmp_path):
    return reading.load(write_study(tmp_path, STUDY + VARIATIONS))


def needed(study, kind="violin", folder="figures", **keys):
    return panels.needed_by(study, folder, Artefact(kind=kind, title="", **keys))


@pytest.mark.parametrize(
    "parts",
    [
        {("mig", "")},
        {("modularity", ""), ("modularity", "few")},
        WHOLE - {("mig", "few")},
        WHOLE,
    ],
)
def test_the_name_of_a_panel_says_which_scores_it_has(study, parts):
    name = panels.name(study, "smoke", parts)
    assert panels.chosen(study, "smoke", name) == parts


def test_the_whole_panel_keeps_its_name(study):
    assert panels.name(study, "smoke", WHOLE) == evaluations.panel(study, "smoke")
    assert set(panels.parts(study)) == WHOLE


@pytest.mark.parametrize("name", ["01234567", "01234567-1", "", "no panel"])
def test_a_panel_of_another_study_is_none_of_this(study, name):
    assert panels.chosen(study, "smoke", name) is None


def test_an_artefact_needs_what_it_names(study):
    assert needed(study, metrics=["mig.mig"]) == {("mig", "")}
    both = needed(study, metrics=["mig.mig"], against=["modularity.modularity"])
    assert both == {("mig", ""), ("modularity", "")}
    assert needed(study, metrics=["mig.mig@few"]) == {("mig", ""), ("mig", "few")}
    assert needed(study, metrics=["mig.mig@best"]) == {("mig", "")}


def test_an_artefact_that_names_no_scores_needs_all(study):
    assert needed(study) == WHOLE
    assert needed(study, against=["mig.mig"]) == WHOLE
    assert needed(study, metrics=["nothing.at_all"]) == WHOLE


def test_a_kind_that_shows_variations_needs_all_of_its_metrics(study):
    parts = needed(study, kind="sample_size", metrics=["mig.mig"])
    assert parts == {part for part in WHOLE if part[0] == "mig"}


def test_only_the_chosen_settings_of_a_metric_are_computed(study):
    parts = {("mig", ""), ("mig", "few")}
    chosen = panels.settings(study, "smoke", "mig", parts)
    assert [setting.variation for setting in chosen] == ["", "few"]
    assert panels.settings(study, "smoke", "modularity", parts) == []
