"""Read what a file declares without importing it, and so without torch.

``discover.py`` locates the file of a model, data set, metric, figure, table or claim by its name;
the functions here parse it and return constants, class attributes and fields.
"""

import ast
import functools
from pathlib import Path
from typing import Any

from facsimile.foundation import discover, outlines, static_values
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
    """Return the literal of an annotated attribute of the file's public class, also inherited."""
    value = _annotated(kind, name).get(key)
    return default if value is None else ast.literal_eval(value)


def dictionary(kind: str, name: str, key: str) -> dict[str, str]:
    """Return the keys of a dictionary that the file assigns to a constant, with their texts.

    See ``evaluated``. Raises UnknownName.
    """
    texts = evaluated(kind, name, key)
    return {str(word): str(text) for word, text in texts.items()}


def evaluated(kind: str, name: str, key: str) -> Any:
    """Return the value of the constant ``key``, which may be built of constants of other files.

    It may also come from a comprehension (``static_values.py``); if not even this can evaluate it,
    the file is imported. Raises UnknownName.
    """
    path = discover.place(kind, name).path
    if key not in _constants(kind, name):
        raise UnknownName(f"constant of {path}", key, list(_constants(kind, name)))
    try:
        return static_values.constant(path, key)
    except static_values.NotStatic:
        return getattr(discover.module(kind, name), key)


def lineage(kind: str, name: str) -> list[tuple[Path, ast.ClassDef]]:
    """Return the file's public class and its base classes in this package, nearest first."""
    path = discover.place(kind, name).path
    classes: list[tuple[Path, ast.ClassDef]] = []
    for cls in _public_classes(path):
        classes += _lineage(path, cls)
    return classes


def required_fields(kind: str, name: str) -> list[str]:
    """Return the fields of the file's public class, also inherited ones, without a default."""
    has_default: dict[str, bool] = {}
    for _, cls in reversed(lineage(kind, name)):
        for node in cls.body:
            for field in _field(node):
                has_default[field] = isinstance(node, ast.AnnAssign) and node.value is not None
    return [field for field, default in has_default.items() if not default]


def fields(kind: str, name: str) -> list[str]:
    """Return all fields of the file's public class, inherited ones first."""
    names: dict[str, None] = {}
    for _, cls in reversed(lineage(kind, name)):
        for node in cls.body:
            names |= dict.fromkeys(_field(node))
    return list(names)


# Syntax trees are hashed by identity, so an edited file is read again.
@functools.cache
def _lineage(path: Path, cls: ast.ClassDef) -> list[tuple[Path, ast.ClassDef]]:
    classes = [(path, cls)]
    for base in cls.bases:
        source = _definition(path, base.id) if isinstance(base, ast.Name) else None
        if source is not None:
            classes += _lineage(*source)
    return classes


def _definition(path: Path, name: str) -> tuple[Path, ast.ClassDef] | None:
    """Return the file and the definition of a class that a file defines or imports."""
    for node in outlines.outline(path).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return path, node
        if not isinstance(node, ast.ImportFrom):
            continue
        original = _original_name(node, name)
        module = node.module or ""
        # Classes of other packages declare nothing that a study names.
        if original is not None and module.startswith("facsimile."):
            source = discover.module_path(module)
            return _definition(source, original) if source else None
    return None


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
    for node in outlines.outline(path).body:
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name):
                assigned[target.id] = node.value
    return assigned


def _annotated(kind: str, name: str) -> dict[str, ast.expr | None]:
    """Return each annotated name of the file's public class, with its default if it has one.

    Inherited names are included.
    """
    annotated: dict[str, ast.expr | None] = {}
    for _, cls in reversed(lineage(kind, name)):
        for node in cls.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                annotated[node.target.id] = node.value
    return annotated


def _public_classes(path: Path) -> list[ast.ClassDef]:
    """Return the classes of a file whose names do not begin with ``_``."""
    classes: list[ast.ClassDef] = []
    for node in outlines.outline(path).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            classes.append(node)
    return classes
