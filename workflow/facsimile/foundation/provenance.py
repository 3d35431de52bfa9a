"""Which code made a number: a content hash of each module that a stage depends on.

A hash covers what a module computes: not its comments, docstrings and layout, not where it or what
it imports lies, not what it is called in tables and how long it takes (``PRESENTATION``). So a file
can move, or be described better, and nothing that was made by it is called stale.

Where code was rewritten and shown to compute the same to the last bit, ``equivalent_code.csv`` has
the old hash and the new one.
"""

import ast
import csv
import functools
import hashlib
import importlib.metadata
import platform
from collections.abc import Iterable
from pathlib import Path

from facsimile.foundation import discover

# Constants of a file that say how a thing is shown or what it costs.
PRESENTATION = ("LABEL", "LABELS", "PARAMETER_LABELS", "STEP_SECONDS", "SECONDS", "RUN_BYTES")
EQUIVALENT = Path(__file__).with_name("equivalent_code.csv")


def module_hash(module: str) -> str:
    """8 hexadecimal digits of what a module computes."""
    return _read(module)[0]


@functools.cache
def closure(module: str) -> tuple[str, ...]:
    """The module and every module of this package that it imports, directly or not, sorted."""
    seen: set[str] = set()
    todo = [module]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(_read(name)[1])
    return tuple(sorted(seen))


def thing(module: str) -> str:
    """What a module is called wherever it lies: ``models/cell_vae``, ``training/loop``."""
    parts = module.split(".")[1:]
    if parts[:1] == ["papers"]:
        parts = parts[2:]
    return "/".join(parts)


def hashes(*modules: str) -> dict[str, str]:
    """What each module of the closure of ``modules`` is called -> its hash."""
    everything = sorted({name for module in modules for name in closure(module)})
    return {thing(name): module_hash(name) for name in everything}


@functools.cache
def code(*modules: str) -> str:
    """One hash over the closure of ``modules``: in a rule's ``params``, so that edits rerun it."""
    everything = {name for module in modules for name in closure(module)}
    distinct = sorted({module_hash(name) for name in everything})
    return hashlib.sha256(repr(distinct).encode()).hexdigest()[:8]


def same(recorded: str, current: Iterable[str]) -> bool:
    """Whether code of a recorded hash is among the current, or computes the same as one of it."""
    current = set(current)
    known = _equivalent()
    while recorded not in current:
        if recorded not in known:
            return False
        recorded = known[recorded]
    return True


@functools.cache
def _equivalent() -> dict[str, str]:
    """Old hash -> the hash of the code that replaced it and computes the same."""
    with EQUIVALENT.open(encoding="utf-8", newline="") as file:
        return {row["old"]: row["new"] for row in csv.DictReader(file) if row["old"] != row["new"]}


def files(folder: Path) -> str:
    """8 hexadecimal digits of all files of a folder except Python's, with their names."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    others = sorted(path for path in paths if path.suffix not in (".py", ".pyc"))
    contents = [
        (str(path.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in others
    ]
    return hashlib.sha256(repr(contents).encode()).hexdigest()[:8]


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python and of the named packages."""
    installed = {name: importlib.metadata.version(name) for name in packages}
    return {"python": platform.python_version()} | installed


@functools.cache
def _read(module: str) -> tuple[str, list[str]]:
    """A module's hash, and the modules of this package that it imports."""
    path = discover.module_path(module)
    if path is None:
        raise ModuleNotFoundError(f"no module {module}")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = _imports(tree)
    text = ast.unparse(_Computed().visit(tree))
    return hashlib.sha256(text.encode()).hexdigest()[:8], imports


class _Computed(ast.NodeTransformer):
    """Drops from a module what does not change what it computes."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, documented):
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:]
            if not isinstance(node, ast.Module):
                node.body = node.body or [ast.Pass()]
        return node

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        return None if node.names[0].name.split(".")[0] == "facsimile" else node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if (node.module or "").split(".")[0] == "facsimile" else node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        return None if set(names) & set(PRESENTATION) else node


def _imports(tree: ast.Module) -> list[str]:
    """Modules of this package that a module imports.

    A package's own ``__init__`` counts only where a name is taken from it that is no module.
    """
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names if _is_ours(alias.name)]
        elif isinstance(node, ast.ImportFrom) and node.module and _is_ours(node.module):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                names.append(inner if discover.module_path(inner) else node.module)
    return [name for name in dict.fromkeys(names) if discover.module_path(name)]


def _is_ours(module: str) -> bool:
    return module.split(".")[0] == "facsimile"
