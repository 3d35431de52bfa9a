"""Tables and figures of the study as the page shows them, copied beside it with their data."""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from facsimile import names
from facsimile.presentation import Context, Spec
from facsimile.report._comparison import headed, plain, query
from facsimile.studyfile import Study

GROUP = ["dataset", "model", "params"]
DATA_ROWS = 200  # of a figure's data that stand on the page; its CSV has all
CITED = ("pdf", "png", "csv", "md", "tex")


def tables(study: Study, folder: Path, target: Path) -> list[dict[str, Any]]:
    """Every table there is, copied to ``target``: its scores in columns, its rows grouped as in the paper's."""
    found = [(Spec.of(id, artefact), folder / f"{id}.csv") for id, artefact in study.tables.items()]
    return [_about(spec, path, target) | _pivoted(path) | {"notes": _notes(path)} for spec, path in found if path.exists()]


def figures(study: Study, folder: Path, target: Path, context: Context) -> list[dict[str, Any]]:
    """Every figure there is, copied to ``target``, with the first rows of its data."""
    found = [(Spec.of(id, artefact), folder / f"{id}.csv") for id, artefact in study.figures.items()]
    return [_about(spec, path, target) | _data(path) | {"said": context.said(spec)} for spec, path in found if path.exists()]


def _about(spec: Spec, path: Path, target: Path) -> dict[str, Any]:
    target.mkdir(parents=True, exist_ok=True)
    files = [file for ending in CITED if (file := path.with_suffix(f".{ending}")).exists()]
    for file in files:
        shutil.copyfile(file, target / file.name)
    return {
        "id": spec.id,
        "title": spec.title,
        "verified": spec.verified,
        "files": {file.suffix[1:]: f"{target.name}/{file.name}" for file in files},
    }


def _pivoted(path: Path) -> dict[str, Any]:
    """A row a (data set, method, hyper-parameters), a column a score; a link from each number to its runs."""
    data = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=dict.fromkeys(GROUP, str))
    data[GROUP] = data[GROUP].fillna("")
    columns = list(map(str, data.columns))
    scores, statistic = list(dict.fromkeys(data["metric"])), columns[columns.index("metric") + 1]
    lines = []
    for group, own in data.groupby(GROUP, sort=False):
        dataset, model, params = map(str, group)
        who = " ".join(filter(None, [names.model(model), names.settings(params) if params else ""]))
        entries = own.set_index("metric").reindex(scores).reset_index().to_dict("records")
        lines.append(
            {
                "dataset": names.dataset(dataset),
                "label": who,
                "n": f"{own['done'].max()}",
                "entries": [_entry(entry, statistic, query(dataset, model, params, entry["metric"])) for entry in entries],
            }
        )
    return {
        "columns": [headed(names.metric(score)) for score in scores],
        "rows": lines,
        "several": data["dataset"].nunique() > 1,
    }


def _entry(entry: dict[Any, Any], statistic: str, runs: str) -> dict[str, str]:
    known = pd.notna(entry["low"])
    interval = f"[{entry['low']:.3f}, {entry['high']:.3f}]" if known else ""
    return {"number": plain(entry[statistic]), "interval": interval, "runs": runs if entry["n"] > 0 else ""}


def _notes(path: Path) -> list[str]:
    """What stands under the table in its Markdown."""
    lines = path.with_suffix(".md").read_text(encoding="utf-8").splitlines()
    return [line[2:].replace("\\_", "_").replace("\\*", "*").replace("\\|", "|") for line in lines if line.startswith("- ")]


def _data(path: Path) -> dict[str, Any]:
    table = pd.read_csv(path, keep_default_na=False, dtype=str)
    return {"head": list(table.columns), "data": table.head(DATA_ROWS).to_numpy().tolist(), "rows": len(table)}
