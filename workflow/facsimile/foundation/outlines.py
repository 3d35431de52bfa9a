"""What a Python file declares at its top level and in its classes, without importing it.

An outline is the syntax tree of a file without what it computes. It is kept as text, which is
parsed in a tenth of the time that the file takes.
"""

import ast
import functools
from pathlib import Path

from facsimile.foundation import content_cache
from facsimile.foundation.file_errors import FileError


def outline(path: Path) -> ast.Module:
    """Return the outline of a file; it is read again once the file is modified.

    It has the imports, assignments and classes of the file. A class has no docstring and no
    decorators; the body of a method consists of the names that the method uses. Line numbers are
    not those of the file.

    Raises FileError if the file is not valid Python.
    """
    return _outline(path, path.stat().st_mtime_ns)


def used_names(statements: list[ast.stmt]) -> list[str]:
    """Return the names that statements use, sorted."""
    names: set[str] = set()
    for statement in statements:
        for part in ast.walk(statement):
            if isinstance(part, ast.Name):
                names.add(part.id)
    return sorted(names)


# The modification time is part of the key: an edited file must be read again.
@functools.cache
def _outline(path: Path, modified: int) -> ast.Module:
    try:
        return ast.parse(_cache.value(path.read_bytes()))
    except (SyntaxError, UnicodeDecodeError) as error:
        line = getattr(error, "lineno", None) or 1
        raise FileError(path, line, f"not valid Python: {error}") from None


def _shortened(source: bytes) -> str:
    tree = ast.parse(source.decode())
    tree.body = _declarations(tree.body)
    return ast.unparse(ast.fix_missing_locations(tree))


def _declarations(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Return the statements that declare something."""
    kept: list[ast.stmt] = []
    for node in statements:
        if isinstance(node, ast.ClassDef):
            # A body must not be empty.
            node.body = [*_declarations(node.body), *_methods(node)] or [ast.Pass()]
            node.decorator_list = []
            kept.append(node)
        elif isinstance(node, ast.ImportFrom | ast.Assign | ast.AnnAssign):
            kept.append(node)
    return kept


def _methods(cls: ast.ClassDef) -> list[ast.stmt]:
    """Return the methods of a class; their bodies are the names that they use."""
    methods: list[ast.stmt] = []
    for node in cls.body:
        if isinstance(node, ast.FunctionDef):
            nothing = ast.arguments([], [], None, [], [], None, [])
            used: list[ast.stmt] = []
            for name in used_names(node.body):
                used.append(ast.Expr(ast.Name(name, ast.Load())))
            methods.append(ast.FunctionDef(node.name, nothing, used or [ast.Pass()], []))
    return methods


_cache = content_cache.create("outlines", _shortened, __file__)
