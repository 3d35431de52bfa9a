"""Tables and figures of the study as the page shows them, copied beside it with their data."""

import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from facsimile.presentation.context import Context
from facsimile.presentation.rendering import NONE
from facsimile.presentation.spec import Spec
from facsimile.report._comparison import headed, query
from facsimile.studies.study import Study

STATED = ("dataset", "model", "params", "metric")
DATA_ROWS = 200  # of a figure's data that stand on the page; its CSV has all
INTERVAL = re.compile(rf"(.*?)(?: (\[.*|{NONE}.*|n=\d+))?")
CRATE = "ro-crate-metadata.json"
CITED = ("pdf", "png", "csv", "md", "tex")


def tables(study: Study, source: Path, target: Path, context: Context) -> list[dict[str, Any]]:
    """Every table there is, copied to ``target``: as it is printed, its numbers with links to their runs."""
    found = _there(study, source / "tables", context)
    return [
        _about(spec, path, target / "tables") | _printed(path)
        for spec, path in found
        if spec.id in study.tables
    ]


def figures(study: Study, source: Path, target: Path, context: Context) -> list[dict[str, Any]]:
    """Every figure there is, copied to ``target``, with the first rows of its data."""
    found = _there(study, source / "figures", context)
    return [
        _about(spec, path, target / "figures") | _data(path) | {"said": context.caption(spec)}
        for spec, path in found
    ]


def _there(study: Study, folder: Path, context: Context) -> list[tuple[Spec, Path]]:
    """What the study states and the folder holds, with the data of each."""
    stated = [(spec, folder / f"{spec.id}.csv") for spec in Spec.all(study, context.scale.name)]
    return [(spec, path) for spec, path in stated if path.exists()]


def _about(spec: Spec, path: Path, target: Path) -> dict[str, Any]:
    target.mkdir(parents=True, exist_ok=True)
    files = [file for ending in CITED if (file := path.with_suffix(f".{ending}")).exists()]
    for file in files:
        shutil.copyfile(file, target / file.name)
    said = {file.suffix[1:].upper(): f"{target.name}/{file.name}" for file in files}
    if (crate := path.with_suffix(".crate") / CRATE).exists():
        shutil.copyfile(crate, target / f"{spec.id}.crate.json")
        said["RO-Crate"] = f"{target.name}/{spec.id}.crate.json"
    return {"id": spec.id, "title": spec.title, "verified": spec.verified, "files": said}


def _printed(path: Path) -> dict[str, Any]:
    """The table as its Markdown prints it; where the data say which runs a number is of, with a link to these."""
    lines = path.with_suffix(".md").read_text(encoding="utf-8").splitlines()
    (first, _, *heads), _, *body = [_cells(line) for line in lines if line.startswith("| ")]
    filled = [entry for _, n, *entries in body if any([n, *entries]) for entry in entries]
    links = iter(_links(path, filled))
    rows: list[dict[str, Any]] = []
    for label, n, *entries in body:
        if any([n, *entries]):
            rows.append(
                {
                    "label": label,
                    "n": n,
                    "entries": [_entry(entry, next(links)) for entry in entries],
                }
            )
        else:
            rows.append({"block": label.strip("*")})
    notes = [_plain(line.removeprefix("- ")) for line in lines if line.startswith("- ")]
    empty = not any(entry["number"] != NONE for row in rows for entry in row.get("entries", []))
    return {
        "head": first,
        "columns": list(map(headed, heads)),
        "rows": rows,
        "notes": notes,
        "empty": empty,
    }


def _cells(line: str) -> list[str]:
    return [_plain(cell) for cell in line.removeprefix("| ").removesuffix(" |").split(" | ")]


def _plain(text: str) -> str:
    """Markdown's escapes taken off."""
    return text.replace("\\_", "_").replace("\\*", "*").replace("\\|", "|")


def _entry(text: str, runs: str) -> dict[str, str]:
    """``0.123 [0.045, 0.200] n=3`` as a number and what stands small beside it."""
    number, more = INTERVAL.fullmatch(text).groups("")  # type: ignore[union-attr]
    return {
        "number": number,
        "interval": "" if more == NONE else more,
        "runs": "" if number == NONE else runs,
    }


def _links(path: Path, entries: list[str]) -> list[str]:
    """The runs behind each entry, if the table's data have a row for each, or for each that has a number; none otherwise."""
    data = pd.read_csv(path, keep_default_na=False, dtype=str)
    known = [key for key in STATED if key in data.columns]
    links = [query(**{key: row[key] for key in known}) for row in data.to_dict("records")]
    if len(links) == len(entries):
        return links
    told = [entry for entry in entries if entry != NONE]
    following = iter(links if len(links) == len(told) else [""] * len(told))
    return [next(following) if entry != NONE else "" for entry in entries]


def _data(path: Path) -> dict[str, Any]:
    table = pd.read_csv(path, keep_default_na=False, dtype=str)
    with Image.open(path.with_suffix(".png")) as picture:
        width, height = picture.size
    return {"width": width, "height": height} | {
        "head": list(table.columns),
        "data": table.head(DATA_ROWS).to_numpy().tolist(),
        "rows": len(table),
    }
