"""Runs and scores as the page stores them: one column per property of runs, one per score.

Words are stored once and referred to by their index.
"""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pandas as pd

from facsimile.foundation import canonical, discover
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import headlines, methods, with_names
from facsimile.report._comparison import headed
from facsimile.report._script import Json, number
from facsimile.studies.study import Study

# Besides its name, what distinguishes a score from the same score computed in another way.
EVALUATION = ["convention", "representation", "n_train", "n_test", "evaluation_seed"]


def payload(
    runs: pd.DataFrame,
    scores: pd.DataFrame,
    study: Study,
    context: Context,
) -> Json:
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


def _runs(runs: pd.DataFrame, study: Study) -> Json:
    runs = runs.assign(method=methods(runs))
    model_of = dict(zip(runs["params"], runs["model"], strict=True))

    def params(text: str) -> Json:
        return {
            "id": text,
            "name": settings(text, model_of[text], study),
            "all": names.settings(text),
            "values": json.loads(text),
        }

    def dataset(name: str) -> Json:
        return {"id": name, "name": names.dataset(name)}

    def method(name: str) -> Json:
        return {"id": name, "name": names.model(name)}

    def plain(word: str) -> Json:
        return {"id": word}

    describe: dict[str, Callable[[str], Json]] = {
        "dataset": dataset,
        "model": plain,
        "method": method,
        "params": params,
        "hash": plain,
        "state": plain,
    }
    columns: Json = {}
    for column, description in describe.items():
        codes, distinct = pd.factorize(runs[column])
        columns[column] = {
            "words": [description(word) for word in distinct],
            "codes": codes.tolist(),
        }
    columns["seed"] = runs["seed"].tolist()
    # Only runs of the paper have a published number.
    columns["number"] = [_int_or_none(value) for value in runs["number"]]
    columns["control"] = runs["control"].astype(int).tolist()
    columns["value"] = [number(value) for value in runs["value"]]
    return columns


def _int_or_none(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)


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
    identity: Json,
    rows: pd.DataFrame,
    order: list[str],
    shown: set[str],
) -> Json:
    """One score: how it was computed, what it means, and its values in the order of the runs."""
    name = identity["name"]
    metric, _, score = name.partition(".")
    module = discover.module("metrics", metric)
    meanings = getattr(module, "SCORES", {})
    by_run = rows.set_index("run").reindex(order)
    column = {}
    for key, value in identity.items():
        column[key] = _plain_python(value)
    return column | {
        "label": headed(names.metric(name)),
        "meaning": meanings.get(score, ""),
        "range": [number(end) for end in module.RANGE],
        "better": module.BETTER,
        "shown": name in shown,
        "versions": _words(by_run["versions"]),
        "code": _words(by_run["code"]),
        "values": [number(value) for value in by_run["result"]],
    }


def _plain_python(value: Any) -> Any:
    """A NumPy scalar as the Python value that JSON can write."""
    return value.item() if hasattr(value, "item") else value


def _words(column: pd.Series) -> Json:
    """The distinct words of a column, and the index of each run's word.

    The indices are None if all runs have the same word; -1 stands for a run without a score.
    """
    codes, words = pd.factorize(column)
    indices = codes.tolist() if len(words) > 1 else None
    return {"words": list(words), "codes": indices}


def _distinct(columns: list[Json]) -> list[Json]:
    """Give each column a unique id, and a label that distinguishes repeated scores."""
    count_of = Counter(column["name"] for column in columns)
    for column in columns:
        keys = ["name"]
        if count_of[column["name"]] > 1:
            keys += EVALUATION
            column["label"] += f" ({column['convention']}, {column['n_train']:,} points)"
        words = [str(column[key]) for key in keys]
        column["id"] = "·".join(words)
    return columns
