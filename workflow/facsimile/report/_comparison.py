"""The comparison and the claims as the page shows them, with links to the runs of a number."""

import csv
import math
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from facsimile.comparison import claims_view, numbers_view
from facsimile.comparison.verdict import NO_SOURCE
from facsimile.presentation import names
from facsimile.report._script import Json


def rows(path: Path) -> list[Json]:
    """The rows of comparison.csv that have a published number."""
    table = pd.read_csv(
        path,
        # Only an empty field is missing: "None" or "nan" may be names.
        keep_default_na=False,
        na_values=[""],
        dtype={"params": str},
    )
    table = table[table["verdict"] != NO_SOURCE]
    # The templates test for None; NaN would count as a number.
    has_value = table.notna()
    table = table.astype(object).where(has_value, None)
    return [_row(row) for row in table.to_dict("records")]


def claims(path: Path, scale: str) -> list[Json]:
    """The rows of claims.csv; none if the study states no claims."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [_claim(row, scale) for row in csv.DictReader(file)]


def slug(verdict: str) -> str:
    """The CSS class of a verdict."""
    return verdict.replace(" ", "-")


def query(
    dataset: str = "",
    model: str = "",
    params: str = "",
    metric: str = "",
) -> str:
    """The page's address of the runs behind a number; empty fields mean all."""
    fields = {
        "dataset": dataset,
        "model": model,
        "params": params,
        # The page shows one score at a time: the first of a correlation.
        "score": metric.partition(" ~ ")[0],
    }
    parameters = {key: value for key, value in fields.items() if value}
    return f"#scores?{urlencode(parameters)}"


def headed(text: str) -> str:
    """Text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def plain(value: Any) -> str:
    """A count in full, a score with three decimals, – if there is no number."""
    if value is None or value == "" or not math.isfinite(float(value)):
        return "–"
    value = float(value)
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}"
    return text.replace("-", "−")


def _row(row: dict[Any, Any]) -> Json:
    """A row of comparison.csv with the texts that the page shows."""
    published = numbers_view.plain(row["value"])
    if row["spread"] is not None:
        published += f" ± {row['spread']:g}"
    interval = ""
    if row["low"] is not None:
        interval = f"[{row['low']:.3f}, {row['high']:.3f}]"
    runs = ""
    if row["n"] and row["dataset"]:
        runs = query(
            row["dataset"],
            row["model"] or "",
            row["params"] or "",
            row["metric"] or "",
        )
    return {
        **row,
        "variant": row.get("faithful_to") or "",  # see variants.py
        "nearest": row.get("nearest") == "yes",
        "what": _description(row),
        "published": published,
        "number": plain(row["ours"]),
        "interval": interval,
        "slug": slug(row["verdict"]),
        "runs": runs,
    }


def _description(row: dict[Any, Any]) -> list[str]:
    """Data set, model with its hyper-parameters, score, statistic; only those that are stated."""
    model = []
    if row["model"]:
        model.append(names.model(row["model"]))
    if row["params"]:
        model.append(names.settings(row["params"]))
    parts = [
        names.dataset(row["dataset"]) if row["dataset"] else "",
        " ".join(filter(None, model)),
        headed(names.metric(row["metric"])),
    ]
    return [*filter(None, parts), row["statistic"]]


def _claim(row: dict[str, str], scale: str) -> Json:
    """A row of claims.csv with the texts that the page shows.

    Departures of the scale are left out of the reasons, as the page lists them once at its top.
    """
    statistic, _, parameters = row["statistic"].partition(" ")
    reasons = []
    departs = False
    for reason in row["reason"].split("; "):
        if reason.startswith(f"{scale} scale: "):
            departs = True
        else:
            reasons.append(reason)
    in_miniature = claims_view.in_miniature(row)
    interval = f"[{plain(row['low'])}, {plain(row['high'])}]" if row["low"] else ""
    return {
        **row,
        "statistic": statistic.replace("_", " "),
        "parameters": parameters,
        "reasons": reasons,
        "departs": departs,
        "number": plain(row["value"]),
        "interval": interval,
        "slug": slug(row["verdict"]),
        "miniature": in_miniature,
        "miniature_slug": slug(in_miniature),
    }
