"""README's table of papers: a number of each, ours and the paper's, from the shipped results."""

from collections.abc import Sequence
from pathlib import Path

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
    "one of its numbers",
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
    """The row of a study: the largest scale whose results are shipped, or that there are none."""
    paper = f"[{study.cited}]({PAPERS}/{study.id}/README.md)"
    for scale in shipped.scales(study):
        folder = shipped.folder(study.id, scale)
        if (folder / "comparison.csv").exists():
            command = f"`snakemake {study.id} --config scale={scale}`"
            return paper, *_numbers(study, folder), *counts(folder, brief=True), command
    unknown = [NOTHING] * 4
    return paper, "not run yet", *unknown, f"`snakemake {study.id}`"


def counts(folder: Path, brief: bool = False) -> tuple[str, str]:
    """How many verdicts a folder of results has, and what those that are not comparable need.

    With ``brief``, only what most of these need.
    """
    rows = verdict_counts.of_folder(folder)
    decided = verdict_counts.decided(rows) or "none yet"
    return decided, verdict_counts.undecided(rows, brief) or NOTHING


def _numbers(study: Study, folder: Path) -> tuple[str, str, str]:
    """A number that was judged, ours, and the published one."""
    comparison = numbers_view.read(folder / "comparison.csv")
    judged = numbers_view.judged(numbers_view.without_design(comparison))
    if judged.empty:
        return "none can be compared at this scale", NOTHING, NOTHING
    # Of the first table, which is the headline; and no constant such as 0 or 1, which says least.
    in_first_table = judged["artefact"].isin(list(study.tables)[:1])
    varies = ~judged["value"].isin([0, 1])
    candidates = (judged[in_first_table & varies], judged[varies], judged)
    first = next(rows for rows in candidates if len(rows)).iloc[0]
    parts = [
        names.dataset(first["dataset"]),
        names.model(first["model"]) if first["model"] != "no_model" else "",
        names.settings(first["params"]) if first["params"] else "",
        names.metric(first["metric"]),
    ]
    return (
        ", ".join(filter(None, parts)),
        numbers_view.like(first["ours"], first["value"]),
        f"{numbers_view.plain(first['value'])} {SYMBOLS[first['verdict']]}",
    )
