"""Names of the files in a run's folder, and the errors of the store."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WEIGHTS = "model.safetensors"
HISTORY = "history.parquet"
RECORD = "run.json"
LATENTS = "latents.h5"
CHECKPOINT = "checkpoint.safetensors"
# The checkpoint before the last one, used if the last one is unreadable.
PREVIOUS = "checkpoint.prev.safetensors"

# The disk is full, or the user's quota is used up.
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class StoreError(RuntimeError):
    """A file of the store is missing, truncated or altered.

    The message names the file and the command that fixes it.
    """


def remove_partial_files(folder: Path) -> None:
    """Remove files that killed processes left half-written in a run's folder.

    Only the holder of the folder's lease may call this.
    """
    for path in folder.glob(".*.part"):
        # Other processes that try to take the lease write such files at any time.
        if not path.name.startswith(".claim."):
            path.unlink(missing_ok=True)


@contextmanager
def room_on_disk(folder: Path) -> Iterator[None]:
    """Raise a StoreError that says so if the disk is full or the user's quota is used up.

    Files that were there before are still there and still valid.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        raise StoreError(_no_room(folder, error.strerror, ", a checkpoint included")) from None


def explained(error: OSError) -> str:
    """Return the text of an error of the file system, with the remedy if the user has one."""
    # A failing write does not name its file.
    place = error.filename or error.filename2 or Path.cwd()
    if error.errno in DISK_FULL:
        return _no_room(place, error.strerror)
    if error.errno == errno.EROFS:
        return f"{place}: {error.strerror}; write elsewhere, as with --set results=FOLDER"
    return str(error)


def _no_room(place: object, reason: object, besides: str = "") -> str:
    return (
        f"{place}: no room on the disk ({reason}); what was written before is kept{besides}: "
        "make room and run the same command again"
    )


def run_key(folder: Path) -> str:
    """The key of the run stored in a folder: ``dataset/model/hash8/seed``."""
    return "/".join(folder.parts[-4:])
