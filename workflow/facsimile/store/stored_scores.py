"""Scores on disk: per run and metric ``scores/<metric>-<protocol>.json``, and a table per shard."""

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
# Limits of what is read: files larger than these are not ours.
BYTES = 2**24  # of the scores of one metric and run: a hundred times the longest
ROWS = 2**22  # of a shard's table: a thousand times the longest
TABLE_BYTES = 2**30  # of a shard's table, uncompressed


class StoredScores(NamedTuple):
    """The scores of one metric on one run.

    ``scores`` are rows of plain values; ``stamp`` says what they depend on, so that they can be
    recomputed when that has changed.
    """

    stamp: dict[str, str]
    scores: Rows

    @property
    def variations(self) -> set[str]:
        """The variations that have scores; "" is the main evaluation."""
        return set(map(variation, self.scores))


def variation(row: dict[str, Any]) -> str:
    """Return the variation of a score; older scores are of the main evaluation."""
    name: str = row.get("variation", "")
    return name


def read(path: Path) -> StoredScores | None:
    """Read the scores of a metric on a run.

    Returns None if the file is missing or damaged: recomputing the scores is cheap.
    """
    try:
        if path.stat().st_size > BYTES:
            return None
        contents = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    if not isinstance(contents, dict):
        return None
    stamp, scores = contents.get("stamp"), contents.get("scores")
    if not isinstance(stamp, dict) or not isinstance(stamp.get("code"), str):
        return None
    if not isinstance(scores, list) or not all(map(_is_row, scores)):
        return None
    return StoredScores(stamp, scores)


def _is_row(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and isinstance(row.get("metric"), str)
        and isinstance(row.get("score"), str)
        and isinstance(row.get("result"), int | float)
        and all(value is None or isinstance(value, str | int | float) for value in row.values())
    )


def write_table(path: Path, scores_of_runs: Iterable[tuple[str, StoredScores]]) -> None:
    """Write a shard's table from (run, scores of the run by one metric) pairs.

    The table has one row per score, in the order of the pairs.
    """
    rows: Rows = []
    for run, stored in scores_of_runs:
        first_columns = {"run": run, "code": stored.stamp["code"]}
        rows += [first_columns | row for row in stored.scores]
    # A table without rows needs the columns that readers look for.
    columns = None if rows else ["run", "metric"]
    table = pd.DataFrame(rows, columns=columns)
    with room_on_disk(path.parent), atomic.replacing(path) as temporary:
        table.to_parquet(temporary, index=False)


def read_table(path: Path) -> pd.DataFrame:
    """Read a shard's table.

    Raises StoreError, which names the file and the remedy, if the table is missing, damaged or too
    large; its size is checked before it is read.
    """
    remedy = f"remove it, and snakemake makes it again: rm {path}"
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            # Read from the end of the file, before any row is.
            metadata = file.metadata
            groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
            size = sum(group.total_byte_size for group in groups)
            if metadata.num_rows > ROWS or size > TABLE_BYTES:
                raise StoreError(
                    f"{path}: {metadata.num_rows:,} rows are too many for a shard's scores; "
                    f"{remedy}"
                )
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
        reason = " ".join(str(error).split())
        raise StoreError(
            f"{path}: truncated or not a table of scores ({reason}); {remedy}"
        ) from None
    missing = {"run", "metric"} - set(table.columns)
    if missing:
        raise StoreError(
            f"{path}: not a table of scores, without {', '.join(sorted(missing))}; {remedy}"
        )
    return table
