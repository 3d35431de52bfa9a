"""What a file of a folder declares, read without importing it; which files there are is discover.py's."""

import ast
from typing import Any

from facsimile.discover import PACKAGE, UnknownName, names


def constant(folder: str, name: str, key: str) -> Any:
    """The literal that ``facsimile/<folder>/<name>.py`` assigns to ``key``; raises UnknownName."""
    assigned = [node for node in _body(folder, name) if isinstance(node, ast.Assign)]
    stated = {target.id: node.value for node in assigned for target in node.targets if isinstance(target, ast.Name)}
    if key not in stated:
        raise UnknownName(f"constant of {folder}/{name}.py", key, list(stated))
    return ast.literal_eval(stated[key])


def of_class(folder: str, name: str, key: str, default: Any) -> Any:
    """The literal that the public class in ``facsimile/<folder>/<name>.py`` itself assigns to ``key``, with its type."""
    stated = _annotated(folder, name)
    return ast.literal_eval(value) if (value := stated.get(key)) is not None else default


def required(folder: str, name: str) -> list[str]:
    """Those fields of the public class in ``facsimile/<folder>/<name>.py`` itself that have no default."""
    return [key for key, value in _annotated(folder, name).items() if value is None]


def _annotated(folder: str, name: str) -> dict[str, ast.expr | None]:
    """The annotated names of the public class, and what it assigns to them."""
    public = [node for node in _body(folder, name) if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    own = [node for cls in public for node in cls.body if isinstance(node, ast.AnnAssign)]
    return {node.target.id: node.value for node in own if isinstance(node.target, ast.Name)}


def _body(folder: str, name: str) -> list[ast.stmt]:
    if name not in names(folder):
        raise UnknownName(folder.removesuffix("s"), name, names(folder))
    return ast.parse((PACKAGE / folder / f"{name}.py").read_text(encoding="utf-8")).body
