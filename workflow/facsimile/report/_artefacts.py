"""The study's tables and figures as the page shows them; their files are copied beside it."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from PIL import Image

from facsimile.presentation.context import Context
from facsimile.presentation.rendering import NONE
from facsimile.presentation.spec import Spec
from facsimile.report._comparison import headed, query
from facsimile.report._script import Json
from facsimile.studies.study import Study

# Columns of a table's data that say which runs a number is of.
IDENTITY = ("dataset", "model", "params", "metric")
# Rows of a figure's data on the page; its CSV has all of them.
DATA_ROWS = 200
# A number, then its interval and n, or – instead of an interval.
ENTRY = re.compile(rf"(.*?)(?: (\[.*|{NONE}.*|n=\d+))?")
CRATE = "ro-crate-metadata.json"
CITED = ("pdf", "png", "csv", "md", "tex")


def tables(
    study: Study,
    source: Path,
    target: Path,
    context: Context,
) -> list[Json]:
    """Every table made so far, as printed, with links from its numbers to their runs.

    Copies the files of the tables to ``target``.
    """
    shown = []
    for spec, path in _existing(study, source / "tables", context):
        if spec.id in study.tables:
            about = _about(spec, path, target / "tables")
            shown.append(about | _printed(path))
    return shown


def figures(
    study: Study,
    source: Path,
    target: Path,
    context: Context,
) -> list[Json]:
    """Every figure made so far, with the first rows of its data.

    Copies the files of the figures to ``target``.
    """
    shown = []
    for spec, path in _existing(study, source / "figures", context):
        about = _about(spec, path, target / "figures")
        about["caption"] = context.caption(spec)
        shown.append(about | _data(path))
    return shown


def _existing(study: Study, folder: Path, context: Context) -> Iterator[tuple[Spec, Path]]:
    """The study's artefacts whose data are in the folder, each with the path of its data."""
    for spec in Spec.all(study, context.scale.name):
        path = folder / f"{spec.id}.csv"
        if path.exists():
            yield spec, path


def _about(spec: Spec, path: Path, target: Path) -> Json:
    """What tables and figures have in common; copies the files and lists them by type."""
    target.mkdir(parents=True, exist_ok=True)
    files = {}
    for ending in CITED:
        file = path.with_suffix(f".{ending}")
        if file.exists():
            shutil.copyfile(file, target / file.name)
            files[ending.upper()] = f"{target.name}/{file.name}"
    crate = path.with_suffix(".crate") / CRATE
    if crate.exists():
        shutil.copyfile(crate, target / f"{spec.id}.crate.json")
        files["RO-Crate"] = f"{target.name}/{spec.id}.crate.json"
    return {
        "id": spec.id,
        "title": spec.title,
        "verified": spec.verified,
        "files": files,
    }


def _printed(path: Path) -> Json:
    """The table as its Markdown shows it; each number links to its runs if they are known."""
    text = path.with_suffix(".md").read_text(encoding="utf-8")
    lines = text.splitlines()
    notes, cells = [], []
    for line in lines:
        if line.startswith("- "):
            notes.append(_plain(line.removeprefix("- ")))
        if line.startswith("| "):
            cells.append(_cells(line))
    # The second line only separates the header from the rows.
    (head, _, *columns), _, *body = cells
    rows = _rows(path, body)
    return {
        "head": head,
        "columns": [headed(column) for column in columns],
        "rows": rows,
        "notes": notes,
        "empty": not any(_has_numbers(row) for row in rows),
    }


def _has_numbers(row: Json) -> bool:
    numbers = [entry["number"] for entry in row.get("entries", [])]
    return any(number != NONE for number in numbers)


def _rows(path: Path, body: list[list[str]]) -> list[Json]:
    """Headings and rows of numbers, in their order."""
    texts: list[str] = []
    for _, n, *entries in body:
        if not _is_heading(n, entries):
            texts += entries
    links = iter(_links(path, texts))
    rows: list[Json] = []
    for label, n, *entries in body:
        if _is_heading(n, entries):
            rows.append({"block": label.strip("*")})
            continue
        row: Json = {"label": label, "n": n}
        row["entries"] = [_entry(text, next(links)) for text in entries]
        rows.append(row)
    return rows


def _is_heading(n: str, entries: list[str]) -> bool:
    """Whether a line is the heading of a block: all its cells but the first are empty."""
    return not any([n, *entries])


def _cells(line: str) -> list[str]:
    inner = line.removeprefix("| ").removesuffix(" |")
    return [_plain(cell) for cell in inner.split(" | ")]


def _plain(text: str) -> str:
    """Text without Markdown's escapes."""
    for character in "_*|":
        text = text.replace(f"\\{character}", character)
    return text


def _entry(text: str, link: str) -> dict[str, str]:
    """``0.123 [0.045, 0.200] n=3`` as a number and the small text beside it."""
    number, interval = ENTRY.fullmatch(text).groups("")  # type: ignore[union-attr]
    return {
        "number": number,
        "interval": "" if interval == NONE else interval,
        "runs": "" if number == NONE else link,
    }


def _links(path: Path, entries: list[str]) -> list[str]:
    """A link to the runs behind each entry, or "" where they are not known for sure.

    They are known if the table's data have one row per entry, or one per entry with a number.
    """
    data = pd.read_csv(path, keep_default_na=False, dtype=str)
    keys = [key for key in IDENTITY if key in data.columns]
    links = []
    for row in data.to_dict("records"):
        identity = {key: row[key] for key in keys}
        # The page filters runs by method: a label says more than the model.
        if row.get("label"):
            identity["model"] = row["label"]
        links.append(query(**identity))
    if len(links) == len(entries):
        return links
    numbers = [entry for entry in entries if entry != NONE]
    if len(links) != len(numbers):
        links = [""] * len(numbers)
    remaining = iter(links)
    return [next(remaining) if entry != NONE else "" for entry in entries]


def _data(path: Path) -> Json:
    """The size of a figure and the first rows of its data."""
    table = pd.read_csv(path, keep_default_na=False, dtype=str)
    with Image.open(path.with_suffix(".png")) as image:
        width, height = image.size
    return {
        "width": width,
        "height": height,
        "head": list(table.columns),
        "data": table.head(DATA_ROWS).to_numpy().tolist(),
        "rows": len(table),
    }
