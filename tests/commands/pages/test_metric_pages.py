"""Declarations and docstrings of metrics, their pages, and ``facsimile explain-metric``."""

import io
import re
import shutil

import every_metric
import numpy as np
import pytest
from rich.console import Console

from facsimile.commands import explain_metric
from facsimile.commands.pages import metric_pages, metric_plot, metric_values
from facsimile.commands.pages.metric_values import Value
from facsimile.foundation import discover
from facsimile.metrics.base import cases, metric_card
from facsimile.metrics.base import draws as base_draws

NAMES = discover.names("metrics")
GRID = cases.Grid((2, 3, 4))


@pytest.fixture(params=every_metric.named(NAMES))
def card(request):
    return metric_card.card(request.param)


def scores(name, convention):
    codes = GRID.entangled(3)
    draws = base_draws.from_table(codes, GRID.factors, 80, 40, 0, GRID.outputs(codes))
    return discover.module("metrics", name).score(draws, convention)


def test_every_score_is_declared(card):
    if not card.of_codes:
        pytest.skip("computed on runs, not on the built-in cases: test_run_outputs.py")
    for convention in card.conventions:
        patterns = [re.sub(r"\\\{\w+\\\}", r"\\d+", re.escape(name)) for name in card.scores]
        undeclared = [
            name
            for name in scores(card.name, convention)
            if not any(re.fullmatch(pattern, name) for pattern in patterns)
        ]
        assert not undeclared, f"{card.name} ({convention}) returns scores missing in SCORES"
    assert card.headline in card.named_scores
    assert all(card.scores.values())


def test_a_convention_that_claims_the_same_number_gives_it(card):
    same = [name for name, text in card.conventions.items() if text.startswith(metric_values.SAME)]
    first = scores(card.name, next(iter(card.conventions))) if same else {}
    for convention in same:
        assert scores(card.name, convention) == first


def test_the_docstring_has_the_parts_of_a_page(card):
    assert card.what.endswith(".")
    assert card.formula.count("$") >= 2, "Formula: $...$"
    assert card.traps, "Traps: a list"
    assert all(trap[-1] in ".:" for trap in card.traps), "each trap is a sentence"
    text = " ".join([card.what, card.formula, *card.notes, *card.traps])
    assert not re.search(r"\bTODO\b|TRAPS_", text)
    for text in (card.what, card.formula, *card.notes, *card.traps):
        assert text.count("$") % 2 == 0, f"a formula is not closed: {text}"
        assert text.count("``") % 2 == 0, f"code is not closed: {text}"


def test_every_need_has_a_description(card):
    assert len(card.needs_text) == len(card.needs)


def test_the_pages_are_up_to_date(root, monkeypatch):
    monkeypatch.chdir(root)
    messages = []
    assert metric_pages.write(True, messages.append) == 0, "\n".join(messages)


def test_a_docstring_is_parsed():
    text = (
        "What it\nis.\n\nFormula: $a$,\n$b$ more.\n\nTraps:\n- One\n  goes on.\n- Two.\n\nA note."
    )
    assert metric_card.parsed(text) == (
        "What it is.",
        "$a$, $b$ more.",
        ("A note.",),
        ("One goes on.", "Two."),
    )


@pytest.fixture
def copied(root, tmp_path, monkeypatch):
    """Pages of two metrics in a separate folder, up to date."""
    monkeypatch.setattr(discover, "names", lambda folder: ["mig", "mcc"])
    monkeypatch.setattr(
        cases, "CASES", {"oracle": cases.CASES["oracle"], "missing": cases.CASES["missing"]}
    )
    monkeypatch.chdir(tmp_path)
    assert metric_pages.write(False, lambda line: None) == 0
    assert checked() == []
    return tmp_path / metric_pages.FOLDER


def checked():
    messages = []
    assert metric_pages.write(True, messages.append) == bool(messages)
    return messages


@pytest.mark.slow
def test_a_page_has_the_content_of_its_metric(copied):
    page, card = (copied / "mcc.md").read_text(), metric_card.card("mcc")
    for text in (
        card.traps[0],
        card.reference,
        "`paper` | mean over all factors",
        "(what `dlib` means)",
        "| ---: |",
    ):
        assert text in page
    assert "| oracle: one latent for each factor, a straight line of it | 1.000 | 1.000 |" in page
    assert re.search(r"missing: .* \| 0.750 \| 1.000 \| – ", page), (
        "three of four factors; icebeem leaves the fourth out"
    )
    assert (
        "- `slow-disentanglement`, missing: "
        "mcc by slow-disentanglement needs as many codes as factors" in page
    )
    assert (
        "[Mutual information gap](mig.md) | 0 to 1 | higher | codes, factors |"
        in (copied / "README.md").read_text()
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda folder: (folder / "mig.md").write_text("other"),
            "mig.md: not what its sources say",
        ),
        (lambda folder: (folder / "README.md").unlink(), "README.md: not what its sources say"),
        (lambda folder: (folder / "values" / "mcc.svg").unlink(), "mcc.svg: absent"),
        (
            lambda folder: shutil.copy(folder / "mig.md", folder / "gone.md"),
            "gone.md: its source is gone",
        ),
        (
            lambda folder: (folder / "values" / "mig.csv").write_text("# code 00000000\n"),
            "mig.csv: of other code than the metric's",
        ),
    ],
)
def test_check_names_what_is_out_of_date_and_write_fixes_it(copied, change, message):
    change(copied)
    [line] = checked()
    assert line.endswith(f"{message}; make it again: facsimile metric-pages")
    metric_pages.write(False, lambda line: None)
    assert checked() == []


@pytest.mark.slow
def test_values_are_not_computed_again_while_the_code_is_the_same(copied, monkeypatch):
    monkeypatch.setattr(
        metric_values, "computed", lambda card: pytest.fail(f"{card.name} was computed")
    )
    metric_pages.write(False, lambda line: None)


@pytest.mark.slow
def test_a_drawing_has_the_same_bytes_each_time(copied):
    card = metric_card.card("mcc")
    values = metric_values.read(copied / "values" / "mcc.csv")[1]
    first = metric_plot.svg(card, values)
    assert first == metric_plot.svg(card, values) == (copied / "values" / "mcc.svg").read_bytes()
    assert b"<dc:date>" not in first
    assert len(first) < 40_000


def test_conventions_with_equal_values_are_shown_once():
    def values(convention, *numbers):
        return [
            Value(case, convention, "s", value, "")
            for case, value in zip("ab", numbers, strict=True)
        ]

    every = [
        *values("one", 0.5, None),
        *values("two", 0.5, None),
        *values("three", 0.5001, None),
        *values("four", 0.6, 1.0),
    ]
    assert list(metric_values.groups(every, "s", ["a", "b"])) == ["one", "four"]


def test_the_cases_match_their_names():
    oracle = cases.Grid(cases.SIZES).oracle()
    codes = {
        name: case.make(oracle, np.random.default_rng(0))
        for name, case in (cases.CASES | cases.STEPS).items()
    }
    turned = codes["rotated 45°"]
    np.testing.assert_allclose(turned[:, 0], (oracle[:, 0] - oracle[:, 1]) / np.sqrt(2), atol=1e-6)
    np.testing.assert_allclose(turned.var(axis=0), 1, atol=1e-5)
    assert len(np.unique(codes["merged"][:, 0])) == cases.SIZES[0] * cases.SIZES[1]
    assert (codes["dead"][:, 4:] == 0).all()
    assert codes["noisy 2"].std() == pytest.approx(np.sqrt(1 + 4), rel=0.05)
    assert np.ptp(codes["constant"]) == 0


def test_explain_metric_prints_the_card(capsys):
    out = io.StringIO()
    explain_metric.explain("mcc", Console(file=out, width=90))
    printed = " ".join(out.getvalue().split())
    card = metric_card.card("mcc")
    for text in (
        "Mean correlation coefficient mcc",
        card.formula,
        "0 to 1, higher is better",
        "(what 'dlib' means)",
    ):
        assert text in printed
    assert all(trap in printed for trap in card.traps)
    assert "codes [N, d], factors [N, k]" in printed
    with pytest.raises(discover.UnknownName, match="no metric 'mmc'; did you mean 'mcc'"):
        explain_metric.explain("mmc", Console(file=out))
