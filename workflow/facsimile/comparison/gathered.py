"""Reads the gathered scores of a study, together with its published numbers."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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
    """The tables of a study at the configured scale.

    ``numbers`` are all published numbers, in the order of the CSV; ``context.published`` holds the
    first of each quantity.
    """

    study: Study
    runs: pd.DataFrame
    scores: pd.DataFrame
    context: Context
    numbers: tuple[Published, ...]


def gathered(workspace: Workspace, name: str, folder: Path | None = None) -> Gathered:
    """Read runs.parquet and scores.parquet of a study, and its published numbers.

    ``folder`` holds the two files; by default it is that of the study at the configured scale.

    Raises FileNotFoundError, with the command to run, if the study has no scores yet.
    """
    scale = workspace.config.scale
    study = workspace.study(name)
    context = Context.of(study, scale)
    folder = folder or workspace.paths.study(name, scale)
    if not (folder / "scores.parquet").exists():
        raise FileNotFoundError(
            f"{folder}: no scores yet; compute them with: snakemake {name} --config scale={scale}"
        )
    runs = pd.read_parquet(folder / "runs.parquet")
    scores = pd.read_parquet(folder / "scores.parquet")
    numbers = printed(workspace, name, context)
    context = dataclasses.replace(
        context, published=_first_of_each(numbers), history=_history(workspace)
    )
    return Gathered(study, runs, scores, context, tuple(numbers))


def printed(workspace: Workspace, study: str, context: Context) -> list[Published]:
    """Read the published numbers of a study; none if it has no published.csv."""
    path = workspace.paper(study) / PUBLISHED
    if not path.exists():
        return []
    return published.read(path, context)


def _history(workspace: Workspace) -> Callable[[str], pd.DataFrame]:
    """Return a function that reads the losses and traces of a run, given its key."""

    def history(run: str) -> pd.DataFrame:
        folder = workspace.paths.run(run)
        return pd.read_parquet(folder / files.HISTORY)

    return history


def _first_of_each(numbers: list[Published]) -> PublishedNumbers:
    """The first number of each quantity: the authors' numbers, and those that peers published."""
    authors: dict[Quantity, float] = {}
    peers: dict[Quantity, float] = {}
    # In reverse order, so that the first number overwrites those after it.
    for number in reversed(numbers):
        values = peers if number.how == published.PEER else authors
        values[number.quantity] = number.value
    return PublishedNumbers(authors, peers)
