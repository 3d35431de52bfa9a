"""The text of the page: what it shows and what it links to."""

import math

import pandas as pd
import pytest

from facsimile.presentation import rendering
from facsimile.presentation.rendering import Entry, Row
from facsimile.report import _artefacts, _comparison, _page

COMPARED = {
    "artefact": "table1",
    "dataset": "dsprites",
    "model": "beta_vae",
    "params": '{"beta":4}',
    "metric": "mig.mig",
    "statistic": "mean",
    "value": 0.6478,
    "spread": 0.08,
    "source": "somewhere",
    "how": "printed",
    "ours": 0.5,
    "low": 0.4,
    "high": 0.6,
    "n": 12,
    "difference": -0.1478,
    "verdict": "differs",
    "reason": "too far",
    "rule": "rule",
}


@pytest.fixture
def compared(tmp_path):
    """A comparison of one published number, and one of ours without any."""
    alone = COMPARED | {
        "value": None,
        "spread": None,
        "verdict": "no source",
        "how": "",
        "source": "",
    }
    pd.DataFrame([COMPARED, alone]).to_csv(tmp_path / "comparison.csv", index=False)
    return tmp_path / "comparison.csv"


def test_a_published_number_is_shown_beside_ours_with_a_link_to_its_runs(compared):
    (row,) = _comparison.rows(compared)
    assert (row["published"], row["number"], row["interval"]) == (
        "0.6478 ± 0.08",
        "0.500",
        "[0.400, 0.600]",
    )
    assert (
        row["runs"]
        == "#scores?dataset=dsprites&model=beta_vae&params=%7B%22beta%22%3A4%7D&score=mig.mig"
    )
    assert row["what"] == ["dSprites", "β-VAE β = 4", "MIG", "mean"]


def test_markdown_within_a_paragraph_is_shown_as_html():
    text = "**What is run.** iVAE* and *shared* `a_b` < 1, iVAE*"
    assert _page.inline(text) == (
        "<strong>What is run.</strong> iVAE* and <em>shared</em> <code>a_b</code> &lt; 1, iVAE*"
    )


def test_claims_are_shown_if_there_are_any(tmp_path):
    path = tmp_path / "claims.csv"
    assert _comparison.claims(path, "smoke") == []
    path.write_text(
        "claim,text,statistic,value,low,high,n,rule,verdict,reason,command,cost\n"
        'c1,"Seeds matter, too",some_share {"a":1},-0.51234,-0.6,-0.4,12,below 0,not comparable,'
        '"few runs; smoke scale: 200 steps, fewer seeds",snakemake c1,1 h\n'
    )
    (claim,) = _comparison.claims(path, "smoke")
    assert (claim["text"], claim["statistic"], claim["parameters"]) == (
        "Seeds matter, too",
        "some share",
        '{"a":1}',
    )
    assert (claim["number"], claim["interval"], claim["slug"]) == (
        "−0.512",
        "[−0.600, −0.400]",
        "not-comparable",
    )
    assert (claim["reasons"], claim["departs"]) == (["few runs"], True)


def test_a_claim_of_a_miniature_has_its_words_beside_the_verdict(tmp_path):
    head = "claim,text,statistic,value,low,high,n,rule,verdict,reason,command,cost,in_miniature\n"
    row = "c1,t,trend,0.4,0.3,0.5,12,above 0,not comparable,few,snakemake c1,1 h,does not hold\n"
    (tmp_path / "claims.csv").write_text(head + row)
    (tmp_path / "claims_by_dataset.csv").write_text(
        "claim,dataset,value,low,high,n,in_miniature,miniature_reason\n"
        "c1,mini_room,0.25,0.2,0.3,6,holds,\nc1,mini_uneven,,,,0,undecided,undefined\n"
    )
    (claim,) = _comparison.claims(tmp_path / "claims.csv", "miniature")
    assert (claim["slug"], claim["miniature_slug"]) == ("not-comparable", "does-not-hold")
    room, uneven = claim["worlds"]
    assert (room["word"], room["interval"]) == ("holds", "[0.200, 0.300]")
    assert (uneven["slug"], uneven["number"]) == ("undecided", "–")


def test_a_table_is_shown_as_printed_and_its_numbers_link_to_their_runs(tmp_path):
    head = "dataset,model,params,metric,mean,low,high,n,done,failed,missing\n"
    rows = [
        "dsprites,beta_vae,,mig.mig,0.25,0.2,0.3,6,6,0,0\n",
        "dsprites,beta_vae,,sap.sap,,,,0,6,0,0\n",
    ]
    (tmp_path / "table1.csv").write_text(head + "".join(rows))
    body = [
        Row(
            "Methods",
            "β-VAE λ_od",
            "6",
            [Entry(0.25, 0.2, 0.3, 5), Entry(math.nan, math.nan, math.nan)],
        )
    ]
    (tmp_path / "table1.md").write_text(
        rendering.markdown("Scores", ["MIG", "SAP"], body, ["a_note"], head="Method")
    )
    table = _artefacts._printed(tmp_path / "table1.csv")
    assert (table["head"], table["columns"], table["notes"]) == (
        "Method",
        ["MIG", "SAP"],
        ["a_note"],
    )
    block, row = table["rows"]
    assert block == {"block": "Methods"}
    assert (row["label"], row["n"]) == ("β-VAE λ_od", "6")
    runs = "#scores?dataset=dsprites&model=beta_vae&score=mig.mig"
    assert row["entries"] == [
        {"number": "0.250", "interval": "[0.200, 0.300] n=5", "runs": runs},
        {"number": "–", "interval": "", "runs": ""},
    ]


@pytest.mark.parametrize(
    ("data", "linked"), [("mig\nsap\n", "mig sap"), ("sap\n", " sap"), ("mig\nsap\nelbo\n", " ")]
)
def test_a_number_has_a_link_only_where_its_runs_are_known_for_sure(tmp_path, data, linked):
    (tmp_path / "t.csv").write_text("metric\n" + data)
    links = _artefacts._links(tmp_path / "t.csv", ["–" if data == "sap\n" else "0.100", "0.200"])
    assert [link.removeprefix("#scores?score=") for link in links] == linked.split(" ")
