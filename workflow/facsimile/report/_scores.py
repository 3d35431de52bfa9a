"""Runs and scores as the page stores them: one column per property of runs, one per score.

Words are stored once and referred to by their index.
"""

import json
from collections.abc import Callable
from typing import Any

import pandas as pd

from facsimile.foundation import canonical, discover
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import headlines, with_names
from facsimile.report._comparison import headed
from facsimile.report._script import number
from facsimile.studies.study import Study

# Besides its name, what distinguishes a score from the same score computed in another way.
EVALUATION = ["convention", "representation", "n_train", "n_test", "evaluation_seed"]


def payload(
    runs: pd.DataFrame, scores: pd.DataFrame, study: Study, context: Context
) -> dict[str, Any]:
    """The runs and their scores; 12,600 runs with 40 scores are about 5 MB."""
    named = with_names(scores)
    shown = set(headlines(named, context))
    order = list(runs["run"])
    keys = ["name", *EVALUATION]
    columns = []
    for values, rows in named.groupby(keys, sort=False, dropna=False):
        identity = dict(zip(keys, values, strict=True))
        columns.append(_score(identity, rows, order, shown))
    return {"runs": _runs(runs, study), "scores": _distinct(columns)}


def _runs(runs: pd.DataFrame, study: Study) -> dict[str, Any]:
    # A table gathered before there were labels has no such column.
    runs = runs if "label" in runs else runs.assign(label="")
    model_of = dict(zip(runs["params"], runs["model"], strict=True))

    def params(text: str) -> dict[str, Any]:
        return {
            "id": text,
            "name": settings(text, model_of[text], study),
            "all": names.settings(text),
            "values": json.loads(text),
        }

    describe: dict[str, Callable[[str], dict[str, Any]]] = {
        "dataset": lambda name: {"id": name, "name": names.dataset(name)},
        "model": lambda name: {"id": name, "name": names.model(name)},
        "params": params,
        "label": lambda text: {"id": text},
        "hash": lambda text: {"id": text},
        "state": lambda text: {"id": text},
    }
    columns: dict[str, Any] = {}
    for column, description in describe.items():
        codes, distinct = pd.factorize(runs[column])
        columns[column] = {
            "words": [description(word) for word in distinct],
            "codes": codes.tolist(),
        }
    return columns | {
        "seed": runs["seed"].tolist(),
        "number": [None if pd.isna(value) else int(value) for value in runs["number"]],
        "control": runs["control"].astype(int).tolist(),
        "value": [number(value) for value in runs["value"]],
    }


def settings(params: str, model: str, study: Study) -> str:
    """The hyper-parameters in which a method's cells differ: ``λ_od = 5``.

    All hyper-parameters if the study sweeps none.
    """
    swept: set[str] = set()
    for entry in study.models:
        if entry.name == model:
            swept.update(entry.sweep)
    values = json.loads(params)
    shown = {name: value for name, value in values.items() if name in swept}
    return names.settings(canonical.dumps(shown or values))


def _score(
    identity: dict[str, Any], rows: pd.DataFrame, order: list[str], shown: set[str]
) -> dict[str, Any]:
    """One score: how it was computed, what it means, and its values in the order of the runs."""
    name = identity["name"]
    metric, _, score = name.partition(".")
    module = discover.module("metrics", metric)
    values = rows.set_index("run")["result"].reindex(order)
    column = {key: _plain_python(value) for key, value in identity.items()}
    return column | {
        "label": headed(names.metric(name)),
        "meaning": getattr(module, "SCORES", {}).get(score, ""),
        "range": [number(end) for end in module.RANGE],
        "better": module.BETTER,
        "shown": name in shown,
        "versions": _words(rows, "versions", order),
        "code": _words(rows, "code", order),
        "values": [number(value) for value in values],
    }


def _plain_python(value: Any) -> Any:
    """A NumPy scalar as the Python value that JSON can write."""
    return value.item() if hasattr(value, "item") else value


def _words(rows: pd.DataFrame, column: str, order: list[str]) -> dict[str, Any]:
    """The distinct words of a column, and the index of each run's word.

    The indices are None if all runs have the same word; -1 stands for a run without a score.
    """
    codes, words = pd.factorize(rows.set_index("run")[column].reindex(order))
    indices = codes.tolist() if len(words) > 1 else None
    return {"words": list(words), "codes": indices}


def _distinct(columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give each column a unique id, and a label that tells repeated scores apart."""
    names_of_columns = pd.Series([column["name"] for column in columns], dtype=object)
    repeated = names_of_columns.duplicated(keep=False)
    for column, is_repeated in zip(columns, repeated, strict=True):
        keys = ["name"]
        if is_repeated:
            keys += EVALUATION
            column["label"] += f" ({column['convention']}, {column['n_train']:,} points)"
        column["id"] = "·".join(str(column[key]) for key in keys)
    return columns
