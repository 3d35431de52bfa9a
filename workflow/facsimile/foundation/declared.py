"""Read what a file declares without importing it, and so without torch.

``discover.py`` locates the file of a model, data set, metric, figure, table or claim by its name;
the functions here parse it and return constants, class attributes and fields.
"""

import ast
import functools
from pathlib import Path
from typing import Any

from facsimile.foundation import discover
from facsimile.foundation.discover import UnknownName


def constant(kind: str, name: str, key: str) -> Any:
    """Return the literal that the file assigns to the constant ``key``; raises UnknownName."""
    assigned = _constants(kind, name)
    if key not in assigned:
        raise UnknownName(f"constant of {kind}/{name}.py", key, list(assigned))
    return ast.literal_eval(assigned[key])


def optional(kind: str, name: str, key: str, default: Any) -> Any:
    """Like ``constant``, but return ``default`` if the file or the constant does not exist."""
    if name not in discover.places(kind):
        return default
    if key not in _constants(kind, name):
        return default
    return constant(kind, name, key)


def of_class(kind: str, name: str, key: str, default: Any) -> Any:
    """Return the literal of an annotated attribute in the body of the file's public class."""
    value = _annotated(kind, name).get(key)
    return default if value is None else ast.literal_eval(value)


def required(kind: str, name: str) -> list[str]:
    """Return the fields in the body of the file's public class that have no default."""
    annotated = _annotated(kind, name)
    return [key for key, default in annotated.items() if default is None]


def fields(kind: str, name: str) -> list[str]:
    """Return all fields of the file's public class, inherited ones first."""
    path = discover.place(kind, name).path
    names: list[str] = []
    for cls in _public_classes(path):
        names += _fields(path, cls)
    return names


def _fields(path: Path, cls: ast.ClassDef) -> list[str]:
    """Return inherited fields, then the class's own; bases may be in any file of the package."""
    names: list[str] = []
    for base in cls.bases:
        if isinstance(base, ast.Name):
            names += _inherited(path, base.id)
    for node in cls.body:
        names += _field(node)
    return names


def _inherited(path: Path, base: str) -> list[str]:
    """Return the fields of the class ``base``, which the file at ``path`` defines or imports."""
    for node in _tree(path).body:
        if isinstance(node, ast.ClassDef) and node.name == base:
            return _fields(path, node)
        if not isinstance(node, ast.ImportFrom):
            continue
        # Bases from other packages have no hyper-parameters.
        module = node.module or ""
        original = _original_name(node, base)
        if module.startswith("facsimile.") and original is not None:
            source = discover.module_path(module)
            return _inherited(source, original) if source else []
    return []


def _original_name(node: ast.ImportFrom, name: str) -> str | None:
    """Return what an imported ``name`` is called in its own module; None if not imported here."""
    for alias in node.names:
        if (alias.asname or alias.name) == name:
            return alias.name
    return None


def _field(node: ast.stmt) -> list[str]:
    """Return the name of the dataclass field that a statement defines, if it defines one."""
    if not isinstance(node, ast.AnnAssign):
        return []
    # Dataclasses do not treat class variables as fields.
    if "ClassVar" in ast.unparse(node.annotation):
        return []
    return [node.target.id] if isinstance(node.target, ast.Name) else []


def _constants(kind: str, name: str) -> dict[str, ast.expr]:
    """Return each name assigned at the top level of the file, with the assigned expression."""
    assigned: dict[str, ast.expr] = {}
    path = discover.place(kind, name).path
    for node in _tree(path).body:
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name):
                assigned[target.id] = node.value
    return assigned


def _annotated(kind: str, name: str) -> dict[str, ast.expr | None]:
    """Return each annotated name of the file's public class, with its default if it has one."""
    annotated: dict[str, ast.expr | None] = {}
    path = discover.place(kind, name).path
    for cls in _public_classes(path):
        for node in cls.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                annotated[node.target.id] = node.value
    return annotated


def _public_classes(path: Path) -> list[ast.ClassDef]:
    """Return the classes of a file whose names do not begin with ``_``."""
    classes: list[ast.ClassDef] = []
    for node in _tree(path).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            classes.append(node)
    return classes


def _tree(path: Path) -> ast.Module:
    return _parsed(path, path.stat().st_mtime_ns)


# The modification time is part of the key: an edited file must not be answered from the cache.
@functools.cache
def _parsed(path: Path, modified: int) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
