"""Requirements on every file of models/, datasets/, metrics/, figures/, tables/ and claims/.

A single file adds a model, data set and so on; these tests run over all of them. What each kind
must *do* is tested by its own contract: tests/models/test_models_contract.py,
tests/datasets/test_datasets_contract.py, tests/metrics/test_metrics_contract.py,
tests/figures/test_figures.py.
"""

import ast

import pytest

from facsimile.claims import Statistic
from facsimile.datasets import DataFile
from facsimile.foundation import discover
from facsimile.models import Model

KINDS = {"models": Model, "datasets": DataFile, "claims": Statistic}
FUNCTIONS = {"metrics": "score", "figures": "draw", "tables": "make"}
FILES = [(folder, name) for folder in discover.KINDS for name in discover.names(folder)]


@pytest.mark.parametrize(("folder", "name"), FILES)
def test_a_file_is_discovered_by_its_name_and_defines_one_thing(folder, name):
    module = discover.module(folder, name)
    if folder in KINDS:
        assert issubclass(discover.load_class(folder, name, KINDS[folder]), KINDS[folder])
    else:
        assert callable(getattr(module, FUNCTIONS[folder]))


@pytest.mark.parametrize(("folder", "name"), FILES)
def test_a_file_begins_with_a_description_and_is_small(folder, name):
    text = discover.place(folder, name).path.read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(text)) or ""
    lines = docstring.splitlines()
    assert lines, f"{folder}/{name}.py: begin with a line that describes the file"
    assert lines[0].endswith((".", ":", ")")), lines[0]
    assert len(text.splitlines()) <= 400


@pytest.mark.parametrize(
    ("folder", "name"), [(folder, name) for folder, name in FILES if folder != "models"]
)
def test_only_models_need_torch(folder, name):
    text = discover.place(folder, name).path.read_text(encoding="utf-8")
    modules: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules.append(node.module or "")
    assert "torch" not in {module.split(".")[0] for module in modules}
