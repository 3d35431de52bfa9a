"""What became of each run, its run.json, packed: what runs have in common stands once."""

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from facsimile.foundation.paths import Paths
from facsimile.store import records as store_records


def payloads(paths: Paths, runs: pd.DataFrame) -> Iterator[tuple[str, dict[str, Any]]]:
    """``dataset/model`` and the records of its runs: ``words[key]`` lists the values of a key, ``runs[run]`` says which it has.

    A run that the store does not hold (redrawn from scores alone, or not made yet) has no record.
    """
    for (dataset, model), own in runs.groupby(["dataset", "model"], sort=False):
        found = {str(run): store_records.record(paths.run(str(run))) for run in own["run"]}
        yield f"{dataset}/{model}", packed({run: record for run, record in found.items() if record})


def packed(records: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Records by their keys: each value of a key once."""
    words: dict[str, dict[str, int]] = {}
    runs = {
        run: {
            key: words.setdefault(key, {}).setdefault(json.dumps(value), len(words[key]))
            for key, value in record.items()
        }
        for run, record in records.items()
    }
    return {
        "words": {key: [json.loads(text) for text in values] for key, values in words.items()},
        "runs": runs,
    }
