"""Check every file of a folder of papers, and every paper's study and published numbers."""

import ast
import inspect
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.markup import escape

from facsimile.claims import Statistic
from facsimile.comparison import published
from facsimile.foundation import discover
from facsimile.planning.workspace import PUBLISHED
from facsimile.presentation.context import Context
from facsimile.studies import reading, runs

# Kind -> function that a file must define, and the names of its arguments.
FUNCTIONS = {
    "figures": ("draw", ["scores", "spec", "context"]),
    "tables": ("make", ["scores", "runs", "spec", "context"]),
}


class Finding(NamedTuple):
    """A file, and what is wrong with it; nothing if it is as it should be."""

    path: Path
    problems: list[str]


def check(folder: Path, console: Console) -> bool:
    """Print each file of a folder and what is wrong with it; return whether nothing is.

    ``folder`` holds one folder per paper, or is itself the folder of a paper. Raises
    FileNotFoundError if it is neither.
    """
    passed = True
    # Paths and messages may have brackets, which are no markup.
    style: dict[str, Any] = {"highlight": False, "soft_wrap": True}
    for path, problems in findings(folder):
        verdict = "[red]problem[/]" if problems else "[green]ok     [/]"
        console.print(f"{verdict} {escape(str(path))}", **style)
        for problem in problems:
            console.print(f"        {escape(problem)}", **style)
            passed = False
    return passed


def findings(folder: Path) -> Iterator[Finding]:
    """Yield every file of a folder of papers with its problems."""
    folder = folder.resolve()
    parent = folder.parent if discover.is_home(folder) else folder
    discover.add_papers([parent])
    for home in discover.homes_in([parent]).values():
        # The folder of one paper: its neighbours are known, too, but not checked.
        if folder not in (parent, home):
            continue
        for kind in discover.KINDS:
            yield from _findings_of_kind(home, kind)
        if (home / discover.STUDY).exists():
            yield _finding(home / discover.STUDY, partial(_study_problems, home))


def _findings_of_kind(
    home: Path,
    kind: str,
) -> Iterator[Finding]:
    for name, place in discover.places(kind).items():
        if home in place.path.parents:
            yield _finding(place.path, partial(_problems, kind, name))


def _finding(
    path: Path,
    problems: Callable[[], Iterator[str]],
) -> Finding:
    """The problems of a file; whatever it raises is one, so that other files are checked, too."""
    listed: list[str] = []
    try:
        listed.extend(problems())
    except Exception as error:
        listed.append(f"{type(error).__name__}: {error}")
    return Finding(path, listed)


def _problems(
    kind: str,
    name: str,
) -> Iterator[str]:
    path = discover.place(kind, name).path
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not ast.get_docstring(tree):
        yield "begin the file with a line that describes it"
    # Imported here, because models need torch and metrics numba, which take seconds.
    if kind == "models":
        from facsimile.commands.contract import models

        yield from models.problems(name)
    elif kind == "datasets":
        from facsimile.commands.contract import datasets

        yield from datasets.problems(name)
    elif kind == "metrics":
        from facsimile.commands.contract import metrics

        yield from metrics.problems(name)
    elif kind == "claims":
        discover.load_class(kind, name, Statistic)
    else:
        yield from _function_problems(kind, name)


def _function_problems(
    kind: str,
    name: str,
) -> Iterator[str]:
    module = discover.module(kind, name)
    function, arguments = FUNCTIONS[kind]
    expected = {function: arguments, "cells": ["spec", "context"]}
    if getattr(module, "SHOWS_MODELS", False):
        expected[function] = [*arguments, "specimens"]
    for needed, names in expected.items():
        text = f"{needed}({', '.join(names)})"
        defined = getattr(module, needed, None)
        if not callable(defined):
            yield f"the function {text} is missing"
            continue
        parameters = inspect.signature(defined).parameters
        if list(parameters) != names:
            yield f"the arguments must be {text}"


def _study_problems(paper: Path) -> Iterator[str]:
    """A study is read, expanded at each scale, and its published numbers are read."""
    study = reading.load(paper / discover.STUDY)
    for scale in study.scales:
        runs.expand(study, scale)
        if (paper / PUBLISHED).exists():
            published.read(paper / PUBLISHED, Context.of(study, scale))
    yield from ()
