"""``facsimile evaluate FILE.py:NAME``: an encoder in a user's file, and files that do not work."""

import io
import sys

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

import facsimile
from facsimile.__main__ import app
from facsimile.commands import evaluate_encoder, user_function
from facsimile.scoring import baselines
from facsimile.scoring.encoder import EncodeError

CODE = '''
from beside import scale


def encode(images):
    """Where the white pixels are, and how many."""
    n, height, width, _ = images.shape
    rows = images.mean(axis=(2, 3)) @ list(range(height))
    columns = images.mean(axis=(1, 3)) @ list(range(width))
    return scale * rows.reshape(n, 1).repeat(2, axis=1) + columns.reshape(n, 1)


def broken(images):
    raise RuntimeError("no weights")


class Encoder:
    pass


_private = encode
'''
POINTS = ["--train", "60", "--test", "30", "--metrics", "mig"]


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A user's file, with another one beside it that it imports."""
    (tmp_path / "beside.py").write_text("scale = 2.0\n")
    (tmp_path / "mine.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    return tmp_path / "mine.py"


@pytest.mark.slow
def test_the_command_gives_the_scores_of_the_function(file):
    command = ["evaluate", f"{file}:encode", "--dataset", "toy", "--csv", "scores.csv", *POINTS]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.exception
    assert "encode: toy" in result.stdout
    assert "No scores of toy with these settings come with Facsimile." in result.stdout
    encode = user_function.load(f"{file}:encode")
    table = facsimile.evaluate(encode, "toy", metrics="mig", n_train=60, n_test=30)
    [row] = pd.read_csv("scores.csv").to_dict("records")
    assert row["value"] == table["value"][0]
    assert row["versions"].startswith("python")


def test_a_metric_without_a_value_sets_the_exit_status(file):
    command = ["evaluate", f"{file}:encode", "--dataset", "toy", "--train", "30", "--test", "30"]
    # Two codes for four factors.
    metrics = ["--metrics", "mig,mcc", "--convention", "dlib"]
    slow = ["--metrics", "mcc", "--convention", "slow-vae"]
    assert CliRunner().invoke(app, [*command, *metrics]).exit_code == 0
    assert CliRunner().invoke(app, [*command, *slow]).exit_code == 1


def test_the_encoder_is_named_in_its_error(file):
    command = ["evaluate", f"{file}:broken", "--dataset", "toy", *POINTS]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, EncodeError)
    assert str(result.exception).startswith(f"{file}:broken: encode failed for images float32 ")
    assert str(result.exception).endswith("RuntimeError: no weights")


def test_an_output_that_cannot_be_written_is_refused_first(file):
    command = ["evaluate", f"{file}:encode", "--dataset", "toy", "--csv", "absent/scores.csv"]
    result = CliRunner().invoke(app, [*command, *POINTS])
    assert "absent must be a folder that exists" in str(result.exception)


BAD = {
    "encode": (ValueError, r"^encode: give a Python file and .* as in my_file.py:encode$"),
    "mine.py": (ValueError, "give a Python file and the name of a function in it"),
    "mine:encode": (ValueError, "give a Python file"),
    "mine.py:a-b": (ValueError, "give a Python file"),
    "mien.py:encode": (FileNotFoundError, r"^mien.py: there is no such file; did you mean mine.py"),
    "mine.py:encoed": (
        ValueError,
        r"no function in mine.py called 'encoed'; did you mean 'encode'",
    ),
    "syntax.py:encode": (user_function.UserFileError, r"^syntax.py:2: SyntaxError: "),
    "fails.py:encode": (user_function.UserFileError, r"^fails.py:3: ModuleNotFoundError: No modu"),
}


@pytest.mark.parametrize(("place", "expected"), BAD.items(), ids=BAD)
def test_a_file_that_does_not_work_is_one_line(file, place, expected):
    file.with_name("syntax.py").write_text("\ndef encode(images:\n    return images\n")
    file.with_name("fails.py").write_text("\n\nimport no_such_module\n")
    error, message = expected
    with pytest.raises(error, match=message) as raised:
        user_function.load(place)
    assert "\n" not in str(raised.value)


def test_classes_and_private_names_are_not_suggested(file):
    with pytest.raises(ValueError, match=r"There are: broken, encode$"):
        user_function.load("mine.py:nothing_like_it")


def test_scores_beside_the_shipped_models_fit_into_eighty_columns():
    setting = {"convention": "dlib-sklearn020", "n_train": 10_000, "n_test": 5_000}
    rows = [
        {"metric": "sap", "score": "sap_continuous", "value": 0.2005} | setting,
        {"metric": "dci", "score": "informativeness_train", "value": float("nan")} | setting,
        {"metric": "irs", "score": "irs", "value": 0.4} | setting,
    ]
    shipped = baselines.shipped("dsprites")
    table = baselines.placed(pd.DataFrame(rows), shipped)
    table.attrs["baselines"] = baselines.sources(table, shipped)
    out = io.StringIO()
    Console(file=out, width=80).print(evaluate_encoder.beside(table))
    text = out.getvalue()
    assert "…" not in text
    assert "0.201" in text
    assert "11 of 18" in text
    assert "– of 18" in text
    assert "IRS" not in text  # no shipped model has it
    assert "18 models of locatello2019 at scale desk, trained for 1,000 steps each" in text
