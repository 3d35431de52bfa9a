"""What a file declares, read without importing it, so without torch; discover.py finds the file."""

import ast
import functools
from pathlib import Path
from typing import Any

from facsimile.foundation import discover
from facsimile.foundation.discover import UnknownName


def constant(kind: str, name: str, key: str) -> Any:
    """The literal that the file of a thing assigns to ``key``; raises UnknownName."""
    assigned = _constants(kind, name)
    if key not in assigned:
        raise UnknownName(f"constant of {kind}/{name}.py", key, list(assigned))
    return ast.literal_eval(assigned[key])


def optional(kind: str, name: str, key: str, default: Any) -> Any:
    """The same, or ``default`` where the thing or the constant does not exist."""
    if name not in discover.places(kind) or key not in _constants(kind, name):
        return default
    return constant(kind, name, key)


def of_class(kind: str, name: str, key: str, default: Any) -> Any:
    """The literal that the public class of a thing itself assigns to ``key``, with its type."""
    value = _annotated(kind, name).get(key)
    return default if value is None else ast.literal_eval(value)


def required(kind: str, name: str) -> list[str]:
    """Fields of the public class of a thing itself that have no default."""
    return [key for key, value in _annotated(kind, name).items() if value is None]


def fields(kind: str, name: str) -> list[str]:
    """Fields of the public class of a thing, inherited ones first."""
    path = discover.place(kind, name).path
    return [field for cls in _public_classes(_tree(path)) for field in _fields(path, cls)]


def _fields(path: Path, cls: ast.ClassDef) -> list[str]:
    """Fields of a class, after those of its bases, in whatever file of the package they are."""
    own = [name for node in cls.body for name in _field(node)]
    inherited: list[str] = []
    for base in cls.bases:
        if isinstance(base, ast.Name):
            inherited += _inherited(path, base.id)
    return inherited + own


def _inherited(path: Path, base: str) -> list[str]:
    """Fields of the class that a file calls ``base``, which it defines or imports."""
    tree = _tree(path)
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == base:
            return _fields(path, node)
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("facsimile."):
            continue
        for alias in node.names:
            if (alias.asname or alias.name) == base:
                source = discover.module_path(node.module or "")
                return _inherited(source, alias.name) if source else []
    return []


def _field(node: ast.stmt) -> list[str]:
    if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
        return []
    return [] if "ClassVar" in ast.unparse(node.annotation) else [node.target.id]


def _constants(kind: str, name: str) -> dict[str, ast.expr]:
    """Names that the file of a thing assigns at its top level, and what it assigns to them."""
    assigned: dict[str, ast.expr] = {}
    for node in _tree(discover.place(kind, name).path).body:
        if isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            assigned |= dict.fromkeys(names, node.value)
    return assigned


def _annotated(kind: str, name: str) -> dict[str, ast.expr | None]:
    """The annotated names of the public class of a thing, and what it assigns to them."""
    annotated: dict[str, ast.expr | None] = {}
    for cls in _public_classes(_tree(discover.place(kind, name).path)):
        for node in cls.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                annotated[node.target.id] = node.value
    return annotated


def _public_classes(tree: ast.Module) -> list[ast.ClassDef]:
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return [cls for cls in classes if not cls.name.startswith("_")]


def _tree(path: Path) -> ast.Module:
    return _parsed(path, path.stat().st_mtime_ns)


@functools.cache
def _parsed(path: Path, modified: int) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
