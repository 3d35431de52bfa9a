"""Entries beside byte code: used for the same text only, and never needed."""

import sys

import pytest

from facsimile.foundation import code_cache


class Counted:
    """Computes the length of a text, and counts how often."""

    def __init__(self):
        self.calls = 0

    def __call__(self, text):
        self.calls += 1
        return len(text)


@pytest.fixture
def module(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "module.py"
    path.write_text("x = 1\n")
    return path


@pytest.fixture
def compute():
    return Counted()


def test_the_same_text_is_computed_once(module, compute):
    assert [code_cache.cached(module, "1", compute) for _ in range(3)] == [6] * 3
    assert compute.calls == 1


def test_another_text_or_version_is_computed_again(module, compute):
    code_cache.cached(module, "1", compute)
    code_cache.cached(module, "2", compute)
    module.write_text("x = 10\n")
    assert code_cache.cached(module, "2", compute) == 7
    assert compute.calls == 3


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": "a"}', '{"key": "a", "value": 5}'])
def test_a_damaged_entry_is_ignored_and_replaced(module, compute, content):
    code_cache.cached(module, "1", compute)
    [entry] = (module.parent / "__pycache__").iterdir()
    entry.write_text(content)
    assert [code_cache.cached(module, "1", compute) for _ in range(2)] == [6, 6]
    assert compute.calls == 2


def test_nothing_is_written_where_python_writes_no_byte_code(module, compute, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert [code_cache.cached(module, "1", compute) for _ in range(2)] == [6, 6]
    assert compute.calls == 2
    assert [path.name for path in module.parent.iterdir()] == ["module.py"]


def test_a_folder_that_cannot_be_written_to_is_no_error(module, compute):
    # Root may write everywhere, so a file takes the place of the folder.
    (module.parent / "__pycache__").write_text("")
    assert code_cache.cached(module, "1", compute) == 6
