"""Constants that are evaluated without importing their file."""

import pytest

from facsimile.foundation import declared, discover, static_values
from facsimile.foundation.file_errors import FileError
from facsimile.foundation.static_values import NotStatic


@pytest.mark.parametrize("name", discover.names("metrics"))
def test_scores_and_conventions_are_those_of_the_imported_metric(name):
    path = discover.place("metrics", name).path
    module = discover.module("metrics", name)
    for constant in ("SCORES", "CONVENTIONS"):
        assert list(static_values.constant(path, constant)) == list(getattr(module, constant))


def evaluated(folder, text, name="X"):
    path = folder / "file.py"
    path.write_text(text)
    return static_values.constant(path, name)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('X = {"a": "b"}', ["a"]),
        ('A, B = "a", "b"\nX = {A: 1, B: 2}', ["a", "b"]),
        ('A: str = "a"\nX = {A + "_b": 1}', ["a_b"]),
        ('A = {"a": 1}\nX = {**A, "b": 2}', ["a", "b"]),
        ('A = {"a": 1}\nX = A | {"b": 2}', ["a", "b"]),
        (
            'A = ("a", "b")\nX = {f"{x}.{n}": 1 for x in A for n in (1, 2)}',
            ["a.1", "a.2", "b.1", "b.2"],
        ),
        ('A = {"a": f(1)}\nX = {k + "_": v.text for k, v in A.items()}', ["a_"]),
        (
            "from facsimile.metrics.base.conventions import DLIB as D\nX = {D: 1}",
            ["dlib-sklearn020"],
        ),
        ("from facsimile.metrics.base import conventions\nX = {conventions.EXACT: 1}", ["exact"]),
    ],
)
def test_the_keys_of_a_dictionary(tmp_path, text, keys):
    assert list(evaluated(tmp_path, text)) == keys


def test_the_values_of_a_dictionary_are_their_texts(tmp_path):
    texts = evaluated(tmp_path, 'X = {"a": f"one {y} two" + f("three")}')
    assert texts["a"].split() == ["one", "two", "three"]


@pytest.mark.parametrize(
    "text",
    ["Y = 1", "X = f()", "import os\nX = {os.sep: 1}", "X = {a: 1 for a in A if a}\nA = (1,)"],
)
def test_what_only_python_could_evaluate_is_an_error(tmp_path, text):
    with pytest.raises(NotStatic):
        evaluated(tmp_path, text)


def test_an_edited_file_is_evaluated_again(tmp_path):
    assert evaluated(tmp_path, 'X = "a"') == "a"
    (tmp_path / "file.py").unlink()
    assert evaluated(tmp_path, 'X = "longer"') == "longer"


def test_a_file_that_is_not_python_is_named_with_its_line(tmp_path):
    with pytest.raises(FileError, match=r"file\.py:2: not valid Python"):
        evaluated(tmp_path, "A = 1\nX = (")


def test_required_fields_are_inherited_and_may_get_a_default():
    assert declared.required_fields("models", "beta_vae") == ["beta"]
    assert declared.required_fields("models", "factor_vae") == ["gamma"]
    assert "discriminator_lr" in declared.fields("models", "factor_vae")
    assert declared.required_fields("models", "rae") == ["beta", "decoder_weight"]
