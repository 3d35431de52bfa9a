"""The data of the pages: runs, scores and records come back unchanged."""

import json

import numpy as np
import pandas as pd
import pytest
from project import PAPERS
from synthetic import context, runs, scores

from facsimile.report import _artefacts, _records, _scores
from facsimile.report._script import number, script
from facsimile.studies.reading import load
from facsimile.studies.study import Study

EVALUATION = {"n_train": 1000, "n_test": 500, "evaluation_seed": 0, "versions": "none", "code": "0"}


@pytest.fixture(scope="module")
def study(root) -> Study:
    """The first paper's."""
    return load(PAPERS / "locatello2019" / "study.yaml")


@pytest.fixture
def tables():
    """Runs and their scores."""
    table = runs(seeds=2).assign(hash="0a1b2c3d")
    return table, scores(table).assign(**EVALUATION)


@pytest.mark.slow
def test_each_run_keeps_its_scores(tables, study):
    run_table, scored = tables
    page = _scores.payload(run_table, scored, study, context())
    mig = next(score for score in page["scores"] if score["name"] == "mig.mig")
    expected = (
        scored[scored["metric"] == "mig"].set_index("run")["result"].reindex(run_table["run"])
    )
    assert mig["values"] == pytest.approx(list(expected), rel=1e-5)
    assert [
        page["runs"]["model"]["words"][code]["id"] for code in page["runs"]["model"]["codes"]
    ] == list(run_table["model"])
    assert mig["range"] == [0, 1]
    assert mig["better"] == "higher"


def test_runs_are_listed_by_label_where_there_is_one(tables, study):
    run_table, scored = tables
    is_fast = (run_table["model"] == "beta_vae") & (run_table["seed"] == 1)
    labelled = run_table.assign(label=np.where(is_fast, "fast", ""))
    method = _scores.payload(labelled, scored, study, context())["runs"]["method"]
    words = [method["words"][code] for code in method["codes"]]
    assert [word["id"] == "fast" for word in words] == list(is_fast)
    assert {word["name"] for word in words} >= {"fast", "β-VAE", "FactorVAE"}


def test_a_number_of_a_label_links_to_the_runs_of_that_label(tmp_path):
    path = tmp_path / "table1.csv"
    rows = [
        ("toy", "beta_vae", "my fast", "{}", "mig.mig", 0.5),
        ("toy", "m", "", "", "mig.mig", 1),
    ]
    columns = ["dataset", "model", "label", "params", "metric", "value"]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    first, second = _artefacts._links(path, ["0.500", "1.000"])
    assert "model=my+fast" in first
    assert "model=m&" in second


def test_a_missing_score_and_a_score_that_is_not_a_number_are_null(tables, study):
    run_table, scored = tables
    scored = scored[scored["metric"] == "mig"].reset_index(drop=True)
    scored.loc[0, "result"] = np.nan
    page = _scores.payload(run_table, scored.drop(index=1), study, context())
    assert page["scores"][0]["values"][:2] == [None, None]
    assert None not in page["scores"][0]["values"][2:]


def test_each_number_keeps_the_code_that_computed_it(tables, study):
    run_table, scored = tables
    scored = scored[scored["metric"] == "mig"].reset_index(drop=True)
    same = _scores.payload(run_table, scored, study, context())["scores"][0]["code"]
    assert same == {"words": ["0"], "codes": None}
    scored.loc[2, "code"] = "1"
    differing = _scores.payload(run_table, scored, study, context())["scores"][0]["code"]
    assert differing["words"] == ["0", "1"]
    assert differing["codes"] == [0, 0, 1, *[0] * (len(run_table) - 3)]


def test_a_score_computed_in_two_ways_has_two_distinct_columns(tables, study):
    run_table, scored = tables
    both = pd.concat([scored, scored.assign(convention="paper")], ignore_index=True)
    columns = _scores.payload(run_table, both, study, context())["scores"]
    assert len(columns) == 2 * scored["metric"].nunique()
    assert len({column["id"] for column in columns}) == len(columns)
    assert len({column["label"] for column in columns}) == len(columns)


def test_only_what_differs_between_cells_names_a_cell(study):
    assert (
        _scores.settings('{"lambda_d_factor":10,"lambda_od":5}', "dip_vae_i", study) == "λ_od = 5"
    )
    assert _scores.settings('{"unknown":1}', "dip_vae_i", study) == "unknown = 1"
    assert _scores.settings("{}", "oracle", study) == ""


def test_records_come_back_and_shared_values_are_stored_once():
    records = {
        "a": {"seed": 0, "versions": {"torch": "2"}},
        "b": {"seed": 1, "versions": {"torch": "2"}, "job": None},
    }
    packed = _records.packed(records)
    assert packed["words"]["versions"] == [{"torch": "2"}]
    words, back = packed["words"], packed["runs"]
    assert {
        run: {key: words[key][i] for key, i in own.items()} for run, own in back.items()
    } == records


def test_a_script_holds_any_text_and_raises_for_values_that_json_lacks():
    value = {"text": "'quote' \"double\" \\ \n </script> β \u2028"}
    text = script("a/b", value).decode()
    literal = text.removeprefix('facsimile.give("a/b", JSON.parse(').removesuffix("));\n")
    assert json.loads(json.loads(literal)) == value
    with pytest.raises(ValueError, match="JSON"):
        script("a", float("nan"))


def test_numbers_keep_six_digits_and_no_infinity():
    assert number(0.123456789) == 0.123457
    assert number(float("inf")) is None
