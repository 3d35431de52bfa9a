"""A metric's stored answer for one run, ``scores/<metric>-<protocol>.json``, and a shard's table of all its answers."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow
import pyarrow.parquet

from facsimile.foundation import atomic
from facsimile.store.files import StoreError, room_on_disk

Rows = list[dict[str, Any]]
BYTES = 2**24  # of an answer: a hundred times the longest
ROWS = 2**22  # of a shard's table: a thousand times the longest
TABLE_BYTES = 2**30  # of a shard's table, unpacked


class StoredScores(NamedTuple):
    """What was answered (``scores``: rows of plain values) and what it depends on (``stamp``)."""

    stamp: dict[str, str]
    scores: Rows


def read(path: Path) -> StoredScores | None:
    """A stored answer; None if there is none, or none that can be read: it is cheap to ask again."""
    try:
        if path.stat().st_size > BYTES:
            return None
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    stamp, scores = found.get("stamp"), found.get("scores")
    if not isinstance(stamp, dict) or not isinstance(scores, list) or not all(map(_is_row, scores)):
        return None
    return StoredScores(stamp, scores) if isinstance(stamp.get("code"), str) else None


def _is_row(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and isinstance(row.get("metric"), str)
        and isinstance(row.get("score"), str)
        and isinstance(row.get("result"), int | float)
        and all(value is None or isinstance(value, str | int | float) for value in row.values())
    )


def write_table(path: Path, found: Iterable[tuple[str, StoredScores]]) -> None:
    """Write a shard's table from each run and an answer for it: a row a number, in the order given."""
    rows = [
        {"run": run, "code": answer.stamp["code"]} | row
        for run, answer in found
        for row in answer.scores
    ]
    with room_on_disk(path.parent), atomic.replacing(path) as temporary:
        pd.DataFrame(rows, columns=None if rows else ["run", "metric"]).to_parquet(
            temporary, index=False
        )


def read_table(path: Path) -> pd.DataFrame:
    """A shard's table; raises StoreError that names the file and the remedy. Its size is known before it is read."""
    remedy = f"remove it, and snakemake makes it again: rm {path}"
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            about = file.metadata
            size = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
            if about.num_rows > ROWS or size > TABLE_BYTES:
                raise StoreError(f"{path}: {about.num_rows:,} rows are no shard's scores; {remedy}")
            table = file.read().to_pandas()
    except FileNotFoundError:
        raise StoreError(f"{path}: there is no such file; run snakemake") from None
    except (
        pyarrow.ArrowException,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        LookupError,
        OverflowError,
    ) as error:
        raise StoreError(
            f"{path}: truncated or no table of scores ({' '.join(str(error).split())}); {remedy}"
        ) from None
    if lacking := {"run", "metric"} - set(table.columns):
        raise StoreError(
            f"{path}: no table of scores, without {', '.join(sorted(lacking))}; {remedy}"
        )
    return table
