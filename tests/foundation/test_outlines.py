"""The outline of a file: what it declares, not what it computes."""

import ast

import pytest

from facsimile.foundation import outlines
from facsimile.foundation.file_errors import FileError

SOURCE = '''
"""A module."""
from facsimile.metrics.base import draws

A, B = "a", "b"
LIMIT: int = 3


@decorated
class Model(Base):
    """A model."""

    beta: float
    names = ("x", "y")

    def networks(self, network):
        return build(network, self.beta)


def helper():
    return A
'''


@pytest.fixture
def body(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(SOURCE)
    return outlines.outline(path).body


def test_imports_assignments_and_classes_are_there_and_functions_are_not(body):
    texts = [ast.unparse(node) for node in body[:3]]
    assert texts == [
        "from facsimile.metrics.base import draws",
        "A, B = ('a', 'b')",
        "LIMIT: int = 3",
    ]
    assert [type(node) for node in body[3:]] == [ast.ClassDef]


def test_a_class_has_bases_fields_and_the_names_that_its_methods_use(body):
    cls = body[3]
    assert [base.id for base in cls.bases] == ["Base"]
    field, names, method = cls.body
    assert ast.unparse(field) == "beta: float"
    assert ast.unparse(names) == "names = ('x', 'y')"
    assert method.name == "networks"
    assert [statement.value.id for statement in method.body] == ["build", "network", "self"]


def test_an_edited_file_is_read_again(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("A = 1")
    first = outlines.outline(path)
    assert outlines.outline(path) is first
    path.write_text("A = 1\nB = 2")
    assert len(outlines.outline(path).body) == 2


def test_what_is_not_python_is_an_error_with_its_line(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("A = 1\nB = \n")
    with pytest.raises(FileError, match=r"module\.py:2: not valid Python"):
        outlines.outline(path)
