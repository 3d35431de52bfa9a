"""Disk usage of a results folder by kind of file; walks the folder without reading any file."""

import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from facsimile.store import files as store_files

KINDS = (
    "weights",
    "latents",
    "checkpoints",
    "scores",
    "records",
    "data",
    "logs",
    "tables",
    "other",
)
# File in the folder of a run -> kind.
RUN_FILES = {
    store_files.WEIGHTS: "weights",
    store_files.LATENTS: "latents",
    store_files.CHECKPOINT: "checkpoints",
    store_files.PREVIOUS: "checkpoints",
    store_files.RECORD: "records",
    store_files.HISTORY: "records",
}
# Folder in the results folder -> kind of all its files.
FOLDERS = {"data": "data", "logs": "logs", "studies": "tables", "shards": "scores"}
BLOCK = 512  # bytes: the unit of st_blocks, whatever the block size of the file system


class Usage(NamedTuple):
    """Number of files and bytes on disk (as ``du`` counts them) by kind.

    ``logs`` maps the path of every log to the time when it was last written.
    """

    files: Counter[str]
    bytes: Counter[str]
    logs: dict[str, float]


def measure(root: Path) -> Usage:
    """Walk a results folder; links are not followed, and files that vanish are not counted."""
    usage = Usage(Counter(), Counter(), {})
    # Folders left to visit, each with the folder of the results that it is in.
    pending = [(str(root), "")]
    while pending:
        folder, top = pending.pop()
        for entry in _entries(folder):
            entry_top = top or entry.name
            # Jobs that run meanwhile rename and remove files.
            try:
                if entry.is_dir(follow_symlinks=False):
                    pending.append((entry.path, entry_top))
                    continue
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            kind = _kind(entry_top, folder, entry.name)
            usage.files[kind] += 1
            usage.bytes[kind] += status.st_blocks * BLOCK
            if kind == "logs":
                usage.logs[entry.path] = status.st_mtime
    return usage


def _entries(
    folder: str,
) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _kind(
    top: str,
    folder: str,
    name: str,
) -> str:
    if top != "runs":
        return FOLDERS.get(top, "other")
    if folder.endswith("/scores"):
        return "scores"
    return RUN_FILES.get(name, "other")
