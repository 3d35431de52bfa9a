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
    """The rows of claims.csv; none if the study states no claims.

    In a miniature, each has the words of its data sets, from claims_by_dataset.csv if it is there.
    """
    if not path.exists():
        return []
    worlds: dict[str, list[Json]] = {}
    for row in _rows(path.with_name("claims_by_dataset.csv")):
        if row["in_miniature"]:
            worlds.setdefault(row["claim"], []).append(_world(row))
    return [_claim(row, scale) | {"worlds": worlds.get(row["claim"], [])} for row in _rows(path)]


def _rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV as texts; none if the file does not exist."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _world(row: dict[str, str]) -> Json:
    """What a claim is on one data set of a miniature."""
    return {
        "dataset": names.dataset(row["dataset"]),
        "word": row["in_miniature"],
        "slug": slug(row["in_miniature"]),
        "number": plain(row["value"]),
        "interval": _interval(row),
        "n": row["n"],
    }


def _interval(row: dict[str, str]) -> str:
    return f"[{plain(row['low'])}, {plain(row['high'])}]" if row["low"] else ""


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
    """Data set, model with its hyper-parameters, score, statistic; without empty ones."""
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
    return {
        **row,
        "statistic": statistic.replace("_", " "),
        "parameters": parameters,
        "reasons": reasons,
        "departs": departs,
        "number": plain(row["value"]),
        "interval": _interval(row),
        "slug": slug(row["verdict"]),
        "miniature": in_miniature,
        "miniature_slug": slug(in_miniature),
    }
