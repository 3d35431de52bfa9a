"""One file, one thing: models, data sets, metrics and figures are found by their file's name. There is no registry."""

import ast
import difflib
import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGE = Path(__file__).parent


class UnknownName(ValueError):
    """A name that no file, key or study carries; the message lists what there is and the nearest right word."""

    def __init__(self, kind: str, name: str, known: list[str]) -> None:
        super().__init__(unknown(kind, name, known))


def unknown(kind: str, name: str, known: list[str]) -> str:
    """``no model 'betavae'; did you mean 'beta_vae'? There are: …``"""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"no {kind} {name!r}; {hint}There are: {', '.join(sorted(known)) or 'none'}"


def names(folder: str) -> list[str]:
    """Names of the public modules of ``facsimile.<folder>``; files that begin with ``_`` are private. Imports nothing."""
    return sorted(m.name for m in pkgutil.iter_modules([str(PACKAGE / folder)]) if not m.name.startswith("_"))


def module(folder: str, name: str) -> ModuleType:
    """Import ``facsimile.<folder>.<name>``; raises UnknownName."""
    if name not in names(folder):
        raise UnknownName(folder.removesuffix("s").replace("dataset", "data set"), name, names(folder))
    return importlib.import_module(f"facsimile.{folder}.{name}")


def the_class(folder: str, name: str, base: type) -> type:
    """The one public subclass of ``base`` that the file ``facsimile/<folder>/<name>.py`` defines."""
    found = module(folder, name)
    classes = [
        value
        for key, value in vars(found).items()
        if isinstance(value, type) and issubclass(value, base) and value.__module__ == found.__name__ and key[0] != "_"
    ]
    if len(classes) != 1:
        listed = ", ".join(c.__name__ for c in classes) or "none"
        raise TypeError(f"{found.__file__} must define exactly one public subclass of {base.__name__}; it defines: {listed}")
    return classes[0]


def fields(folder: str, name: str, wanted: set[str] | None = None) -> list[str]:
    """Fields of the class in ``facsimile/<folder>/<name>.py``, inherited ones first, read without importing, so without torch.

    ``wanted`` names the classes of the file that count; None: the public ones.
    """
    tree = ast.parse((PACKAGE / folder / f"{name}.py").read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    classes = [c for c in classes if (c.name in wanted if wanted else not c.name.startswith("_"))]
    bases = {base.id for cls in classes for base in cls.bases if isinstance(base, ast.Name)}
    inherited = [field for file in _files_of(tree, folder, bases) for field in fields(folder, file, bases)]
    return inherited + [field for cls in classes for node in cls.body for field in _field(node)]


def required(folder: str, name: str) -> list[str]:
    """Those fields of the public class in ``facsimile/<folder>/<name>.py`` itself that have no default."""
    tree = ast.parse((PACKAGE / folder / f"{name}.py").read_text(encoding="utf-8"))
    own = [node for cls in tree.body if isinstance(cls, ast.ClassDef) and not cls.name.startswith("_") for node in cls.body]
    return [field for node in own if isinstance(node, ast.AnnAssign) and node.value is None for field in _field(node)]


def constant(folder: str, name: str, key: str) -> Any:
    """The literal that ``facsimile/<folder>/<name>.py`` assigns to ``key``, read without importing; raises UnknownName."""
    if name not in names(folder):
        raise UnknownName(folder.removesuffix("s"), name, names(folder))
    tree = ast.parse((PACKAGE / folder / f"{name}.py").read_text(encoding="utf-8"))
    stated = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    if key not in stated:
        raise UnknownName(f"constant of {folder}/{name}.py", key, list(stated))
    return ast.literal_eval(stated[key])


def _files_of(tree: ast.Module, folder: str, wanted: set[str]) -> list[str]:
    """Files of the folder from which the module imports one of the wanted names."""
    prefix = f"facsimile.{folder}."
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(prefix)]
    return [(i.module or "").removeprefix(prefix) for i in imports if wanted & {alias.name for alias in i.names}]


def _field(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and "ClassVar" not in ast.unparse(node.annotation):
        return [node.target.id]
    return []
