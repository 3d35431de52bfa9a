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
    public = [node for node in _body(folder, name) if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    own = [node for cls in public for node in cls.body if isinstance(node, ast.AnnAssign)]
    stated = {node.target.id: node.value for node in own if isinstance(node.target, ast.Name) and node.value is not None}
    return ast.literal_eval(stated[key]) if key in stated else default


def required(folder: str, name: str) -> list[str]:
    """Those fields of the public class in ``facsimile/<folder>/<name>.py`` itself that have no default."""
    public = [node for node in _body(folder, name) if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    own = [node for cls in public for node in cls.body if isinstance(node, ast.AnnAssign) and node.value is None]
    return [node.target.id for node in own if isinstance(node.target, ast.Name)]


def _body(folder: str, name: str) -> list[ast.stmt]:
    if name not in names(folder):
        raise UnknownName(folder.removesuffix("s"), name, names(folder))
    return ast.parse((PACKAGE / folder / f"{name}.py").read_text(encoding="utf-8")).body
