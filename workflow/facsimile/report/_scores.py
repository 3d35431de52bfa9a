"""Runs and scores as the page holds them: a column a property of the runs, a column a score, words by their numbers."""

import json
from typing import Any

import pandas as pd

from facsimile.foundation import canonical, discover
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import headlines, with_names
from facsimile.report._comparison import headed
from facsimile.report._script import number
from facsimile.studies.study import Study

ASKED = ["convention", "representation", "n_train", "n_test", "evaluation_seed"]


def payload(
    runs: pd.DataFrame, scores: pd.DataFrame, study: Study, context: Context
) -> dict[str, Any]:
    """What the page knows of runs and their scores; 12,600 runs with 40 scores are about 5 MB."""
    told = with_names(scores)
    shown = set(headlines(told, context))
    columns = [
        _score(dict(zip(["name", *ASKED], asked, strict=True)), own, list(runs["run"]), shown)
        for asked, own in told.groupby(["name", *ASKED], sort=False, dropna=False)
    ]
    return {"runs": _runs(runs, study), "scores": _distinct(columns)}


def _runs(runs: pd.DataFrame, study: Study) -> dict[str, Any]:
    runs = runs if "label" in runs else runs.assign(label="")
    of = dict(zip(runs["params"], runs["model"], strict=True))
    words = {
        "dataset": lambda d: {"id": d, "name": names.dataset(d)},
        "model": lambda m: {"id": m, "name": names.model(m)},
        "params": lambda p: {
            "id": p,
            "name": settings(p, of[p], study),
            "all": names.settings(p),
            "values": json.loads(p),
        },
        "label": lambda text: {"id": text},
        "hash": lambda h: {"id": h},
        "state": lambda s: {"id": s},
    }
    coded: dict[str, Any] = {}
    for column, describe in words.items():
        codes, distinct = pd.factorize(runs[column])
        coded[column] = {"words": [describe(word) for word in distinct], "codes": codes.tolist()}
    return coded | {
        "seed": runs["seed"].tolist(),
        "number": [None if pd.isna(n) else int(n) for n in runs["number"]],
        "control": runs["control"].astype(int).tolist(),
        "value": [number(v) for v in runs["value"]],
    }


def settings(params: str, model: str, study: Study) -> str:
    """The hyper-parameters by which a method's cells differ: ``λ_od = 5``; all of them if the study sweeps none."""
    swept = {name for stated in study.models if stated.name == model for name in stated.sweep}
    stated = json.loads(params)
    return names.settings(
        canonical.dumps({name: value for name, value in stated.items() if name in swept} or stated)
    )


def _score(
    asked: dict[str, Any], own: pd.DataFrame, order: list[str], shown: set[str]
) -> dict[str, Any]:
    metric, _, score = asked["name"].partition(".")
    module = discover.module("metrics", metric)
    values = own.set_index("run")["result"].reindex(order)
    return {
        **{key: value.item() if hasattr(value, "item") else value for key, value in asked.items()},
        "label": headed(names.metric(asked["name"])),
        "meaning": getattr(module, "SCORES", {}).get(score, ""),
        "range": [number(end) for end in module.RANGE],
        "better": module.BETTER,
        "shown": asked["name"] in shown,
        "versions": _said(own, "versions", order),
        "code": _said(own, "code", order),
        "values": [number(value) for value in values],
    }


def _said(own: pd.DataFrame, column: str, order: list[str]) -> dict[str, Any]:
    """What made each number: the words that there are, and which of them each run has where they differ; -1 for no number."""
    codes, words = pd.factorize(own.set_index("run")[column].reindex(order))
    return {"words": list(words), "codes": codes.tolist() if len(words) > 1 else None}


def _distinct(columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two columns of one score are told apart by their convention, or by all that they were asked."""
    repeated = pd.Series([column["name"] for column in columns], dtype=object).duplicated(
        keep=False
    )
    for column, twice in zip(columns, repeated, strict=True):
        column["id"] = "·".join(
            str(column[key]) for key in (["name", *ASKED] if twice else ["name"])
        )
        column["label"] += (
            f" ({column['convention']}, {column['n_train']:,} points)" if twice else ""
        )
    return columns
