"""What a results folder takes on disk, by kind: one walk over it, no file is read."""

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
OF_A_RUN = {
    store_files.WEIGHTS: "weights",
    store_files.LATENTS: "latents",
    store_files.CHECKPOINT: "checkpoints",
    store_files.PREVIOUS: "checkpoints",
    store_files.RECORD: "records",
    store_files.HISTORY: "records",
}
OF_A_FOLDER = {"data": "data", "logs": "logs", "studies": "tables", "shards": "scores"}
BLOCK = 512  # st_blocks counts these, whatever the file system's own are


class Usage(NamedTuple):
    """Files and bytes on disk (as ``du`` counts them) of each kind; ``logs``: path of every log -> when it was written."""

    files: Counter[str]
    bytes: Counter[str]
    logs: dict[str, float]


def measure(root: Path) -> Usage:
    """Walk a results folder; what vanishes meanwhile is not counted, links are not followed."""
    found = Usage(Counter(), Counter(), {})
    todo = [(str(root), "")]
    while todo:
        folder, top = todo.pop()
        for entry in _entries(folder):
            inside = top or entry.name
            try:
                if entry.is_dir(follow_symlinks=False):
                    todo.append((entry.path, inside))
                    continue
                stated = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            kind = _kind(inside, folder, entry.name)
            found.files[kind] += 1
            found.bytes[kind] += stated.st_blocks * BLOCK
            if kind == "logs":
                found.logs[entry.path] = stated.st_mtime
    return found


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _kind(top: str, folder: str, name: str) -> str:
    if top != "runs":
        return OF_A_FOLDER.get(top, "other")
    return "scores" if folder.endswith("/scores") else OF_A_RUN.get(name, "other")
