"""A study's gathered scores, with the published numbers beside them."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from facsimile.comparison import published
from facsimile.comparison.published import Published
from facsimile.planning.workspace import PUBLISHED, Workspace
from facsimile.presentation.context import Context, PublishedNumbers
from facsimile.presentation.spec import Quantity
from facsimile.store import files
from facsimile.studies.study import Study


@dataclass(frozen=True)
class Gathered:
    """A study's tables at the configured scale."""

    study: Study
    runs: pd.DataFrame
    scores: pd.DataFrame
    context: Context


def gathered(workspace: Workspace, name: str) -> Gathered:
    """Read runs.parquet and scores.parquet of a study; raises FileNotFoundError that says what to type."""
    folder = workspace.paths.study(name, workspace.config.scale)
    if not (folder / "scores.parquet").exists():
        raise FileNotFoundError(
            f"{folder}: no scores yet; make them: snakemake {name} --config scale={workspace.config.scale}"
        )
    study = workspace.study(name)
    runs, scores = (pd.read_parquet(folder / f"{table}.parquet") for table in ("runs", "scores"))
    context = Context.of(study, workspace.config.scale)
    numbers = _first_of_each(printed(workspace, name, context))
    context = dataclasses.replace(context, published=numbers, history=_history(workspace))
    return Gathered(study, runs, scores, context)


def _history(workspace: Workspace) -> Callable[[str], pd.DataFrame]:
    return lambda run: pd.read_parquet(workspace.paths.run(run) / files.HISTORY)


def _first_of_each(numbers: list[Published]) -> PublishedNumbers:
    """The first number of each quantity, the authors' and those that peers printed."""
    authors: dict[Quantity, float] = {}
    peers: dict[Quantity, float] = {}
    for number in reversed(numbers):
        table = peers if number.how == published.PEER else authors
        table[number.quantity] = number.value
    return PublishedNumbers(authors, peers)


def printed(workspace: Workspace, study: str, context: Context) -> list[Published]:
    path = workspace.paper(study) / PUBLISHED
    return published.read(path, context) if path.exists() else []
