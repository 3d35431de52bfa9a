"""The generated pages of studies."""

import re
import shutil

import pytest
from project import PAPERS

from facsimile.commands.pages import study_pages
from facsimile.foundation import discover
from facsimile.planning import workspace as workspaces

# What the paragraphs of a note begin with.
LEADS = (
    "The question.",
    "What is run.",
    "What came out.",
    "Why it differs.",
    "What is ours.",
)


@pytest.fixture
def workspace(root, monkeypatch):
    monkeypatch.chdir(root)
    return workspaces.load()


@pytest.mark.slow
def test_the_pages_are_up_to_date(workspace):
    messages = []
    assert study_pages.write(workspace, True, messages.append) == 0, "\n".join(messages)


@pytest.mark.slow
def test_a_page_has_the_content_of_the_study_file(workspace):
    text = study_pages.page(workspace, workspace.study("locatello2019"))
    assert "[arXiv:1811.12359](https://arxiv.org/abs/1811.12359)" in text
    assert "| β-TCVAE | `beta_tc_vae` | β = 1, 2, 4, 6, 8, 10 |" in text
    assert "| `paper` | as published | 12,614 runs, " in text
    title = "Rank correlation of the metrics"
    assert f"| `locatello2019_fig2` | {title} | figure, `rank_correlation` | yes |" in text
    assert "## Claims at desk scale" in text
    assert "6 reproduced · 109 not comparable" in text


def test_a_line_break_in_the_note_begins_a_paragraph(workspace):
    study = workspace.study("prog_vi").model_copy(update={"note": "**One.** 1\n\nTwo.\n"})
    assert "\n\n**One.** 1\n\nTwo.\n\n## What is trained" in study_pages.page(workspace, study)


def test_paragraphs_of_notes_begin_with_the_same_words_in_the_same_order(workspace):
    for name in workspace.study_ids():
        paragraphs = workspace.study(name).paragraphs
        used = []
        for paragraph in paragraphs:
            used += re.findall(r"^\*\*(.+?)\*\*", paragraph)
        assert used == [lead for lead in LEADS if lead in used], name
        assert used or len(paragraphs) <= 1, name


def test_a_page_ends_with_the_entry_of_the_paper_for_a_bibliography(workspace):
    text = study_pages.page(workspace, workspace.study("prog_vi"))
    assert "@inproceedings{prog_vi," in text
    assert (
        "  author = {Becker and Lew and Wang and Ghavami and Huot and Rinard and Mansinghka},"
        in text
    )
    assert "  eprint = {2406.15742}," in text


@pytest.mark.parametrize(
    ("venue", "kind", "field"),
    [
        ("JMLR 23(241)", "article", "journal = {JMLR 23(241)}"),
        ("arXiv preprint", "misc", "howpublished = {arXiv preprint}"),
        ("ICML 2019; extended in JMLR 21(209), 2020", "inproceedings", "booktitle = {ICML 2019"),
    ],
)
def test_the_kind_of_an_entry_follows_from_the_venue(workspace, venue, kind, field):
    entry = study_pages.bibtex(workspace.study("prog_vi").model_copy(update={"venue": venue}))
    assert entry.startswith(f"@{kind}{{prog_vi,")
    assert field in entry


def test_a_figure_whose_picture_is_in_the_documentation_is_shown(workspace, tmp_path, monkeypatch):
    study = workspace.study("posterior_collapse")
    monkeypatch.setattr(study_pages, "PICTURES", tmp_path)
    assert "![" not in study_pages.page(workspace, study)
    (tmp_path / "posterior_collapse-thresholds.png").write_bytes(b"")
    text = study_pages.page(workspace, study)
    assert re.findall(r"!\[(.*)\]\(.*posterior_collapse-thresholds\.png\)", text) == [
        study.figures["thresholds"].title
    ]


def test_every_footnote_occurs_once(workspace):
    text = study_pages.page(workspace, workspace.study("locatello2019"))
    notes = re.findall(r"^\[\^([\w-]+)\]: ", text, re.MULTILINE)
    assert len(set(notes)) == len(notes) > 0
    assert set(notes) == set(re.findall(r"\[\^([\w-]+)\]", text))


@pytest.mark.slow
def test_check_names_what_is_out_of_date_and_write_fixes_it(workspace, root, tmp_path, monkeypatch):
    papers = tmp_path / PAPERS.relative_to(root)
    for part in ("config", "results/reference", "docs/papers"):
        shutil.copytree(root / part, tmp_path / part)
    shutil.copytree(PAPERS, papers)
    for file in ("README.md", "docs/screen.svg"):
        shutil.copy(root / file, tmp_path / file)
    monkeypatch.setattr(discover, "SHIPPED", papers)
    monkeypatch.chdir(tmp_path)
    messages = []
    (tmp_path / "results/reference/locatello2019/desk/comparison.csv").unlink()
    assert study_pages.write(workspace, True, messages.append) == 1
    assert [line.partition(";")[0] for line in messages] == [
        "workflow/facsimile/papers/locatello2019/README.md: not what its sources say",
        "docs/papers/README.md: not what its sources say",
        "README.md: not what its sources say",
    ]
    study_pages.write(workspace, False, messages.append)
    assert study_pages.write(workspace, True, messages.append) == 0
