"""Where code lies: the rules that import-linter cannot state (`make lint` checks the others)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from project import PAPERS

from facsimile.foundation import discover
from facsimile.studies import reading

MOST_FILES = 40
ENGINE = (
    "foundation", "studies", "planning", "store", "training", "scoring", "statistics",
    "presentation", "comparison", "commands", "report",
)  # fmt: skip
IDS = sorted(path.parent.name for path in PAPERS.glob("*/study.yaml"))


def module_of(path: Path) -> str:
    parts = path.relative_to(discover.PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    """Modules of this package that a file imports, names taken from packages included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("facsimile"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("facsimile"):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files(*folders: str) -> list[Path]:
    return [
        path for folder in folders for path in sorted((discover.PACKAGE / folder).rglob("*.py"))
    ]


def test_two_files_stand_at_the_root_of_the_package():
    assert [path.name for path in sorted(discover.PACKAGE.glob("*.py"))] == [
        "__init__.py",
        "__main__.py",
    ]


def test_no_folder_but_papers_is_too_full_to_be_looked_over():
    folders = {path.parent for path in files(".") if path.parent != PAPERS}
    counts = {str(folder): len(list(folder.glob("*.py"))) for folder in folders}
    assert {name: count for name, count in counts.items() if count > MOST_FILES} == {}


def test_nothing_outside_a_paper_imports_it():
    outside = [path for path in files(".") if PAPERS not in path.parents]
    taken = {
        str(path): name
        for path in outside
        for name in imports(path)
        if name.startswith("facsimile.papers.")
    }
    assert taken == {}


@pytest.mark.parametrize("folder", ENGINE)
def test_the_engine_names_no_paper(folder):
    named = {
        (str(path), node.value)
        for path in files(folder)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in IDS
    }
    assert named == set()


@pytest.mark.parametrize("folder", ENGINE)
def test_the_engine_uses_what_a_kind_is_built_of_and_no_single_thing(folder):
    """It finds things by name: discover.module("metrics", "mig"), not an import."""
    things = {
        discover.located(kind, name) for kind in discover.KINDS for name in discover.names(kind)
    }
    used = {
        (str(path), name)
        for path in files(folder)
        for name in imports(path)
        if name in things or name.rpartition(".")[0] in things
    }
    assert used == set()


def test_no_private_module_is_used_outside_its_folder():
    foreign = set()
    for path in files("."):
        own = module_of(path.parent / "__init__.py")
        for name in imports(path):
            parts = name.split(".")
            for depth, part in enumerate(parts):
                private = part.startswith("_") and not part.startswith("__")
                if private and ".".join(parts[:depth]) != own:
                    foreign.add((str(path), name))
    assert foreign == set()


def used_by_study() -> Iterator[tuple[str, str, str]]:
    """(Kind, name, id of the study that names it)."""
    for id in IDS:
        study = reading.load(PAPERS / id / "study.yaml")
        yield from (("models", model.name, id) for model in study.models)
        yield from (("datasets", name, id) for name in study.datasets)
        yield from (("metrics", name, id) for name in study.metrics)
        yield from (("figures", figure.kind, id) for figure in study.figures.values())
        yield from (("tables", table.kind, id) for table in study.tables.values())
        yield from (("claims", claim.statistic, id) for claim in study.claims.values())


def test_a_thing_of_one_paper_is_named_by_that_paper_alone():
    wrong = []
    for kind, name, id in used_by_study():
        if name not in discover.names(kind):
            continue  # a data set that is planned and not there yet
        path = discover.place(kind, name).path
        if PAPERS in path.parents and PAPERS / id not in path.parents:
            owner = path.relative_to(PAPERS).parts[0]
            wrong.append(
                f"{id} uses {kind}/{name}, which lies in papers/{owner}; share it: git mv "
                f"workflow/facsimile/papers/{owner}/{kind}/{path.name} "
                f"workflow/facsimile/{kind}/{path.name}"
            )
    assert wrong == []
