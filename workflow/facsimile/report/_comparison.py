"""The comparison and the claims as the page shows them: text, and which runs are behind a number."""

import csv
import math
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from facsimile.comparison import numbers_view
from facsimile.presentation import names

VERDICTS = ("reproduced", "differs", "not comparable", "no source")


def rows(path: Path) -> list[dict[str, Any]]:
    """The lines of comparison.csv that have a published number."""
    table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype={"params": str})
    table = table[table["verdict"] != "no source"].astype(object).where(table.notna(), None)
    return [_row(row) for row in table.to_dict("records")]


def unsourced(path: Path) -> dict[str, int]:
    """Artefact -> how many of its numbers have no published one at hand."""
    table = pd.read_csv(path, usecols=["artefact", "verdict"])
    return dict(Counter(table.loc[table["verdict"] == "no source", "artefact"]))


def claims(path: Path, scale: str) -> list[dict[str, Any]]:
    """The lines of claims.csv, none where the study states no claims."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [_claim(line, scale) for line in csv.DictReader(file)]


def slug(verdict: str) -> str:
    """A verdict as the name of a style."""
    return verdict.replace(" ", "-")


def query(dataset: str = "", model: str = "", params: str = "", metric: str = "") -> str:
    """The page's address of the runs behind a number."""
    stated = {
        "dataset": dataset,
        "model": model,
        "params": params,
        "score": metric.partition(" ~ ")[0],
    }
    return "#scores?" + urlencode({key: value for key, value in stated.items() if value})


def headed(text: str) -> str:
    """Text with a capital at its head."""
    return text[:1].upper() + text[1:]


def plain(value: Any) -> str:
    """A count in full, a score with three decimals, – for none."""
    if value is None or value == "" or not math.isfinite(float(value)):
        return "–"
    value = float(value)
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}").replace("-", "−")


def _row(row: dict[Any, Any]) -> dict[str, Any]:
    who = [
        row["model"] and names.model(row["model"]),
        row["params"] and names.settings(row["params"]),
    ]
    what = [
        row["dataset"] and names.dataset(row["dataset"]),
        " ".join(filter(None, who)),
        headed(names.metric(row["metric"])),
    ]
    keys = [row[key] or "" for key in ("dataset", "model", "params", "metric")]
    return {
        **row,
        "variant": row.get("faithful_to") or "",  # see variants.py
        "nearest": row.get("nearest") == "yes",
        "what": [part for part in what if part] + [row["statistic"]],
        "published": numbers_view.plain(row["value"])
        + (f" ± {row['spread']:g}" if row["spread"] is not None else ""),
        "number": plain(row["ours"]),
        "interval": f"[{row['low']:.3f}, {row['high']:.3f}]" if row["low"] is not None else "",
        "slug": slug(row["verdict"]),
        "runs": query(*keys) if row["n"] and keys[0] else "",
    }


def _claim(line: dict[str, str], scale: str) -> dict[str, Any]:
    """A claim; that the scale departs from the paper is said once for all, at the top of the page."""
    statistic, _, parameters = line["statistic"].partition(" ")
    reasons = line["reason"].split("; ")
    departs = f"{scale} scale: "
    return {
        **line,
        "statistic": statistic.replace("_", " "),
        "parameters": parameters,
        "reasons": [reason for reason in reasons if not reason.startswith(departs)],
        "departs": any(reason.startswith(departs) for reason in reasons),
        "number": plain(line["value"]),
        "interval": f"[{plain(line['low'])}, {plain(line['high'])}]" if line["low"] else "",
        "slug": slug(line["verdict"]),
    }
