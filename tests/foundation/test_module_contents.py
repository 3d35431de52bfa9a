"""What a module says is parsed once per content of its file."""

import json

import pytest

from facsimile.foundation import module_contents

SOURCE = '''
"""A module."""
import numpy as np
from facsimile.metrics import _linear, dci
from facsimile.metrics.base import draws

LABEL = "A name"


def half(x):
    """Half of x."""
    return x / 2  # exactly
'''


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(module_contents, "CACHE", tmp_path / "cache.json")
    start_process()
    path = tmp_path / "module.py"
    path.write_text(SOURCE)
    yield path
    start_process()


def start_process():
    module_contents._known.cache_clear()
    module_contents._written.cache_clear()


def end_process():
    module_contents.keep()
    start_process()


def test_imports_of_this_package_are_listed_in_order(file):
    assert module_contents.contents(file).imports == [
        ("facsimile.metrics", "_linear"),
        ("facsimile.metrics", "dci"),
        ("facsimile.metrics.base", "draws"),
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [("Half of x.", "x over two."), ("  # exactly", ""), ("A name", "Another"), ("dci", "sap")],
)
def test_what_computes_the_same_has_the_same_hash(file, old, new):
    before = module_contents.contents(file).hash8
    file.write_text(SOURCE.replace(old, new))
    assert module_contents.contents(file).hash8 == before


def test_what_computes_something_else_has_another_hash(file):
    before = module_contents.contents(file).hash8
    file.write_text(SOURCE.replace("x / 2", "x / 3"))
    assert module_contents.contents(file).hash8 != before


def test_the_next_process_does_not_parse_the_file_again(file, monkeypatch):
    first = module_contents.contents(file)
    end_process()
    monkeypatch.setattr(module_contents, "_parsed", None)
    assert module_contents.contents(file) == first


@pytest.mark.parametrize("damaged", ["", "{", "\0\0"])
def test_a_damaged_cache_is_written_again(file, damaged):
    first = module_contents.contents(file)
    module_contents.CACHE.write_text(damaged)
    start_process()
    assert module_contents.contents(file) == first
    end_process()
    assert len(json.loads(module_contents.CACHE.read_text())) == 1


def test_a_folder_that_cannot_be_written_to_is_no_error(file, monkeypatch):
    monkeypatch.setattr(module_contents, "CACHE", file / "cache.json")
    module_contents.contents(file)
    end_process()
    assert module_contents.contents(file).imports
