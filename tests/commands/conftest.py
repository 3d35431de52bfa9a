"""Fixtures of the tests of commands."""

import sys
from typing import NamedTuple

import pytest

from facsimile.__main__ import main
from facsimile.planning import core_speed


class Result(NamedTuple):
    """What a command printed, and its exit status."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(autouse=True)
def reference_core(monkeypatch):
    """Estimate as on the reference machine, without measuring this one for a second."""
    monkeypatch.setattr(core_speed, "ratio", lambda: 1.0)


@pytest.fixture
def facsimile(root, monkeypatch, capsys):
    """Run the command line at the root of the repository, in this process, which saves a second."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["facsimile", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        return Result(left.value.code or 0, *capsys.readouterr())

    monkeypatch.chdir(root)
    return run
