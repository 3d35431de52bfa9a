"""Lines of a model's file to which its problems belong, read without importing the file."""

import ast
from collections.abc import Iterator
from pathlib import Path

# Methods that compute a loss, the most particular first.
LOSSES = ("regularizer", "losses", "losses_of", "reconstruction")
# Functions and methods of torch, numpy and Python that draw random numbers.
NOISE = frozenset(
    {
        "bernoulli", "bernoulli_", "choice", "dropout", "multinomial", "normal", "normal_",
        "permutation", "poisson", "rand", "rand_like", "randint", "randint_like", "randn",
        "randn_like", "random", "random_", "randperm", "rsample", "sample", "shuffle",
        "standard_normal", "uniform", "uniform_",
    }
)  # fmt: skip


class ModelLines:
    """Where the classes and methods of a model's file are; raises SyntaxError."""

    def __init__(self, path: Path) -> None:
        self.tree = ast.parse(path.read_text(encoding="utf-8"), str(path))

    @property
    def has_docstring(self) -> bool:
        """Whether the file begins with a docstring."""
        return bool(ast.get_docstring(self.tree))

    @property
    def public_classes(self) -> list[str]:
        """Names of the classes of the file that do not begin with ``_``."""
        names = [node.name for node in self.tree.body if isinstance(node, ast.ClassDef)]
        return [name for name in names if not name.startswith("_")]

    def of_class(self, name: str) -> int:
        """The line of a class, or 1."""
        cls = self._class(name)
        return cls.lineno if cls else 1

    def describes(self, name: str) -> bool:
        """Whether a class has a docstring; dataclasses without one are given their signature."""
        cls = self._class(name)
        return bool(cls and ast.get_docstring(cls))

    def of_loss(self, name: str) -> int:
        """The line of the method of a class that computes its loss, or of the class."""
        methods = {node.name: node.lineno for node in self._methods(name)}
        lines = [methods[method] for method in LOSSES if method in methods]
        return lines[0] if lines else self.of_class(name)

    def of_noise(self, name: str) -> int:
        """The first line of a method of a class that draws random numbers, or that of its loss."""
        lines = []
        for method in self._methods(name):
            for node in ast.walk(method):
                if isinstance(node, ast.Call) and _called(node) in NOISE:
                    lines.append(node.lineno)
        return min(lines) if lines else self.of_loss(name)

    def _class(self, name: str) -> ast.ClassDef | None:
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                return node
        return None

    def _methods(
        self,
        name: str,
    ) -> Iterator[ast.FunctionDef]:
        cls = self._class(name)
        for node in cls.body if cls else []:
            # What draws is declared here; the framework draws it.
            if isinstance(node, ast.FunctionDef) and node.name != "draws":
                yield node


def _called(call: ast.Call) -> str:
    """The last part of the name of what is called."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
