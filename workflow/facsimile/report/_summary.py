"""How the runs of a study were made: what came of them, on what machines, with which versions, in what time."""

from collections import Counter
from typing import Any

import pandas as pd

from facsimile.comparison.gathered import Gathered
from facsimile.foundation import units

LISTED = ("device", "processor", "precision", "execution", "host")


def of(found: Gathered, records: dict[str, Any]) -> dict[str, Any]:
    """Counts of runs by their state, hours of training, and what the records say of machines and versions, by how many runs."""
    trained = found.runs[~found.runs["control"].astype(bool)]
    each = [_record(packed, run) for packed in records.values() for run in packed["runs"]]
    return {
        "trained": len(trained),
        "controls": len(found.runs) - len(trained),
        "states": dict(Counter(trained["state"])),
        "scores": len(found.scores),
        "time": units.duration(float(pd.to_numeric(trained["seconds"]).sum())),
        "machines": {key: _counted(record.get(key) for record in each) for key in LISTED},
        "trained_with": _counted(_versions(record) for record in each),
        "scored_with": _counted(found.scores["versions"].drop_duplicates()),
        "newest": max((record["started"] for record in each if "started" in record), default=""),
        "failures": trained[trained["state"] == "failed"].head(20).to_dict("records"),
    }


def _record(packed: dict[str, Any], run: str) -> dict[str, Any]:
    return {key: packed["words"][key][index] for key, index in packed["runs"][run].items()}


def _versions(record: dict[str, Any]) -> str:
    return " · ".join(f"{name} {version}" for name, version in record.get("versions", {}).items())


def _counted(values: Any) -> dict[str, int]:
    return dict(Counter(str(value) for value in values if value))
