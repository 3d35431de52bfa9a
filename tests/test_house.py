"""Rules on the location of code that import-linter cannot express (`make lint` checks the rest)."""

import ast
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from project import PAPERS

from facsimile.foundation import discover
from facsimile.studies import reading

MOST_FILES = 40
DENSE = 16  # tokens in a line
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
NOT_CODE = (
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENCODING, tokenize.ENDMARKER,
)  # fmt: skip
ENGINE = (
    "foundation", "studies", "planning", "store", "training", "scoring", "statistics",
    "presentation", "comparison", "commands", "report",
)  # fmt: skip
IDS = sorted(path.parent.name for path in PAPERS.glob("*/study.yaml"))


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All nodes of a file's syntax tree."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def module_of(path: Path) -> str:
    parts = path.relative_to(discover.PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


@cache
def imports(path: Path) -> list[str]:
    """The modules of this package, and the names in them, that a file imports."""
    names: list[str] = []
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names if alias.name.startswith("facsimile")]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("facsimile"):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def files(*folders: str) -> list[Path]:
    paths: list[Path] = []
    for folder in folders:
        paths += sorted((discover.PACKAGE / folder).rglob("*.py"))
    return paths


def test_the_root_of_the_package_has_two_files():
    assert [path.name for path in sorted(discover.PACKAGE.glob("*.py"))] == [
        "__init__.py",
        "__main__.py",
    ]


def test_no_folder_except_papers_has_too_many_files():
    folders = {path.parent for path in files(".") if path.parent != PAPERS}
    counts = {str(folder): len(list(folder.glob("*.py"))) for folder in folders}
    assert {name: count for name, count in counts.items() if count > MOST_FILES} == {}


def test_nothing_outside_a_paper_imports_it():
    outside = [path for path in files(".") if PAPERS not in path.parents]
    wrong = []
    for path in outside:
        wrong += [(path, name) for name in imports(path) if name.startswith("facsimile.papers.")]
    assert wrong == []


@pytest.mark.parametrize("folder", ENGINE)
def test_the_engine_names_no_paper(folder):
    named = []
    for path in files(folder):
        for node in nodes(path):
            if isinstance(node, ast.Constant) and node.value in IDS:
                named.append((path, node.value))
    assert named == []


@pytest.mark.parametrize("folder", ENGINE)
def test_the_engine_imports_no_single_model_metric_or_other_thing(folder):
    """It loads them by name, as discover.module("metrics", "mig")."""
    modules = set()
    for kind in discover.KINDS:
        modules |= {discover.module_name(kind, name) for name in discover.names(kind)}
    used = []
    for path in files(folder):
        for name in imports(path):
            if name in modules or name.rpartition(".")[0] in modules:
                used.append((path, name))
    assert used == []


def test_no_private_module_is_used_outside_its_folder():
    foreign = set()
    for path in files("."):
        package = module_of(path.parent / "__init__.py")
        for name in imports(path):
            parts = name.split(".")
            for depth, part in enumerate(parts):
                private = part.startswith("_") and not part.startswith("__")
                if private and ".".join(parts[:depth]) != package:
                    foreign.add((str(path), name))
    assert foreign == set()


def used_by_study() -> Iterator[tuple[str, str, str]]:
    """Yield (kind, name, id of the study that uses it)."""
    for id in IDS:
        study = reading.load(PAPERS / id / "study.yaml")
        yield from (("models", model.name, id) for model in study.models)
        yield from (("datasets", name, id) for name in study.datasets)
        yield from (("metrics", name, id) for name in study.metrics)
        yield from (("figures", figure.kind, id) for figure in study.figures.values())
        yield from (("tables", table.kind, id) for table in study.tables.values())
        yield from (("claims", claim.statistic, id) for claim in study.claims.values())


def test_code_in_the_folder_of_a_paper_is_used_by_that_paper_only():
    wrong = []
    for kind, name, id in used_by_study():
        if name not in discover.names(kind):
            continue  # a data set that is planned and does not exist yet
        path = discover.place(kind, name).path
        if PAPERS in path.parents and PAPERS / id not in path.parents:
            owner = path.relative_to(PAPERS).parts[0]
            wrong.append(
                f"{id} uses {kind}/{name}, which is in papers/{owner}; to share it: git mv "
                f"workflow/facsimile/papers/{owner}/{kind}/{path.name} "
                f"workflow/facsimile/{kind}/{path.name}"
            )
    assert wrong == []


def tokens_per_line(path: Path) -> Counter[int]:
    """Line -> number of tokens, for each line of code; docstrings and comments are left out."""
    counts: Counter[int] = Counter()
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type not in NOT_CODE:
                counts[token.start[0]] += 1
    for node in nodes(path):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            for line in range(node.lineno, node.end_lineno + 1):
                counts.pop(line, None)
    return counts


@pytest.mark.slow
def test_lines_are_short_sentences():
    """At most one line in ten has more than 16 tokens."""
    dense, total = Counter(), 0
    for path in files("."):
        counts = tokens_per_line(path).values()
        dense[str(path.relative_to(discover.PACKAGE))] = sum(n > DENSE for n in counts)
        total += len(counts)
    assert dense.total() <= total / 10, f"split lines in, for instance: {dense.most_common(10)}"


def test_no_comprehension_is_nested():
    nested = []
    for path in files("."):
        for node in nodes(path):
            if isinstance(node, COMPREHENSIONS):
                children = list(ast.walk(node))[1:]
                if any(isinstance(child, COMPREHENSIONS) for child in children):
                    nested.append((path, node.lineno))
    assert nested == []
