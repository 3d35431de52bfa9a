"""The Python examples of README and the API page run as they stand."""

import json
import re

import numpy as np
import pytest
from project import ROOT

PAGES = ("README.md", pytest.param("docs/api.md", marks=pytest.mark.slow))
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    blocks = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    assert blocks
    factors = np.indices((3, 4, 5)).reshape(3, -1).T
    codes = factors + np.random.default_rng(0).normal(scale=0.1, size=factors.shape)
    names = {"codes": codes, "factors": factors, "path": tmp_path / "toy.h5"}
    for block in blocks:
        exec(compile(block, page, "exec"), names)
    printed = capsys.readouterr().out
    assert "mig" in printed


def test_the_public_functions_stay_functions_whatever_is_imported():
    """A package called ``study`` would take the place of ``facsimile.study`` (docs/adr/0004)."""
    import facsimile
    import facsimile.scoring.collect
    import facsimile.studies.study

    for name in facsimile._PUBLIC:
        assert callable(getattr(facsimile, name))
        assert name in dir(facsimile)


def test_the_notebook_runs_as_it_stands():
    notebook = json.loads((ROOT / "docs" / "score.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] for cell in cells)
    names = {}
    for cell in cells:
        exec(compile("".join(cell["source"]), "score.ipynb", "exec"), names)
    assert names["scores"].loc["mig", "one code per factor"] > 0.9
