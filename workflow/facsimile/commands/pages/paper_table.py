"""README's table of papers: a number of each, ours and the paper's, from the shipped results."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from facsimile.comparison import numbers_view, verdict_counts
from facsimile.comparison.verdict import SYMBOLS
from facsimile.planning import shipped
from facsimile.presentation import names
from facsimile.presentation.markdown import grid
from facsimile.studies.study import Study

README = Path("README.md")
PAPERS = "workflow/facsimile/papers"
BEGIN, END = "<!-- papers: written by `facsimile study-pages` -->", "<!-- papers end -->"
HEAD = (
    "paper",
    "a typical number of it",
    "ours",
    "published",
    "verdicts",
    "not comparable, and what most of it needs",
    "command",
)
NOTHING = "–"


def readme(studies: Sequence[Study]) -> str:
    """Return README.md with the table in its place.

    Raises ValueError if the lines that mark the place are missing.
    """
    before, begin, rest = README.read_text(encoding="utf-8").partition(f"{BEGIN}\n")
    if not begin or END not in rest:
        raise ValueError(
            f"{README}: no lines {BEGIN!r} and {END!r}; the table of papers goes between them"
        )
    rows = [row(study) for study in studies]
    lines = [before + BEGIN, "", *grid(HEAD, rows), "", END]
    return "\n".join(lines) + rest.partition(END)[2]


def row(study: Study) -> tuple[str, ...]:
    """The row of a study: verdicts of all scales whose results are shipped, or that there are none.

    Number and command are of the largest of these scales that decides a published number.
    """
    paper = f"[{study.cited}]({PAPERS}/{study.id}/README.md)"
    scales = shipped.scales(study)
    if not scales:
        unknown = [NOTHING] * 4
        return paper, "not run yet", *unknown, f"`snakemake {study.id}`"
    deciding = [scale for scale in scales if not _judged(study, scale).empty]
    scale = [*deciding, *scales][0]
    command = f"`snakemake {study.id} --config scale={scale}`"
    return paper, *_numbers(study, scale), *counts(study, brief=True), command


def counts(
    study: Study,
    brief: bool = False,
) -> tuple[str, str]:
    """How many verdicts the shipped results have, and what those that are not comparable need.

    With ``brief``, only what most of these need.
    """
    folders = [shipped.folder(study.id, scale) for scale in shipped.scales(study)]
    rows = verdict_counts.of_folders(folders)
    decided = verdict_counts.decided(rows) or "none yet"
    return decided, verdict_counts.undecided(rows, brief) or NOTHING


def _judged(study: Study, scale: str) -> pd.DataFrame:
    """The published numbers that the shipped results of a scale decide."""
    path = shipped.folder(study.id, scale) / "comparison.csv"
    if not path.exists():
        return pd.DataFrame()
    return numbers_view.judged(numbers_view.without_design(numbers_view.read(path)))


def _numbers(
    study: Study,
    scale: str,
) -> tuple[str, str, str]:
    """The typical number that was judged, ours, and the published one.

    Typical is the one whose relative difference is the median: neither the best nor the worst.
    """
    judged = _judged(study, scale)
    if judged.empty:
        return "none can be compared at the shipped scales", NOTHING, NOTHING
    # Of the first table, which is the headline; and no constant such as 0 or 1, which says least.
    in_first_table = judged["artefact"].isin(list(study.tables)[:1])
    varies = ~judged["value"].isin([0, 1])
    candidates = (judged[in_first_table & varies], judged[varies], judged)
    typical = _typical(next(rows for rows in candidates if len(rows)))
    parts = [
        names.dataset(typical["dataset"]),
        names.model(typical["model"]) if typical["model"] != "no_model" else "",
        names.settings(typical["params"]) if typical["params"] else "",
        names.metric(typical["metric"]),
    ]
    return (
        ", ".join(filter(None, parts)),
        numbers_view.like(typical["ours"], typical["value"]),
        f"{numbers_view.plain(typical['value'])} {SYMBOLS[typical['verdict']]}",
    )


def _typical(rows: pd.DataFrame) -> pd.Series:
    """The row with the median relative difference; of two in the middle, the nearer one."""
    difference = (rows["ours"] - rows["value"]).abs()
    larger = rows[["ours", "value"]].abs().max(axis=1)
    # Two zeros are equal.
    relative = (difference / larger).fillna(0.0)
    in_order = rows.loc[relative.sort_values(kind="stable").index]
    return in_order.iloc[(len(rows) - 1) // 2]
