"""README's table of papers: a number of each, ours and the paper's, from the shipped results."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from facsimile.comparison import numbers_view, published
from facsimile.comparison.verdict import REPRODUCED, SYMBOLS
from facsimile.presentation import names
from facsimile.presentation.markdown import grid
from facsimile.studies.study import Study

README = Path("README.md")
PAPERS = "workflow/facsimile/papers"
BEGIN, END = "<!-- papers: written by `facsimile study-pages` -->", "<!-- papers end -->"
HEAD = ("paper", "one of its numbers", "ours", "published", "all that can be compared", "command")
NOTHING = "–"


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
    paper = f"[{study.cited}]({PAPERS}/{study.id}/README.md)"
    for scale in study.scales:
        path = reference / study.id / scale / "comparison.csv"
        if path.exists():
            command = f"`snakemake {study.id} --config scale={scale}`"
            return paper, *_numbers(numbers_view.read(path)), command
    return paper, "not run yet", NOTHING, NOTHING, NOTHING, f"`snakemake {study.id}`"


def _numbers(comparison: pd.DataFrame) -> tuple[str, str, str, str]:
    """A number that was judged, ours, the published one, and how many were reproduced."""
    judged = numbers_view.judged(comparison)
    # The size of a study is what its file states, no result.
    judged = judged[judged["metric"] != published.DESIGN]
    if judged.empty:
        return "none can be compared at this scale", NOTHING, NOTHING, NOTHING
    # A constant such as 0 or 1 tells least.
    varies = judged[~judged["value"].isin([0, 1])]
    first = (varies if len(varies) else judged).iloc[0]
    parts = [
        names.dataset(first["dataset"]),
        names.model(first["model"]) if first["model"] != "no_model" else "",
        names.metric(first["metric"]),
    ]
    n_reproduced = (judged["verdict"] == REPRODUCED).sum()
    return (
        ", ".join(filter(None, parts)),
        numbers_view.like(first["ours"], first["value"]),
        f"{numbers_view.plain(first['value'])} {SYMBOLS[first['verdict']]}",
        f"{n_reproduced} of {len(judged)} reproduced",
    )
