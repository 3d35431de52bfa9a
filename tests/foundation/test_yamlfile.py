"""YAML files: numbers that YAML 1.1 misreads, errors reported together, and the fast parser."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from project import PAPERS

from facsimile.foundation import file_errors, yamlfile
from facsimile.foundation.file_errors import FileError, FileErrors, raise_all
from facsimile.foundation.yamlfile import Document


def document(folder, text):
    path = folder / "file.yaml"
    path.write_text(text)
    return Document(path)


@pytest.mark.parametrize(
    ("spelling", "meant", "remedy"),
    [
        ("1e3", 1000.0, "write 1.0e+3"),
        ("1e-4", 0.0001, "write 1.0e-4"),
        ("1.0e3", 1000.0, "write 1.0e+3"),
        ("2.5E6", 2.5e6, "write 2.5e+6"),
        (".5e1", 5.0, "write .5e+1"),
        ("-3e2", -300.0, "write -3.0e+2"),
        ("020", 20, "as the octal number 16: write 20"),
        ("-010", -10, "as the octal number -8: write -10"),
        ("0_7", 7, "write 7"),
        ("08", 8, "as text: write 8"),
        ("1:30", 90, "base 60: write 90"),
        ("1:30.5", 90.5, "base 60: write 90.5"),
    ],
)
def test_a_number_that_yaml_misreads_is_reported_with_the_right_spelling(
    tmp_path, spelling, meant, remedy
):
    read = document(tmp_path, f"a: 1\nb: [{{c: {spelling}}}]")
    assert read.data["b"][0]["c"] == meant
    [(location, message)] = read.misread
    assert location == ("b", 0, "c")
    assert remedy in message
    assert read.line(location) == 2


@pytest.mark.parametrize(
    "text",
    ["20", "0", "0.5", "1.0e+3", "1.0e-4", "'1e3'", '"020"', "a1e3", "1e3a", "2026-11-28", "0x1F"],
)
def test_other_numbers_and_texts_are_left_alone(tmp_path, text):
    read = document(tmp_path, f"a: {text}")
    assert read.misread == []
    assert read.data == yaml.safe_load(f"a: {text}")


@pytest.mark.slow
@given(st.recursive(st.text() | st.integers() | st.booleans(), st.lists, max_leaves=8))
def test_the_fast_parser_composes_what_the_slow_one_does(value):
    text = yaml.safe_dump({"a": value}, allow_unicode=True)
    assert_same(yamlfile._composed(text), yaml.compose(text, Loader=yaml.SafeLoader))


@pytest.mark.parametrize(
    "path", sorted(PAPERS.glob("*/study.yaml")), ids=lambda path: path.parent.name
)
def test_shipped_studies_are_composed_as_by_the_slow_parser(path):
    text = path.read_text()
    assert_same(yamlfile._composed(text), yaml.compose(text, Loader=yaml.SafeLoader))


def assert_same(node, other):
    """Two nodes have the same tags, values, styles and lines."""
    assert type(node) is type(other)
    assert node.tag == other.tag
    assert node.start_mark.line == other.start_mark.line
    if isinstance(node, yaml.ScalarNode):
        assert (node.value, node.style or None) == (other.value, other.style)
        return
    for item, other_item in zip(node.value, other.value, strict=True):
        pair, other_pair = (item, other_item) if isinstance(item, tuple) else ([item], [other_item])
        for part, other_part in zip(pair, other_pair, strict=True):
            assert_same(part, other_part)


def test_errors_are_raised_together_each_once(tmp_path):
    path = tmp_path / "x.yaml"
    first, second = FileError(path, 1, "a"), FileError(path, 2, "b")
    with pytest.raises(FileErrors) as raised:
        raise_all([first, second, FileError(path, 1, "a")])
    assert str(raised.value) == f"{path}:1: a\n{path}:2: b"
    with pytest.raises(FileError) as single:
        raise_all([first])
    assert single.value is first
    raise_all([])


def test_of_many_errors_the_first_are_shown_and_the_others_counted(tmp_path):
    path = tmp_path / "x.yaml"
    errors = [FileError(path, line, "wrong") for line in range(1, 51)]
    with pytest.raises(FileErrors) as raised:
        raise_all(errors)
    lines = str(raised.value).splitlines()
    assert len(lines) == file_errors.LINES + 1
    assert lines[-1] == "and 30 more errors"
