"""Which code computed a result: a content hash of each module that a stage depends on.

A hash covers what a module computes. It does not cover comments, docstrings and layout, the
location of the module and of its imports, labels for tables, and measured speeds
(``module_contents.PRESENTATION``). So a file can move or get a better description, and its results
do not become stale.

If code was rewritten and was shown to compute the same to the last bit, ``equivalent_code.csv``
lists the old hash and the new one.
"""

import csv
import functools
import hashlib
import importlib.metadata
import itertools
import platform
from collections.abc import Iterable
from pathlib import Path

import facsimile
from facsimile.foundation import discover, module_contents
from facsimile.foundation.module_contents import hash8

FOUNDATION = "foundation/"
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
    return hash8(repr(sorted(distinct)))


def _closures(modules: Iterable[str]) -> set[str]:
    """Return the union of the closures of modules."""
    return set().union(*map(closure, modules))


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
    return hash8(repr(distinct))


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
    return hash8(repr(contents))


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of Python and of the named packages; "facsimile" is this package."""
    installed = {name: _version(name) for name in packages}
    return {"python": platform.python_version()} | installed


# Reading the metadata of a package takes milliseconds, as long as some metrics.
@functools.cache
def _version(package: str) -> str:
    # Its distribution has another name, and a checkout on PYTHONPATH has none.
    is_own = package == facsimile.__name__
    return facsimile.__version__ if is_own else importlib.metadata.version(package)


@functools.cache
def _read(module: str) -> tuple[str, list[str]]:
    """Return the hash of a module, and the modules of this package that it imports.

    The ``__init__`` of a package counts only if a name other than a module is imported from it.
    """
    path = discover.module_path(module)
    if path is None:
        raise ModuleNotFoundError(f"no module {module}")
    contents = module_contents.contents(path)
    imported = itertools.starmap(_imported, contents.imports)
    # Each once, in the order of the imports.
    modules = filter(discover.module_path, dict.fromkeys(imported))
    return contents.hash8, list(modules)


def _imported(package: str, name: str) -> str:
    """Return the module that a name of a ``from … import`` statement comes from."""
    inner = f"{package}.{name}"
    return inner if name and discover.module_path(inner) else package
