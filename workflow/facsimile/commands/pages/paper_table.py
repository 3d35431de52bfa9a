"""README's table of papers: verdicts, cost and command of each, from the shipped results."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from facsimile.comparison.verdict import counted
from facsimile.presentation.markdown import grid
from facsimile.studies.study import Study

README = Path("README.md")
PAPERS = "workflow/facsimile/papers"
BEGIN, END = "<!-- papers: written by `facsimile study-pages` -->", "<!-- papers end -->"
HEAD = ("paper", "published numbers and claims", "training", "command")


def readme(studies: Sequence[Study], reference: Path) -> str:
    """Return README.md with the table in its place.

    Raises ValueError if the lines that mark the place are missing.
    """
    before, begin, rest = README.read_text(encoding="utf-8").partition(f"{BEGIN}\n")
    if not begin or END not in rest:
        raise ValueError(
            f"{README}: no lines {BEGIN!r} and {END!r}; the table of papers goes between them"
        )
    rows = [row(study, reference) for study in studies]
    lines = [before + BEGIN, "", *grid(HEAD, rows), "", END]
    return "\n".join(lines) + rest.partition(END)[2]


def row(study: Study, reference: Path) -> tuple[str, ...]:
    """The row of a study: the largest scale whose results are shipped, or that there are none."""
    paper = f"[{study.title}]({PAPERS}/{study.id}/README.md) ({study.cited})"
    for scale in study.scales:
        folder = reference / study.id / scale
        if (folder / "comparison.csv").exists():
            command = f"`snakemake {study.id} --config scale={scale}`"
            return paper, _verdicts(folder), _cost(folder), command
    return paper, "not run yet", "–", f"`snakemake {study.id}`"


def _verdicts(folder: Path) -> str:
    """How many published numbers and claims got which verdict."""
    tables = []
    for name in ("comparison", "claims"):
        path = folder / f"{name}.csv"
        if path.exists():
            tables.append(pd.read_csv(path)["verdict"])
    counts = counted(pd.concat(tables))
    return ", ".join(f"{count:,} {verdict}" for verdict, count in counts.items()) or "–"


def _cost(folder: Path) -> str:
    """Trained runs, and what training them took on the machine that the reference states."""
    runs = pd.read_parquet(folder / "runs.parquet")
    trained = runs[runs["steps"].fillna(0) > 0]
    if trained.empty:
        return "nothing is trained"
    return f"{len(trained)} runs, {trained['seconds'].sum() / 60:,.0f} core-minutes"
