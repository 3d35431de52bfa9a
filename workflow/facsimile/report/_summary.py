"""How a study's runs were made: their states, machines, versions and training time."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pandas as pd

from facsimile.comparison.gathered import Gathered
from facsimile.foundation import units
from facsimile.report import _records
from facsimile.report._script import Json

LISTED = ("device", "processor", "precision", "execution", "host")
FAILURES = 20  # failed runs listed on the page


def of(tables: Gathered, packed: Json) -> Json:
    """Counts of runs by state, training time, and machines and versions with their counts.

    ``packed`` are the records of ``_records.payloads``.
    """
    is_control = tables.runs["control"].astype(bool)
    trained = tables.runs[~is_control]
    records: list[Json] = []
    for group in packed.values():
        for run in group["runs"]:
            records.append(_records.unpacked(group, run))
    machines = {}
    for key in LISTED:
        machines[key] = _counted(record.get(key) for record in records)
    started = [record["started"] for record in records if "started" in record]
    failed = trained[trained["state"] == "failed"]
    seconds = pd.to_numeric(trained["seconds"]).sum()
    return {
        "trained": len(trained),
        "controls": len(tables.runs) - len(trained),
        "states": dict(Counter(trained["state"])),
        "scores": len(tables.scores),
        "time": units.duration(float(seconds)),
        "machines": machines,
        "trained_with": _counted(map(_versions, records)),
        "scored_with": _counted(tables.scores["versions"].drop_duplicates()),
        "newest": max(started, default=""),
        "failures": failed.head(FAILURES).to_dict("records"),
    }


def _versions(record: Json) -> str:
    """``torch 2.8.0 · numpy 2.3.1``."""
    versions = record.get("versions", {})
    return " · ".join(f"{name} {version}" for name, version in versions.items())


def _counted(values: Iterable[Any]) -> dict[str, int]:
    """How often each value occurs; empty ones are left out."""
    return dict(Counter(str(value) for value in values if value))
