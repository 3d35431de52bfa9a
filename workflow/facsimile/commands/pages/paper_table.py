"""README's table of papers: what of each is reproduced at which scale, with which verdicts, at what cost, by which command."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from facsimile.comparison import numbers_view
from facsimile.presentation.markdown import grid
from facsimile.studies.study import Study

README = Path("README.md")
PAPERS = "workflow/facsimile/papers"
BEGIN, END = "<!-- papers: written by `facsimile study-pages` -->", "<!-- papers end -->"
HEAD = ("paper", "reproduced at", "verdicts", "cost", "command")


def readme(studies: Sequence[Study], reference: Path) -> str:
    """README.md with the table in its place; raises ValueError where the place is not marked."""
    before, found, rest = README.read_text(encoding="utf-8").partition(f"{BEGIN}\n")
    if not found or END not in rest:
        raise ValueError(
            f"{README}: no lines {BEGIN!r} and {END!r}; the table of papers goes between them"
        )
    lines = grid(HEAD, (row(study, reference) for study in studies))
    return "\n".join([before + BEGIN, "", *lines, "", END]) + rest.partition(END)[2]


def row(study: Study, reference: Path) -> tuple[str, ...]:
    """One line: the largest scale whose scores the repository holds, or that there are none."""
    paper = f"[{study.title}]({PAPERS}/{study.id}/README.md), {study.authors.split(',')[0]} et al. {study.year}"
    scales = [
        scale
        for scale in study.scales
        if (reference / study.id / scale / "comparison.csv").exists()
    ]
    if not scales:
        return paper, "not yet", "–", "–", f"`snakemake {study.id}`"
    folder = reference / study.id / scales[0]
    what = f"{scales[0]}: {study.scales[scales[0]].description}"
    return (
        paper,
        what,
        _verdicts(folder),
        _cost(folder),
        f"`snakemake {study.id} --config scale={scales[0]}`",
    )


def _verdicts(folder: Path) -> str:
    """How many numbers got which verdict, claims included."""
    found = [
        pd.read_csv(path)["verdict"]
        for name in ("comparison", "claims")
        if (path := folder / f"{name}.csv").exists()
    ]
    counts = pd.concat(found).value_counts()
    return (
        ", ".join(
            f"{counts[verdict]:,} {verdict}" for verdict in numbers_view.STYLES if verdict in counts
        )
        or "–"
    )


def _cost(folder: Path) -> str:
    """Runs, and the time that training them took on the machine that the reference states."""
    runs = pd.read_parquet(folder / "runs.parquet")
    trained = runs[runs["steps"].fillna(0) > 0]
    minutes = trained["seconds"].sum() / 60
    return (
        f"{len(trained)} runs, {minutes:,.0f} core-minutes"
        if len(trained)
        else "nothing is trained"
    )
