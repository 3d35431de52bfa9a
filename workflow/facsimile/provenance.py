"""Which code made a number: a content hash of each module that a stage depends on, blind to comments and docstrings."""

import ast
import functools
import hashlib
import importlib.metadata
import platform
from pathlib import Path

from facsimile.discover import PACKAGE


def module_hash(module: str) -> str:
    """8 hexadecimal digits of a module's code; comments, docstrings and layout do not move it."""
    return _read(module)[0]


@functools.cache
def closure(module: str) -> tuple[str, ...]:
    """The module and every module of this package that it imports, directly or not, sorted."""
    found: set[str] = set()
    todo = [module]
    while todo:
        if (name := todo.pop()) not in found:
            found.add(name)
            todo.extend(_read(name)[1])
    return tuple(sorted(found))


def hashes(*modules: str) -> dict[str, str]:
    """Module -> hash, over the closure of ``modules``."""
    return {name: module_hash(name) for module in modules for name in closure(module)}


@functools.cache
def code(*modules: str) -> str:
    """One hash over the closure of ``modules``: what a rule's ``params`` hold, so that an edit reruns the rule."""
    listed = sorted(hashes(*modules).items())
    return hashlib.sha256(repr(listed).encode()).hexdigest()[:8]


def files(folder: Path) -> str:
    """8 hexadecimal digits of all files of a folder but Python's, their names included."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc"))
    named = [(str(path.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in found]
    return hashlib.sha256(repr(named).encode()).hexdigest()[:8]


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python and of the named packages."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}


def _path(module: str) -> Path:
    base = PACKAGE.parent.joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


@functools.cache
def _read(module: str) -> tuple[str, list[str]]:
    """A module's hash, and the modules of this package that it imports."""
    tree = ast.parse(_path(module).read_text(encoding="utf-8"))
    imports = _imports(tree)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.unparse(tree).encode()).hexdigest()[:8], imports


def _imports(tree: ast.Module) -> list[str]:
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in names if name.split(".")[0] == "facsimile" and _path(name).is_file()]


def current(module: str) -> str | None:
    """A module's present hash, None if it is gone."""
    return module_hash(module) if _path(module).is_file() else None
