"""Evaluate constants of a file without importing it: the names of scores, for example.

``declared.py`` reads plain literals. Here the keys of a dictionary may also be constants of this or
another file, f-strings, or come from a comprehension: ``{f"{a}.{b}": … for a in A for b in B}``.
"""

import ast
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from facsimile.foundation import discover, outlines

# Values of names that a comprehension binds.
Bound = dict[str, Any]


class NotStatic(ValueError):
    """A constant that cannot be evaluated without importing its file."""


def constant(path: Path, name: str) -> Any:
    """Return the value of a constant that a file assigns or imports.

    The values of a dictionary are replaced by their texts: the string literals in them, joined.
    Raises NotStatic if the constant does not exist, or only Python itself could evaluate it.
    """
    return _constant(path, path.stat().st_mtime_ns, name)


def constant_of(module: str, name: str) -> Any:
    """Return the value of a constant of a module of this package; raises NotStatic."""
    path = discover.module_path(module)
    if path is None:
        raise NotStatic(f"no module {module}")
    return constant(path, name)


@functools.cache
def _constant(path: Path, modified: int, name: str) -> Any:
    return _Evaluator(path, {}).name(name)


class _Evaluator:
    """Evaluates expressions of one file."""

    def __init__(self, path: Path, bound: Bound) -> None:
        self.path = path
        self.bound = bound

    def name(self, name: str) -> Any:
        """Return the value of a name; raises NotStatic."""
        if name in self.bound:
            return self.bound[name]
        for node in outlines.outline(self.path).body:
            assigned = _assigned(node, name)
            if assigned is not None:
                return self.value(assigned)
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        return self._imported(node, alias.name)
        raise NotStatic(f"{self.path}: no constant {name}")

    def value(self, node: ast.expr) -> Any:
        """Return the value of an expression; raises NotStatic."""
        for type, method in METHODS.items():
            if isinstance(node, type):
                return method(self, node)
        raise NotStatic(f"{self.path}: {ast.unparse(node)} is not a plain constant")

    def _imported(self, node: ast.ImportFrom, name: str) -> Any:
        """Return a constant, or the evaluator of a module, that a statement imports."""
        package = node.module or ""
        inner = discover.module_path(f"{package}.{name}")
        if inner is not None:
            return _Evaluator(inner, {})
        source = discover.module_path(package) if package.startswith("facsimile") else None
        if source is None:
            raise NotStatic(f"{self.path}: {package}.{name} is of another package")
        return constant(source, name)

    def _literal(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        return self.name(node.id)

    def _attribute(self, node: ast.Attribute) -> Any:
        module = self.value(node.value)
        if not isinstance(module, _Evaluator):
            raise NotStatic(f"{self.path}: {ast.unparse(node)} is not a constant")
        return module.name(node.attr)

    def _list(self, node: ast.List | ast.Tuple) -> list[Any]:
        return [self.value(item) for item in node.elts]

    def _dict(self, node: ast.Dict) -> dict[Any, str]:
        merged: dict[Any, str] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            # Without a key: ``**other``.
            if key is None:
                merged |= self.value(value)
            else:
                merged[self.value(key)] = _texts(value)
        return merged

    def _comprehension(self, node: ast.DictComp) -> dict[Any, str]:
        evaluators = self._bindings(node.generators)
        return {evaluator.value(node.key): _texts(node.value) for evaluator in evaluators}

    def _bindings(self, generators: list[ast.comprehension]) -> Iterator["_Evaluator"]:
        """Yield an evaluator for each item of a comprehension, with its names bound."""
        if not generators:
            yield self
            return
        first, *others = generators
        if first.ifs:
            raise NotStatic(f"{self.path}: a comprehension with a condition is not a constant")
        for item in self.value(first.iter):
            inner = _Evaluator(self.path, self.bound | _bound(first.target, item))
            yield from inner._bindings(others)

    def _joined(self, node: ast.JoinedStr) -> str:
        return "".join(str(self.value(part)) for part in node.values)

    def _formatted(self, node: ast.FormattedValue) -> Any:
        return self.value(node.value)

    def _operation(self, node: ast.BinOp) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.BitOr):
            return left | right
        raise NotStatic(f"{self.path}: {ast.unparse(node)} is not a plain constant")

    def _call(self, node: ast.Call) -> Any:
        """Return the value of ``x.items()``; other calls are not evaluated."""
        if isinstance(node.func, ast.Attribute) and node.func.attr == "items":
            return list(self.value(node.func.value).items())
        raise NotStatic(f"{self.path}: {ast.unparse(node)} is not a plain constant")


METHODS: dict[type[ast.expr], Callable[[_Evaluator, Any], Any]] = {
    ast.Constant: _Evaluator._literal,
    ast.Name: _Evaluator._name,
    ast.Attribute: _Evaluator._attribute,
    ast.List: _Evaluator._list,
    ast.Tuple: _Evaluator._list,
    ast.Dict: _Evaluator._dict,
    ast.DictComp: _Evaluator._comprehension,
    ast.JoinedStr: _Evaluator._joined,
    ast.FormattedValue: _Evaluator._formatted,
    ast.BinOp: _Evaluator._operation,
    ast.Call: _Evaluator._call,
}


def _assigned(node: ast.stmt, name: str) -> ast.expr | None:
    """Return the expression that a statement assigns to a name; None if it assigns none."""
    if isinstance(node, ast.AnnAssign):
        return node.value if ast.unparse(node.target) == name else None
    if not isinstance(node, ast.Assign):
        return None
    for target in node.targets:
        if isinstance(target, ast.Name) and target.id == name:
            return node.value
        # CODE, PAPER = "code", "paper"
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for inner, value in zip(target.elts, node.value.elts, strict=False):
                if ast.unparse(inner) == name:
                    return value
    return None


def _bound(target: ast.expr, item: Any) -> Bound:
    """Return the names that a loop over ``target`` binds for one item."""
    if isinstance(target, ast.Tuple):
        bound: Bound = {}
        for inner, value in zip(target.elts, item, strict=True):
            bound |= _bound(inner, value)
        return bound
    return {ast.unparse(target): item}


def _texts(node: ast.expr) -> str:
    """Return the string literals in an expression, joined."""
    texts: list[str] = []
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            texts.append(part.value)
    return " ".join(texts)
