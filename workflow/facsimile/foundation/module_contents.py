"""What a module's file says: a hash of what it computes, and its imports from this package.

Parsing all modules of a study takes seconds, so what was parsed is kept beside the byte code, under
a hash of the file's content.
"""

import ast
import functools
import hashlib
import json
import sys
from collections.abc import Iterator
from multiprocessing import util
from pathlib import Path
from typing import NamedTuple

from facsimile.foundation import atomic

# Constants that only describe how something is displayed or what it costs.
PRESENTATION = ("LABEL", "LABELS", "PARAMETER_LABELS", "STEP_SECONDS", "SECONDS", "RUN_BYTES")
CACHE = Path(__file__).parent / "__pycache__" / "module_contents.json"


class Contents(NamedTuple):
    """A module without comments, docstrings, layout and location.

    Attributes:
        hash8: Hash, 8 hexadecimal digits, of what the module computes.
        imports: Module and name of each ``from module import name``; for ``import module`` the
            name is empty. Only those of this package, in the order of the file's nodes.
    """

    hash8: str
    imports: list[tuple[str, str]]


def contents(path: Path) -> Contents:
    """Return what a Python file says; raises OSError and SyntaxError."""
    source = path.read_bytes()
    key = hashlib.sha256(_reader() + source).hexdigest()
    known = _known()
    if key not in known:
        known[key] = _parsed(source)
    return known[key]


def _parsed(source: bytes) -> Contents:
    tree = ast.parse(source)
    # Read the imports first: the next step removes them from the tree.
    imports = list(_imports(tree))
    text = ast.unparse(_Computed().visit(tree))
    return Contents(hash8(text), imports)


def hash8(text: str) -> str:
    """Return a hash, 8 hexadecimal digits, of a text."""
    digest = hashlib.sha256(text.encode())
    return digest.hexdigest()[:8]


@functools.cache
def _reader() -> bytes:
    """What else the contents depend on: this file, and how this Python writes syntax trees."""
    return Path(__file__).read_bytes() + sys.version.encode()


def keep() -> None:
    """Write what was parsed, for processes that start before this one ends."""
    known = _known()
    if known.keys() == _written():
        return
    try:
        atomic.write_bytes(CACHE, json.dumps(known).encode())
    except OSError:
        # A package that only another user may change: the next process parses again.
        return
    _written().update(known)


@functools.cache
def _known() -> dict[str, Contents]:
    """Return key -> contents of the files that were read before; what is added is kept."""
    known = {}
    try:
        for key, (digest, imports) in json.loads(CACHE.read_bytes()).items():
            known[key] = Contents(digest, [(module, name) for module, name in imports])
    except (OSError, ValueError):
        # Not there yet, or damaged: everything is parsed and written again.
        known.clear()
    _written().update(known)
    # At the end of this process, also of one that multiprocessing started, as atexit would not do.
    util.Finalize(None, keep, exitpriority=0)
    return known


@functools.cache
def _written() -> set[str]:
    """Return the keys that the file has."""
    return set()


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
    """Yield module and name of each import from this package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if _is_ours(alias.name):
                    yield alias.name, ""
        elif isinstance(node, ast.ImportFrom) and _is_ours(node.module or ""):
            for alias in node.names:
                yield node.module or "", alias.name


def _is_ours(module: str) -> bool:
    """Whether a module belongs to this package."""
    return module.split(".")[0] == "facsimile"
