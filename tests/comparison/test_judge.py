"""The comparison: reading published numbers, joining them with ours, and the rules for verdicts."""

import io
import json
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import synthetic
from project import PAPERS
from rich.console import Console

from facsimile.comparison import judge, numbers_view, published
from facsimile.comparison.published import Published
from facsimile.foundation.file_errors import FileError
from facsimile.presentation.departures import Departure
from facsimile.presentation.design import Design
from facsimile.presentation.spec import Quantity
from facsimile.statistics import further_run
from facsimile.statistics.estimates import Estimate
from facsimile.studies import reading

HEADER = ",".join(published.COLUMNS)
LINE = 'table1,dsprites,beta_vae,"{""beta"":4}",mig.mig,mean,0.12,0.03,"Table 1, p. 7",printed'
PAPER = {"scale": "paper", "steps": 300_000, "evaluation": (10_000, 5000)}
NAN = math.nan


@pytest.fixture
def write(tmp_path):
    def make(*lines, header=HEADER):
        path = tmp_path / "made_up.csv"
        path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        return path

    return make


def quantity(
    model="beta_vae",
    params="",
    metric="mig.mig",
    statistic="mean",
    dataset="dsprites",
    artefact="table1",
):
    return Quantity(artefact, dataset, model, params, metric, statistic)


def number(value=0.5, spread=NAN, rounding=0.0005, how="printed", of=None):
    return Published(of or quantity(), value, spread, rounding, "Table 1", how)


def judged(ours, of=None, context=None, **about):
    of = of or quantity()
    return judge.judge(of, number(of=of, **about), ours, context or synthetic.context(**PAPER))


def test_every_field_of_a_published_line_is_read(write):
    (number,) = published.read(write(LINE), synthetic.context())
    assert number.quantity == quantity(params='{"beta":4}')
    assert (number.value, number.spread, number.source, number.how) == (
        0.12,
        0.03,
        "Table 1, p. 7",
        "printed",
    )
    assert number.rounding == pytest.approx(0.005)


@pytest.mark.parametrize(
    ("text", "half"),
    [("0.896", 0.0005), (".9024", 0.00005), ("12600", 0.5), ("1.0e-3", 0.00005), ("1", 0.5)],
)
def test_rounding_is_half_a_unit_of_the_last_printed_place(text, half):
    assert published._rounding(text) == pytest.approx(half)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("beta_vae,", "betavae,", "no model of the study 'betavae'; did you mean 'beta_vae'"),
        ("dsprites,", "dsprite,", "no data set of the study 'dsprite'; did you mean 'dsprites'"),
        ("mig.mig", "mgi.mig", "no metric of the study 'mgi'; did you mean 'mig'"),
        ("mig.mig", "mig", "write metric.score"),
        ("mig.mig,mean", "mig.mig ~ sap,spearman", "write metric.score"),
        ("mean", "average", "no statistic 'average'"),
        ("printed", "remembered", r"no way \(how\) to get a number 'remembered'"),
        ("table1", "table9", "no artefact 'table9'; did you mean 'table1'"),
        ("0.12,", ",", "value '': must be a finite number"),
        ("0.12,", "about 0.1,", "value 'about 0.1': must be a finite number"),
        ("0.03", "nan", "spread 'nan': must be a finite number"),
        ('"Table 1, p. 7"', "", "source: every number needs one"),
        ('"Table 1, p. 7"', "Table 1, p. 7", "11 fields instead of 10; quote"),
        ('"{""beta"":4}"', "beta=4", "write JSON"),
        ('""beta""', '""gamma""', "no hyper-parameter of beta_vae 'gamma'"),
    ],
)
def test_a_wrong_line_is_named_with_file_and_line(write, old, new, message):
    assert old in LINE
    path = write(LINE, LINE.replace(old, new, 1))
    with pytest.raises(FileError, match=message) as error:
        published.read(path, synthetic.context())
    assert str(error.value).startswith(f"{path}:3: ")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (HEADER.replace("spread", "sd"), "no column 'sd'"),
        (HEADER.replace(",spread", ""), "must be, in this order"),
        ("", "in this order"),
    ],
)
def test_a_wrong_header_says_which_columns_are_right(write, header, message):
    with pytest.raises(FileError, match=message):
        published.read(write(header=header), synthetic.context())


def test_a_duplicate_number_is_an_error_unless_its_sources_differ(write):
    other = LINE.replace("p. 7", "p. 9").replace("0.12", "0.14")
    numbers = published.read(write(LINE, other), synthetic.context())
    assert [number.value for number in numbers] == [0.12, 0.14]
    with pytest.raises(FileError, match=":3: duplicate: line 2 has this quantity"):
        published.read(write(LINE, LINE), synthetic.context())


def test_within_the_published_spread_is_reproduced():
    assert judged(Estimate(0.55, 0.54, 0.56, 20), spread=0.06).verdict == "reproduced"
    assert judged(Estimate(0.57, 0.56, 0.58, 20), spread=0.06).verdict == "differs"


def test_one_run_of_a_control_may_lie_two_spreads_away():
    of = quantity("oracle")
    assert judged(Estimate(0.51, NAN, NAN, 1), of, spread=0.006).verdict == "reproduced"
    assert judged(Estimate(0.513, NAN, NAN, 1), of, spread=0.006).verdict == "differs"


def test_inside_our_interval_is_reproduced():
    assert judged(Estimate(0.52, 0.49, 0.55, 20)).verdict == "reproduced"
    verdict = judged(Estimate(0.53, 0.51, 0.55, 20))
    assert verdict.verdict == "differs"
    assert "outside our interval" in verdict.reason


def test_a_published_run_is_compared_with_one_further_run_of_ours():
    """Student's t of four values, 3.182: 2.5 ± 3.182 · 1.291 · √(5 / 4) is 2.5 ± 4.593."""
    ours = further_run.estimate(np.array([1.0, 2.0, 3.0, 4.0]))
    assert (ours.value, ours.n) == (2.5, 4)
    assert (ours.low, ours.high) == pytest.approx((-2.0934, 7.0934), abs=1e-4)
    of = quantity("oracle", statistic="one run")
    verdicts = [judged(ours, of, value=value).verdict for value in (7.0, 7.1)]
    assert verdicts == ["reproduced", "differs"]
    # What does not vary has no tolerance but that of rounding.
    certain = further_run.estimate(np.full(5, 0.5))
    assert [judged(certain, of, value=value).verdict for value in (0.5004, 0.501)] == verdicts
    assert judged(further_run.estimate(np.ones(1)), of).remedy == "more seeds"


def test_rounding_alone_reproduces_a_control():
    of = quantity("oracle")
    assert judged(Estimate(0.5004, NAN, NAN, 1), of).verdict == "reproduced"
    assert judged(Estimate(0.52, NAN, NAN, 1), of) == (
        "not comparable",
        "difference +0.02, but no published spread and no interval of ours (n = 1)",
        judge.RULES["variation"],
        "more seeds",
    )


def test_too_few_runs_are_not_compared():
    assert judged(Estimate(0.5, 0.49, 0.51, 4)).reason == "4 of at least 5 runs"
    assert judged(Estimate(0.5, 0.49, 0.51, 5)).verdict == "reproduced"


def test_a_peers_number_is_never_compared():
    verdict = judged(Estimate(0.5, 0.4, 0.6, 50), how="peer")
    assert (verdict.verdict, verdict.remedy) == ("not comparable", "a run of the peer's protocol")


def test_without_a_published_number_there_is_no_source():
    assert (
        judge.judge(
            quantity(), None, Estimate(0.5, 0.4, 0.6, 50), synthetic.context(**PAPER)
        ).verdict
        == "no source"
    )


DEPARTURES = {
    "training": Departure("training", "fewer steps"),
    "cells": Departure("cells", "other values", model="beta_vae"),
    "seeds": Departure("seeds", "1 of 50 seeds"),
    "evaluation": Departure("evaluation", "fewer points"),
    "grid": Departure("grid", "sub-grid", dataset="dsprites"),
}


@pytest.mark.parametrize(
    ("of", "touched"),
    [
        (quantity("oracle"), {"evaluation", "grid"}),
        (quantity("oracle", dataset="cars3d"), {"evaluation"}),
        (quantity(), {"training", "cells", "evaluation", "grid"}),
        (quantity(params='{"beta":4}'), {"training", "evaluation", "grid"}),
        (quantity("factor_vae"), {"training", "evaluation", "grid"}),
        (
            quantity("", metric="mig.mig ~ sap.sap", statistic="spearman"),
            {"training", "cells", "evaluation", "grid"},
        ),
        (quantity("", metric="study.runs", statistic="count", dataset=""), set()),
    ],
)
def test_a_departure_of_the_scale_touches_only_what_depends_on_it(of, touched):
    not_comparable = set()
    for kind, departure in DEPARTURES.items():
        context = synthetic.context(departures=(departure,))
        if judged(Estimate(0.5, 0.4, 0.6, 20), of, context).verdict == "not comparable":
            not_comparable.add(kind)
    assert not_comparable == touched


def compared(of, path=None, **about):
    context = synthetic.context(**about)
    specs = [
        synthetic.spec("rank_correlation", id="fig2", datasets=("noisy_dsprites",)),
        synthetic.spec(),
        synthetic.spec("scores", id="table1", datasets=()),
    ]
    printed = published.read(path, context) if path else []
    return judge.compare(synthetic.scores(of), printed, specs, context)


def test_nothing_published_is_no_source_everywhere_with_ours_beside():
    of = synthetic.runs(2)
    table = compared(of)
    assert set(table["verdict"]) == {"no source"}
    assert table["artefact"].value_counts().to_dict() == {
        "fig2": 2 * 15,
        "fig3_left": 2 * 6 * 6,
        "table1": 8 * 6,
    }
    ours = table.query(
        "artefact == 'fig3_left' and dataset == 'dsprites'"
        " and model == 'beta_vae' and metric == 'mig.mig'"
    ).iloc[0]
    own = synthetic.scores(of).query("model == 'beta_vae' and metric == 'mig'")["result"]
    assert (ours["statistic"], ours["ours"], ours["n"]) == (
        "median",
        pytest.approx(own.median()),
        6,
    )
    absent = table.query("artefact == 'fig3_left' and dataset == 'cars3d'")
    assert (absent["n"] == 0).all()
    assert absent["ours"].isna().all()


def test_published_and_ours_are_joined_on_what_they_are(write):
    of = synthetic.runs(20, (2,))
    own = synthetic.scores(of).query("model == 'beta_vae' and metric == 'mig'")["result"]
    same = LINE.replace("0.12,0.03", f"{own.mean():.3f},")
    oracle = "reference,dsprites,oracle,,mig.mig,mean,0.8958,0.0003,run,reference run"
    exact = "reference,dsprites,oracle,,mig.mig,exact,0.9024,,run,reference run"
    count = "study,,,,study.runs,count,12600,,sweep,released"
    correlation = "fig2,dsprites,,,mig.mig ~ dci.disentanglement,spearman,1.00,,p. 5,digitised"
    table = compared(of, write(same, oracle, exact, count, correlation), **PAPER)
    known = table[table["verdict"] != "no source"].set_index(["artefact", "metric", "statistic"])
    assert known["verdict"].to_dict() == {
        ("fig2", "mig.mig ~ dci.disentanglement", "spearman"): "reproduced",
        ("table1", "mig.mig", "mean"): "reproduced",
        ("study", "study.runs", "count"): "reproduced",
        ("reference", "mig.mig", "mean"): "reproduced",
        ("reference", "mig.mig", "exact"): "not comparable",
    }
    assert "'exact' is not computed" in known.loc[("reference", "mig.mig", "exact"), "reason"]
    assert known.loc[("table1", "mig.mig", "mean"), "n"] == 20
    assert known.loc[("fig2", "mig.mig ~ dci.disentanglement", "spearman"), "n"] == 120


def test_numbers_that_a_kind_of_table_computes_are_compared(write):
    share = "table5,dsprites,,,mig.mig,R² setting,0.72,,Table 5,printed"
    choice = "table1,,,,study.same_score_same_dataset,beats random,0.807,,Table 1,printed"
    context = synthetic.context(**PAPER, artefacts=("table1", "table5"))
    metrics = ("mig.mig", "sap.sap")
    specs = [
        synthetic.spec("model_selection", id="table1", metrics=metrics, datasets=("dsprites",)),
        synthetic.spec("variance_explained", id="table5", metrics=metrics, datasets=("dsprites",)),
    ]
    printed = published.read(write(share, choice), context)
    table = judge.compare(synthetic.scores(synthetic.runs(5)), printed, specs, context)
    known = table[table["value"].notna()].set_index("statistic")
    assert set(known.index) == {"R² setting", "beats random"}
    assert (known["n"] == 90).all()
    assert (known["low"] <= known["ours"]).all()
    assert (known["ours"] <= known["high"]).all()
    assert set(known["verdict"]) <= {"reproduced", "differs"}
    unpublished = table[table["value"].isna()]
    assert len(unpublished) == 2 * 2 - 1 + 4 - 1


def test_stated_parameters_match_runs_that_have_more(write):
    of = synthetic.runs(6, (2,))
    of["params"] = [json.dumps(json.loads(text) | {"fixed": 1}) for text in of["params"]]
    row = compared(of, write(LINE), **PAPER).query("verdict != 'no source'").iloc[0]
    assert row["n"] == 6


def test_a_number_beyond_the_tolerance_differs(write):
    far = LINE.replace("0.12,0.03", "0.9,0.01")
    row = (
        compared(synthetic.runs(20, (2,)), write(far), **PAPER)
        .query("verdict != 'no source'")
        .iloc[0]
    )
    assert row["verdict"] == "differs"
    assert row["difference"] == pytest.approx(row["ours"] - 0.9)
    assert row["rule"] == judge.RULES["tolerance"]


def test_a_smaller_scale_compares_no_trained_model(write):
    row = compared(synthetic.runs(20, (2,)), write(LINE)).query("verdict != 'no source'").iloc[0]
    assert row["verdict"] == "not comparable"
    assert row["reason"].startswith(
        "smoke scale: 200 of 300,000 steps; 1,000 + 500 evaluation points"
    )


def test_the_file_and_the_console_hold_every_verdict(write, tmp_path):
    count = "study,,,,study.runs,count,12600,,sweep,released"
    table = compared(synthetic.runs(6, (2,)), write(LINE, count))
    judge.save(table, tmp_path / "comparison.csv")
    read = pd.read_csv(
        tmp_path / "comparison.csv", keep_default_na=False, na_values={"ours": "", "value": ""}
    )
    assert list(read.columns) == judge.COLUMNS
    assert read["verdict"].tolist() == table["verdict"].tolist()
    np.testing.assert_allclose(read["ours"], table["ours"])
    out = io.StringIO()
    Console(file=out, width=140).print(numbers_view.console(table))
    for part in (
        "12,600",
        "β-VAE (β = 4) · MIG · mean",
        "\n1 not comparable\n",
    ):
        assert part in out.getvalue()


def test_the_shipped_numbers_are_well_formed_and_none_is_from_memory(root):
    paper = PAPERS / "locatello2019"
    design = Design.of(reading.load(paper / "study.yaml"))
    numbers = published.read(paper / "published.csv", published.OnlyDesign(design))
    assert {number.how for number in numbers} <= set(published.HOWS)
    assert not [number for number in numbers if "memory" in number.source.lower()]
    # The paper's figures are violins and matrices whose values nobody has read off yet.
    printed = {"model_selection", "variance_explained"}
    assert {number.quantity.artefact for number in numbers} <= {*printed, *published.BESIDE}
    # Table 5 agrees with the averages that the text prints, 37 and 59 per cent.
    shares = {"R² objective": [], "R² setting": []}
    for number in numbers:
        if number.quantity.artefact == "variance_explained":
            shares[number.quantity.statistic].append(number.value)
    averages = {statistic: round(sum(values) / 42, 2) for statistic, values in shares.items()}
    assert averages == {"R² objective": 0.37, "R² setting": 0.59}


@pytest.mark.slow
def test_a_comparison_waits_for_no_library_that_draws():
    """It imports all kinds of tables and figures, and needs only the numbers that they show."""
    code = (
        "import sys; from facsimile.comparison import judge;"
        "from facsimile.foundation import discover;"
        "[discover.module(kind, name) for kind in ('tables', 'figures')"
        " for name in discover.names(kind)];"
        "drawing = {'matplotlib', 'seaborn', 'scipy.stats', 'h5py', 'torch'};"
        "print(sorted(drawing & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
