"""What a module's file says: a hash of what it computes, and its imports from this package."""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from facsimile.foundation import content_cache

# Constants that only describe how something is displayed or what it costs.
PRESENTATION = (
    "LABEL",
    "LABELS",
    "PARAMETER_LABELS",
    "STEP_SECONDS",
    "SECONDS",
    "FIXED_SECONDS",
    "RUN_BYTES",
    "MAY_END_EARLY",
)


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
    digest, imports = _cache.value(path.read_bytes())
    return Contents(digest, [(module, name) for module, name in imports])


def _parsed(source: bytes) -> tuple[str, list[tuple[str, str]]]:
    tree = ast.parse(source)
    # Read the imports first: the next step removes them from the tree.
    imports = list(_imports(tree))
    text = ast.unparse(_Computed().visit(tree))
    return hash8(text), imports


def hash8(text: str) -> str:
    """Return a hash, 8 hexadecimal digits, of a text."""
    digest = hashlib.sha256(text.encode())
    return digest.hexdigest()[:8]


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


_cache = content_cache.create("module_contents", _parsed, __file__)
