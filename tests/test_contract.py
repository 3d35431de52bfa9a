"""What every file of models/, datasets/, metrics/, figures/, tables/ and claims/ must be, so that one file adds one.

What each kind must *do* is tested by its own contract, over every file too: tests/models/test_models_contract.py,
tests/datasets/test_datasets_contract.py, tests/metrics/test_metrics_contract.py, tests/figures/test_figures.py.
"""

import ast

import pytest

from facsimile.claims import Statistic
from facsimile.datasets import DataFile
from facsimile.foundation import discover
from facsimile.models import Model

KINDS = {"models": Model, "datasets": DataFile, "claims": Statistic}
MAKES = {"metrics": "score", "figures": "draw", "tables": "make"}
FILES = [(folder, name) for folder in discover.KINDS for name in discover.names(folder)]


@pytest.mark.parametrize(("folder", "name"), FILES)
def test_a_file_is_found_by_its_name_and_holds_one_thing(folder, name):
    module = discover.module(folder, name)
    if folder in KINDS:
        assert issubclass(discover.the_class(folder, name, KINDS[folder]), KINDS[folder])
    else:
        assert callable(getattr(module, MAKES[folder]))


@pytest.mark.parametrize(("folder", "name"), FILES)
def test_a_file_says_what_it_is_and_stays_small(folder, name):
    text = discover.place(folder, name).path.read_text(encoding="utf-8")
    first = (ast.get_docstring(ast.parse(text)) or "").splitlines()[:1]
    assert first, f"{folder}/{name}.py: begin with a line that says what it is"
    assert first[0].endswith((".", ":", ")")), first[0]
    assert len(text.splitlines()) <= 400


@pytest.mark.parametrize(
    ("folder", "name"), [(folder, name) for folder, name in FILES if folder != "models"]
)
def test_only_models_need_torch(folder, name):
    imports = [
        node.module or "" if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(
            ast.parse(discover.place(folder, name).path.read_text(encoding="utf-8"))
        )
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    assert not [found for found in imports if found.split(".")[0] == "torch"]
