"""Published numbers as spreadsheets save them, and lines that could never match a run."""

import math

import pytest
import synthetic
from project import PAPERS

from facsimile.comparison import judge, published
from facsimile.foundation.file_errors import FileError
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Quantity
from facsimile.statistics.estimates import Estimate
from facsimile.studies import reading

HEADER = ",".join(published.COLUMNS)
LINE = 'table1,dsprites,beta_vae,"{""beta"":4}",mig.mig,mean,0.12,0.03,"Table 1, p. 7",printed'
GOOD = f"{HEADER}\r\n{LINE}\r\n"
LABELS = {"slow": "beta_vae", "fast": "beta_vae", "only": "factor_vae"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "published.csv"


def read(path, data, **changes):
    path.write_bytes(data)
    return published.read(path, synthetic.context(**changes))


def labelled(path, line):
    hyper_parameters = {"slow": ("beta",), "fast": ("beta",), "only": ("gamma",)}
    data = f"{HEADER}\n{line}\n".encode()
    return read(path, data, methods=hyper_parameters, labels=LABELS)


@pytest.mark.parametrize(
    "data",
    [
        GOOD.encode(),
        GOOD.replace("\r\n", "\n").encode(),
        GOOD.replace("\r\n", "\r").encode(),
        GOOD.encode("utf-8-sig"),
        f"{GOOD}\r\n".encode(),
        f"{GOOD}{',' * 9}\r\n \r\n".encode(),
        f"{HEADER}\r\n\r\n{LINE}".encode(),
        GOOD.replace("table1,", " table1\u00a0,").encode(),
    ],
    ids=["CRLF", "LF", "CR", "BOM", "blank-end", "commas-end", "blank-middle", "blanks-in-fields"],
)
def test_what_a_spreadsheet_adds_changes_nothing(path, data):
    [number] = read(path, data)
    assert (number.value, number.spread, number.quantity.params) == (0.12, 0.03, '{"beta":4}')
    assert data.splitlines()[number.line - 1].strip().startswith((b"table1", b"\xef"))


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (GOOD.replace("p. 7", "Rés.").encode("cp1252"), 2, "0xe9 .'é' in Windows' cp1252.; save"),
        (GOOD.replace("p. 7", "Rés.").encode("utf-16"), 1, "UTF-16 or not text; save it as UTF-8"),
        (GOOD.encode("utf-16-le"), 1, "UTF-16 or not text"),
        (GOOD.encode("utf-16-be"), 1, "UTF-16 or not text"),
        (GOOD.replace(",", ";").encode(), 1, "separated by semicolons; separate them by commas"),
        (GOOD.replace(",", "\t").encode(), 1, "separated by tabs"),
        (f"{GOOD}{LINE}".replace('7",', "7,").encode(), 3, "not valid CSV: .*quotes"),
        (f"sep=,\n{GOOD}".encode(), 1, "remove this line"),
        (b"<html></html>", 1, "this is a web page"),
        (b"PK\x03\x04 xlsx", 1, "this is a zip archive"),
        (b"", 1, "must be, in this order"),
        (b"\r\n\r\n", 1, "must be, in this order"),
    ],
    ids=[
        "cp1252",
        "UTF-16",
        "LE",
        "BE",
        "semicolons",
        "tabs",
        "quotes",
        "sep",
        "html",
        "xlsx",
        "empty",
        "blank",
    ],
)
def test_what_cannot_be_read_is_named_with_line_and_remedy(path, data, line, message):
    with pytest.raises(FileError, match=message) as error:
        read(path, data)
    assert str(error.value).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"{""beta"":4}"', '"{""beta"":""4""}"', 'beta is "4"; write a number'),
        ('"{""beta"":4}"', '"{""beta"":true}"', "beta is true; write a number"),
        ('"{""beta"":4}"', '"{""beta"":null}"', "beta is null; write a number"),
        ('"{""beta"":4}"', '"{""beta"":[4]}"', r"beta is \[4\]; write a number"),
        ('"{""beta"":4}"', '"{""beta"":NaN}"', "beta is NaN; write a number"),
        ('"{""beta"":4}"', '"{""beta"":4,""beta"":1}"', "a key appears twice"),
        ("0.12,", "1_2,", "must be a finite number"),
        ("0.12,", "٠.١٢,", "must be a finite number"),
        ("0.03,", "-0.03,", "must not be negative"),
        ("mig.mig", "mig.migg", "no score of mig 'migg'; did you mean 'mig'"),
        ("mig.mig", "dci.disentangled", "did you mean 'disentanglement'"),
        ("mig.mig,mean", "mig.mig ~ sap.sapp,spearman", "no score of sap 'sapp'"),
        ("mig.mig", "mig.mig@sampled", "no variation of the study 'sampled'"),
    ],
)
def test_a_line_that_could_never_match_is_an_error(path, old, new, message):
    assert old in LINE
    with pytest.raises(FileError, match=message) as error:
        read(path, f"{HEADER}\n{LINE.replace(old, new)}\n".encode())
    assert str(error.value).startswith(f"{path}:2: ")


def test_a_number_of_a_model_with_several_labels_must_say_which(path):
    with pytest.raises(FileError, match="'beta_vae': the study has it as 'slow' and 'fast'; write"):
        labelled(path, LINE)
    [number] = labelled(path, LINE.replace("beta_vae", "slow"))
    assert (number.quantity.model, number.quantity.params) == ("slow", '{"beta":4}')


def test_a_number_of_a_model_with_one_label_is_of_that_label(path):
    line = LINE.replace("beta_vae", "factor_vae").replace('""beta""', '""gamma""')
    [number] = labelled(path, line)
    assert number.quantity.model == "only"


def test_a_value_that_no_run_has_is_reported():
    context = synthetic.context(values={"beta_vae": {"beta": (1.0, 4.0)}})
    quantity = Quantity("table1", "dsprites", "beta_vae", '{"beta":5}', "mig.mig", "mean")
    nothing = Estimate(math.nan, math.nan, math.nan, 0)
    number = published.Published(quantity, 0.5, math.nan, 0.005, "Table 1", "printed")
    verdict = judge.judge(quantity, number, nothing, context)
    assert verdict.verdict == "not comparable"
    assert verdict.reason == "no run has β = 5; the study has 1 and 4"


def test_coordinates_place_the_numbers_of_their_artefact_alone(path):
    line = LINE.replace('""beta"":4', '""r"":0.25')
    [number] = read(path, f"{HEADER}\n{line}\n".encode(), coordinates={"table1": ("r",)})
    assert number.quantity.params == '{"r":0.25}'
    with pytest.raises(FileError, match="no hyper-parameter of beta_vae 'r'"):
        read(path, f"{HEADER}\n{line}\n".encode(), coordinates={"fig2": ("r",)})


@pytest.mark.parametrize(
    "paper", sorted(path.parent.name for path in PAPERS.glob("*/published.csv"))
)
def test_every_shipped_file_is_valid(paper):
    study = reading.load(PAPERS / paper / "study.yaml")
    [scale, *_] = study.scales
    assert published.read(PAPERS / paper / "published.csv", Context.of(study, scale))


def test_models_and_data_sets_that_are_not_made_may_be_published(path):
    reasons = {"faces": "licence forbids it", "InfoGAN": "not made"}
    line = 'table1,faces,InfoGAN,,mig.mig,mean,0.2,,"Table 1, p. 7",printed'
    data = f"{HEADER}\n{line}\n".encode()
    [number] = read(path, data, not_made=reasons)
    context = synthetic.context(not_made=reasons)
    verdict = judge.judge(
        number.quantity, number, Estimate(math.nan, math.nan, math.nan, 0), context
    )
    assert verdict.verdict == "not comparable"
    assert verdict.reason == "licence forbids it"
    with pytest.raises(FileError, match="faces"):
        read(path, data)
