"""Names of the files of a run, and errors of the store."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


WEIGHTS, HISTORY, RECORD, LATENTS, CHECKPOINT = (
    "model.safetensors",
    "history.parquet",
    "run.json",
    "latents.h5",
    "checkpoint.safetensors",
)
PREVIOUS = "checkpoint.prev.safetensors"  # the checkpoint before, for the day that the last one cannot be read
FULL = (errno.ENOSPC, errno.EDQUOT)


class StoreError(RuntimeError):
    """A file of the store is missing, truncated or altered; the message names it and the command that mends it."""


def sweep(folder: Path) -> None:
    """Remove what killed processes left half-written in a run's folder; for the holder of its claim alone."""
    for path in folder.glob(".*.part"):
        if not path.name.startswith(".claim."):
            path.unlink(missing_ok=True)


@contextmanager
def room_on_disk(folder: Path) -> Iterator[None]:
    """Say so where the disk, or the user's share of it, is full: what was there before is still there, and still valid."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise StoreError(
            f"{folder}: no room on the disk ({error.strerror}); what was written before is kept, a checkpoint included: "
            "make room and run the same command again"
        ) from None


def key(folder: Path) -> str:
    """The run that a folder of the store holds: ``dataset/model/hash8/seed``."""
    return "/".join(folder.parts[-4:])
