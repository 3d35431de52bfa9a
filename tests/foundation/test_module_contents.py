"""What a module computes and what it imports, whatever its comments and layout are."""

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
def file(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(SOURCE)
    return path


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
