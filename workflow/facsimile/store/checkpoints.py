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

from facsimile.store.files import CHECKPOINT, PREVIOUS, StoreError, key, room_on_disk

Checkpoint = tuple[dict[str, "Tensor"], dict[str, Any]]


class CheckpointOfAnother(StoreError):
    """A checkpoint lies in the folder of a run that it does not belong to."""


def drop_checkpoints(folder: Path) -> None:
    for name in (CHECKPOINT, PREVIOUS):
        (folder / name).unlink(missing_ok=True)


def save_checkpoint(folder: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Write a checkpoint atomically: tensors, and JSON for the rest (step, history, …); the one before is kept beside it."""
    from safetensors.torch import save

    data = save(tensors, metadata={"state": json.dumps(state | {"run": key(folder)})})
    with room_on_disk(folder), atomic.replacing(folder / CHECKPOINT) as temporary:
        temporary.write_bytes(data)
        if (folder / CHECKPOINT).exists():
            os.replace(folder / CHECKPOINT, folder / PREVIOUS)


def load_checkpoint(
    folder: Path, log: Callable[[str], None] = lambda text: print(text, file=sys.stderr)
) -> Checkpoint | None:
    """The checkpoint of an unfinished run, None if there is none.

    Where the last one is unreadable, it is the one before, and ``log`` is told.
    Raises StoreError if there are some and none is readable, or if one is that of another run.
    """
    unreadable: list[StoreError] = []
    for path in (folder / CHECKPOINT, folder / PREVIOUS):
        if not path.exists():
            continue
        try:
            found = _checkpoint(path)
        except CheckpointOfAnother:
            raise
        except StoreError as error:
            unreadable.append(error)
            continue
        if unreadable:
            log(f"{unreadable[0]}; going on from the one before it, step {found[1]['step']}")
        return found
    if unreadable:
        raise StoreError(f"{unreadable[0]}; start this run anew: facsimile forget {key(folder)}")
    return None


def _checkpoint(path: Path) -> Checkpoint:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
            state = json.loads(file.metadata()["state"])
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise StoreError(f"{path}: unreadable checkpoint ({error})") from None
    if not isinstance(state, dict) or type(state.get("step")) is not int:
        raise StoreError(f"{path}: unreadable checkpoint (it does not state its step)")
    if (whose := state.get("run")) != key(path.parent):
        raise CheckpointOfAnother(
            f"{path}: a checkpoint of another run, {whose}: a changed study has other runs, in folders of their own; "
            f"remove it: facsimile forget {key(path.parent)}"
        )
    return tensors, state
