"""The record of each run, its run.json, packed: values that runs share are stored once."""

import json
from collections.abc import Iterator

import pandas as pd

from facsimile.foundation.paths import Paths
from facsimile.report._script import Json
from facsimile.store import records as store_records


def payloads(paths: Paths, runs: pd.DataFrame) -> Iterator[tuple[str, Json]]:
    """Yield ``dataset/model`` and the packed records of its runs.

    A run that is not in the store (not trained yet, or only its scores are here) has no record.
    """
    for (dataset, model), rows in runs.groupby(["dataset", "model"], sort=False):
        records = {}
        for run in rows["run"]:
            record = store_records.record(paths.run(str(run)))
            if record:
                records[str(run)] = record
        yield f"{dataset}/{model}", packed(records)


def packed(records: dict[str, Json]) -> Json:
    """Pack the records of runs, given by their keys.

    ``words[key]`` lists the distinct values of a key; ``runs[run][key]`` is an index into it.
    """
    # By their JSON, because values may be lists or dictionaries.
    indices: dict[str, dict[str, int]] = {}
    runs: dict[str, dict[str, int]] = {}
    for run, record in records.items():
        runs[run] = {}
        for key, value in record.items():
            index_of = indices.setdefault(key, {})
            text = json.dumps(value)
            runs[run][key] = index_of.setdefault(text, len(index_of))
    words = {}
    for key, texts in indices.items():
        words[key] = [json.loads(text) for text in texts]
    return {"words": words, "runs": runs}


def unpacked(packed_records: Json, run: str) -> Json:
    """The record of one run."""
    words = packed_records["words"]
    record = {}
    for key, index in packed_records["runs"][run].items():
        record[key] = words[key][index]
    return record
