"""A file is written completely or not at all."""

import json

import pytest

from facsimile.foundation import atomic


def test_the_old_file_stays_when_writing_fails(tmp_path):
    path = tmp_path / "a" / "file.json"
    atomic.write_json(path, {"x": 1})
    with pytest.raises(ZeroDivisionError):
        write_half(path)
    assert json.loads(path.read_text()) == {"x": 1}
    assert [p.name for p in path.parent.iterdir()] == ["file.json"]


def write_half(path):
    with atomic.replacing(path) as temporary:
        temporary.write_text("half")
        _ = 1 / 0


def test_nan_is_refused(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        atomic.write_json(tmp_path / "x.json", float("nan"))
    assert list(tmp_path.iterdir()) == []
