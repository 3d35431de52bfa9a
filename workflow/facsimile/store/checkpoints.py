"""Checkpoints of unfinished runs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from facsimile.foundation import atomic

if TYPE_CHECKING:
    from torch import Tensor

from facsimile.store.files import CHECKPOINT, PREVIOUS, StoreError, room_on_disk, run_key

Checkpoint = tuple[dict[str, "Tensor"], dict[str, Any]]


class CheckpointOfAnotherRun(StoreError):
    """A folder holds a checkpoint of another run than its own."""


def drop_checkpoints(folder: Path) -> None:
    """Delete the checkpoints of a run."""
    for name in (CHECKPOINT, PREVIOUS):
        (folder / name).unlink(missing_ok=True)


def save_checkpoint(folder: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Write a checkpoint atomically and keep the previous one beside it.

    ``state`` is stored as JSON and holds what is not a tensor (step, history, …).
    """
    from safetensors.torch import save

    metadata = {"state": json.dumps(state | {"run": run_key(folder)})}
    data = save(tensors, metadata=metadata)
    with room_on_disk(folder), atomic.replacing(folder / CHECKPOINT) as temporary:
        temporary.write_bytes(data)
        if (folder / CHECKPOINT).exists():
            os.replace(folder / CHECKPOINT, folder / PREVIOUS)


def _log_to_stderr(text: str) -> None:
    print(text, file=sys.stderr)


def load_checkpoint(folder: Path, log: Callable[[str], None] = _log_to_stderr) -> Checkpoint | None:
    """Return the checkpoint of an unfinished run, or None if it has none.

    If the last checkpoint is unreadable, the previous one is returned and ``log`` says so.
    Raises StoreError if all of its checkpoints are unreadable, or if one belongs to another run.
    """
    unreadable: list[StoreError] = []
    for path in (folder / CHECKPOINT, folder / PREVIOUS):
        if not path.exists():
            continue
        try:
            tensors, state = _read(path)
        except CheckpointOfAnotherRun:
            raise
        except StoreError as error:
            unreadable.append(error)
            continue
        if unreadable:
            log(f"{unreadable[0]}; going on from the one before it, step {state['step']}")
        return tensors, state
    if unreadable:
        command = f"facsimile forget {run_key(folder)}"
        raise StoreError(f"{unreadable[0]}; start this run again: {command}")
    return None


def _read(path: Path) -> Checkpoint:
    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys()  # the file is not a mapping and cannot be iterated
            tensors = {name: file.get_tensor(name) for name in names}
            state = json.loads(file.metadata()["state"])
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise StoreError(f"{path}: unreadable checkpoint ({error})") from None
    has_step = isinstance(state, dict) and type(state.get("step")) is int
    if not has_step:
        raise StoreError(f"{path}: unreadable checkpoint (its step is missing)")
    run = state.get("run")
    if run != run_key(path.parent):
        raise CheckpointOfAnotherRun(
            f"{path}: a checkpoint of another run, {run}: "
            "a changed study has other runs, in folders of their own; "
            f"remove it: facsimile forget {run_key(path.parent)}"
        )
    return tensors, state
