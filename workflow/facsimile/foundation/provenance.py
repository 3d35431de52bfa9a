"""Which code computed a result: a content hash of each module that a stage depends on.

A hash covers what a module computes. It does not cover comments, docstrings and layout, the
location of the module and of its imports, labels for tables, and measured speeds
(``PRESENTATION``). So a file can move or get a better description, and its results do not become
stale.

If code was rewritten and was shown to compute the same to the last bit, ``equivalent_code.csv``
lists the old hash and the new one.
"""

import ast
import csv
import functools
import hashlib
import importlib.metadata
import itertools
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import facsimile
from facsimile.foundation import code_cache, discover

# Constants that only describe how something is displayed or what it costs.
PRESENTATION = ("LABEL", "LABELS", "PARAMETER_LABELS", "STEP_SECONDS", "SECONDS", "RUN_BYTES")
FOUNDATION = "foundation/"
# Of what ``_content`` returns: a change of that must change this.
VERSION = "1"
EQUIVALENT = Path(__file__).with_name("equivalent_code.csv")


def module_hash(module: str) -> str:
    """Return a hash, 8 hexadecimal digits, of what a module computes."""
    return _read(module)[0]


@functools.cache
def closure(module: str) -> tuple[str, ...]:
    """Return the module and all modules of this package that it imports, directly or not."""
    seen: set[str] = set()
    pending = [module]
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        _, imports = _read(name)
        pending.extend(imports)
    return tuple(sorted(seen))


def short_name(module: str) -> str:
    """Return the name of a module without its location: ``models/cell_vae``, ``training/loop``."""
    parts = module.split(".")[1:]
    if parts[:1] == ["papers"]:
        parts = parts[2:]
    return "/".join(parts)


def hashes(*modules: str) -> dict[str, str]:
    """Return name (see ``short_name``) -> hash of each module in the closure of ``modules``."""
    modules_of_closure = sorted(_closures(modules))
    return {short_name(module): module_hash(module) for module in modules_of_closure}


@functools.cache
def code(*modules: str) -> str:
    """Return one hash over the closure of ``modules``.

    Rules have it in their ``params``, so that Snakemake reruns them after an edit.
    """
    # Without the names: a module that moves does not change the hash.
    distinct = set(map(module_hash, _closures(modules)))
    return _hash8(repr(sorted(distinct)))


def _closures(modules: Iterable[str]) -> set[str]:
    """Return the union of the closures of modules."""
    return set().union(*map(closure, modules))


def _hash8(text: str) -> str:
    digest = hashlib.sha256(text.encode())
    return digest.hexdigest()[:8]


@functools.cache
def metric_code(name: str, *modules: str) -> str:
    """Return one hash over the code that computes a metric, and over the closure of ``modules``.

    The foundation (how files are found and read, what errors say) changes no score and is left out.
    """
    everything: set[str] = set()
    for module in (discover.module_name("metrics", name), *modules):
        everything.update(closure(module))
    computing = [module for module in everything if not short_name(module).startswith(FOUNDATION)]
    distinct = sorted({module_hash(module) for module in computing})
    return hashlib.sha256(repr(distinct).encode()).hexdigest()[:8]


def same(recorded: str, current: Iterable[str]) -> bool:
    """Whether a recorded hash is among the current ones, or of code that computes the same."""
    current = set(current)
    replaced_by = _equivalent()
    # Code may have been rewritten several times: follow the hashes until one is current.
    while recorded not in current:
        if recorded not in replaced_by:
            return False
        recorded = replaced_by[recorded]
    return True


@functools.cache
def _equivalent() -> dict[str, str]:
    """Return old hash -> hash of the code that replaced it and computes the same."""
    replaced_by: dict[str, str] = {}
    with EQUIVALENT.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            # A hash that replaces itself would make ``same`` loop for ever.
            if row["old"] != row["new"]:
                replaced_by[row["old"]] = row["new"]
    return replaced_by


def files(folder: Path) -> str:
    """Return a hash, 8 hexadecimal digits, of the names and contents of all non-Python files."""
    contents: list[tuple[str, str]] = []
    for path in sorted(folder.rglob("*")):
        # Python files are covered by the hashes of modules.
        if path.is_file() and path.suffix not in (".py", ".pyc"):
            name = str(path.relative_to(folder))
            digest = hashlib.sha256(path.read_bytes())
            contents.append((name, digest.hexdigest()))
    return _hash8(repr(contents))


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of Python and of the named packages; "facsimile" is this package."""
    installed = {name: _version(name) for name in packages}
    return {"python": platform.python_version()} | installed


def _version(package: str) -> str:
    # Its distribution has another name, and a checkout on PYTHONPATH has none.
    is_own = package == facsimile.__name__
    return facsimile.__version__ if is_own else importlib.metadata.version(package)


@functools.cache
def _read(module: str) -> tuple[str, list[str]]:
    """Return the hash of a module, and the modules of this package that it imports."""
    path = discover.module_path(module)
    if path is None:
        raise ModuleNotFoundError(f"no module {module}")
    content = code_cache.cached(path, VERSION, _content)
    # Each once, in the order of the imports.
    imported = dict.fromkeys(itertools.starmap(_imported_module, content["imports"]))
    return content["hash"], list(filter(discover.module_path, imported))


def _content(text: str) -> dict[str, Any]:
    """Return the hash of a module, and its imports from this package as (module, name).

    ``name`` is empty in ``import module``.
    """
    tree = ast.parse(text)
    # Read the imports first: the next step removes them from the tree.
    imports = list(_imports(tree))
    computed = ast.unparse(_Computed().visit(tree))
    return {"hash": _hash8(computed), "imports": imports}


class _Computed(ast.NodeTransformer):
    """Removes everything from a module that does not change what it computes."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, documented):
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:]
            if not isinstance(node, ast.Module):
                # A body must not be empty.
                node.body = node.body or [ast.Pass()]
        return node

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        return None if _is_ours(node.names[0].name) else node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if _is_ours(node.module or "") else node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        names = {target.id for target in node.targets if isinstance(target, ast.Name)}
        return None if names & set(PRESENTATION) else node


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (module, name) of each import from this package; ``name`` may be empty."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if _is_ours(alias.name))
        elif isinstance(node, ast.ImportFrom) and _is_ours(node.module or ""):
            yield from ((node.module or "", alias.name) for alias in node.names)


def _imported_module(module: str, name: str) -> str:
    """Return the module that an import reads.

    The ``__init__`` of a package counts only if a name other than a module is imported from it.
    """
    inner = f"{module}.{name}"
    return inner if name and discover.module_path(inner) else module


def _is_ours(module: str) -> bool:
    """Whether a module belongs to this package."""
    return module.split(".")[0] == "facsimile"
