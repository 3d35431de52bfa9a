"""Variants that follow the paper or its code: in study files, and in the comparison."""

import io

import pytest
import synthetic
from project import PAPERS, write_study
from rich.console import Console

from facsimile.commands.pages import study_pages
from facsimile.comparison import judge, nearest, numbers_view, published
from facsimile.foundation.file_errors import FileError
from facsimile.planning import workspace
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Quantity, Spec
from facsimile.report import _comparison
from facsimile.studies import reading, runs
from facsimile.studies.variants import Names, Variant

HEADER = ",".join(published.COLUMNS)
FAITHFUL_TO = """faithful_to:
  "DIWHVI, as published": {paper: DIWHVI, code: "DIWHVI, REINFORCE"}
  cone_objective.printed: {paper: cone_objective.value, code: cone_objective.gap}
"""


@pytest.fixture
def text(root):
    return (
        (PAPERS / "prog_vi" / "study.yaml")
        .read_text()
        .replace("tables:", f"{FAITHFUL_TO}tables:", 1)
    )


def load_study(tmp_path, text):
    return reading.load(write_study(tmp_path, text, "prog_vi"))


def write_numbers(tmp_path, *lines):
    path = tmp_path / "numbers.csv"
    path.write_text("\n".join([HEADER, *lines, ""]))
    return path


def test_a_study_lists_variants_of_models_and_scores(tmp_path, text):
    context = Context.of(load_study(tmp_path, text), "desk")
    assert context.design.variants.model == {
        "DIWHVI, as published": (Variant("DIWHVI", "paper"), Variant("DIWHVI, REINFORCE", "code"))
    }
    assert [v.name for v in context.design.variants.metric["cone_objective.printed"]] == [
        "cone_objective.value",
        "cone_objective.gap",
    ]
    assert context.design.variants.dataset == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "paper: DIWHVI,",
            "paper: DIWHV,",
            r"faithful_to.*no model of prog_vi 'DIWHV'; did you mean 'DIWHVI'",
        ),
        (
            "paper: cone_objective.value",
            "paper: cone_objectiv.value",
            "no metric of prog_vi 'cone_objectiv'",
        ),
        ("code: cone_objective.gap", "code: gap", "no metric of prog_vi 'gap'"),
        ("  cone_objective.printed: {", "  printed: {", "no metric of prog_vi 'printed'"),
        ('"DIWHVI, as published":', "HVI:", "must be three names"),
        ("code: cone_objective.gap", "code: cone_objective.value", "must be three names"),
        ("paper: DIWHVI,", "text: DIWHVI,", "no such key: 'text'"),
    ],
)
def test_a_wrong_variant_is_an_error(tmp_path, text, old, new, message):
    with pytest.raises(FileError, match=message):
        load_study(tmp_path, text.replace(old, new, 1))


def test_a_published_number_is_repeated_once_per_variant(tmp_path, text):
    context = Context.of(load_study(tmp_path, text), "desk")
    line = 'table4,cone,"DIWHVI, as published",,cone_objective.value,mean,-7.33,,Table 4,printed'
    numbers = published.read(write_numbers(tmp_path, line), context)
    assert [(n.quantity.model, n.faithful_to, n.value) for n in numbers] == [
        ("DIWHVI", "model as in the paper", -7.33),
        ("DIWHVI, REINFORCE", "model as in the code", -7.33),
    ]
    assert {n.line for n in numbers} == {2}
    without_variants = line.replace('"DIWHVI, as published"', "HVI")
    numbers = published.read(write_numbers(tmp_path, without_variants), context)
    assert [(n.quantity.model, n.faithful_to) for n in numbers] == [("HVI", "")]


def test_two_parts_with_variants_give_every_pair():
    context = synthetic.context()
    names = Names(
        dataset={"sprites": (Variant("dsprites", "paper"), Variant("cars3d", "code"))},
        model={"VAE": (Variant("beta_vae", "paper"), Variant("factor_vae", "code"))},
    )
    quantity = synthetic_quantity(dataset="sprites", model="VAE")
    pairs = list(synthetic.changed(context, variants=names).design.variants.of(quantity))
    assert [(q.dataset, q.model, note) for q, note in pairs] == [
        ("dsprites", "beta_vae", "data set as in the paper; model as in the paper"),
        ("dsprites", "factor_vae", "data set as in the paper; model as in the code"),
        ("cars3d", "beta_vae", "data set as in the code; model as in the paper"),
        ("cars3d", "factor_vae", "data set as in the code; model as in the code"),
    ]


def synthetic_quantity(dataset, model):
    return Quantity("table1", dataset, model, "", "mig.mig", "mean")


def compared(tmp_path, value):
    """Compare a published MIG of "VAE" with its variants β-VAE and FactorVAE.

    Returns the comparison, and our value of each variant.
    """
    both = Variant("beta_vae", "paper"), Variant("factor_vae", "code")
    context = synthetic.context(
        scale="paper", steps=300_000, evaluation=(10_000, 5000), variants=Names(model={"VAE": both})
    )
    printed = published.read(
        write_numbers(
            tmp_path, f"table1,dsprites,VAE,,mig.mig,mean,{value},0.0001,Table 1,printed"
        ),
        context,
    )
    specs = [Spec("table1", "scores", metrics=("mig.mig",))]
    scores = synthetic.scores(synthetic.runs(20, (2,)))
    ours = {}
    for model in ("beta_vae", "factor_vae"):
        rows = scores.query(f"model == '{model}' and metric == 'mig'")
        ours[model] = rows["result"].mean()
    return judge.compare(scores, printed, specs, context), ours


@pytest.mark.parametrize(
    ("near", "other"), [("beta_vae", "factor_vae"), ("factor_vae", "beta_vae")]
)
def test_the_comparison_marks_the_nearest_variant(tmp_path, near, other):
    _, ours = compared(tmp_path, 0.5)
    table, _ = compared(tmp_path, round(ours[near], 5))
    rows = table.query("verdict != 'no source'").set_index("model")
    assert rows["nearest"].to_dict() == {near: "yes", other: "no"}
    assert rows.loc[near, "verdict"] == "reproduced"
    assert rows.loc["beta_vae", "faithful_to"] == "model as in the paper"


def test_nothing_is_nearest_without_variants_or_with_a_single_result(tmp_path):
    table = compared(tmp_path, 0.5)[0]
    assert set(table.query("verdict == 'no source'")["nearest"]) == {""}
    single = table.query("verdict != 'no source'").reset_index(drop=True)
    single.loc[1, ["n", "difference"]] = 0, float("nan")
    assert nearest.marked(single, [2, 2]) == ["", ""]


def test_console_page_and_report_show_the_nearest_variant(tmp_path):
    _, ours = compared(tmp_path, 0.5)
    table, _ = compared(tmp_path, round(ours["factor_vae"], 5))
    out = io.StringIO()
    Console(file=out, width=160).print(numbers_view.console(table))
    line = "table1, model as in the code: nearest of 1 and reproduces 1 of 1 published numbers"
    assert line in out.getvalue()
    assert "reproduced, nearest" in out.getvalue()
    assert f"- {line}" in numbers_view.markdown(table, "x")
    judge.save(table, tmp_path / "comparison.csv")
    rows = _comparison.rows(tmp_path / "comparison.csv")
    assert [(row["variant"], row["nearest"]) for row in rows] == [
        ("model as in the paper", False),
        ("model as in the code", True),
    ]


def test_an_older_comparison_without_variants_can_be_read(tmp_path):
    table = compared(tmp_path, 0.5)[0].drop(columns=["faithful_to", "nearest"])
    assert "nearest" not in numbers_view.markdown(table, "x")
    judge.save(table, tmp_path / "comparison.csv")
    assert [
        (row["variant"], row["nearest"]) for row in _comparison.rows(tmp_path / "comparison.csv")
    ] == [("", False)] * 2


def test_the_page_of_a_study_lists_both_variants(tmp_path, text, root, monkeypatch):
    monkeypatch.chdir(root)
    page = study_pages.page(workspace.load(), load_study(tmp_path, text))
    assert "| DIWHVI, as published | DIWHVI | DIWHVI, REINFORCE |" in page


def test_variants_change_no_run(tmp_path, text, root):
    plain = reading.load(PAPERS / "prog_vi" / "study.yaml")
    assert [r.key for r in runs.expand(load_study(tmp_path, text), "desk")] == [
        r.key for r in runs.expand(plain, "desk")
    ]
