"""The store: one folder a run, addressed by what the run is. A run is made once, whoever asks.

``run.json`` says what became of the run and is written last: a folder without it holds nothing that may be read. torch is
imported where tensors are written, as every scoring job would wait for it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from safetensors import SafetensorError, safe_open

from facsimile import atomic
from facsimile.paths import Paths
from facsimile.runs import Run

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS, HISTORY, RECORD, LATENTS, CHECKPOINT = (
    "model.safetensors",
    "history.parquet",
    "run.json",
    "latents.h5",
    "checkpoint.safetensors",
)
PREVIOUS = "checkpoint.prev.safetensors"  # the checkpoint before, for the day that the last one cannot be read
FULL = (errno.ENOSPC, errno.EDQUOT)
RECORD_BYTES = 2**24  # no run.json is a thousandth of it
FIELDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("run", "dataset", "model", "reason", "started", "device", "weights_sha256"), (str,)),
    **dict.fromkeys(("code", "statement", "versions", "final"), (dict,)),
    **dict.fromkeys(("seed", "steps"), (int,)),
    "seconds": (int, float),
}
Checkpoint = tuple[dict[str, "Tensor"], dict[str, Any]]


class StoreError(RuntimeError):
    """A file of the store is missing, truncated or altered; the message names it and the command that mends it."""


class CheckpointOfAnother(StoreError):
    """A checkpoint lies in the folder of a run that it does not belong to."""


def record(folder: Path) -> dict[str, Any] | None:
    """What became of a run: the contents of run.json, None if the run is not finished."""
    path = folder / RECORD
    try:
        return checked_record(path.read_bytes(), path)
    except FileNotFoundError:
        return None
    except StoreError as error:
        raise StoreError(f"{error}; remove it with: facsimile forget {key(folder)}") from None


def checked_record(data: bytes, path: Path) -> dict[str, Any]:
    """The contents of run.json, wherever they come from; raises StoreError that names ``path`` if they are none."""
    if len(data) > RECORD_BYTES:
        raise StoreError(f"{path}: {len(data):,} bytes are no record of a run")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path}: not readable ({error})") from None
    if not isinstance(found, dict) or found.get("state") not in ("done", "failed"):
        raise StoreError(f"{path}: no record of a run: its state is neither done nor failed")
    for name, kinds in FIELDS.items():
        value = found.get(name)
        if value is not None and (not isinstance(value, kinds) or isinstance(value, bool) or value != value):
            raise StoreError(f"{path}: no record of a run: its {name} is {str(value)[:40]!r}")
    found["code"] = found.get("code") or {}
    if not all(isinstance(stated, str) for stated in found["code"].values()):
        raise StoreError(f"{path}: no record of a run: its code is not a hash for each module")
    if found["state"] == "failed":
        found["reason"] = found.get("reason") or "no reason was recorded"
    return found


def finish(folder: Path, weights: dict[str, Tensor], history: pd.DataFrame, summary: dict[str, Any]) -> None:
    """Write a finished run: weights and history, then the record, then drop the checkpoint that they replace."""
    from safetensors.torch import save

    data = save(weights)
    with room_on_disk(folder):
        atomic.write_bytes(folder / WEIGHTS, data)
        write_history(folder, history)
        atomic.write_json(folder / RECORD, summary | {"weights_sha256": hashlib.sha256(data).hexdigest()})
    _drop_checkpoints(folder)


def fail(folder: Path, history: pd.DataFrame, summary: dict[str, Any]) -> None:
    """Write a run whose loss became non-finite: its record says so, and it has no weights."""
    with room_on_disk(folder):
        write_history(folder, history)
        atomic.write_json(folder / RECORD, summary)
    _drop_checkpoints(folder)


def _drop_checkpoints(folder: Path) -> None:
    for name in (CHECKPOINT, PREVIOUS):
        (folder / name).unlink(missing_ok=True)


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


def write_history(folder: Path, history: pd.DataFrame) -> None:
    """Loss terms along training, one row a recorded step."""
    with atomic.replacing(folder / HISTORY) as temporary:
        history.to_parquet(temporary, index=False)


def weights(folder: Path) -> dict[str, Tensor]:
    """The weights of a finished run; refuses altered files by name."""
    path = folder / WEIGHTS
    stated = (record(folder) or {}).get("weights_sha256")
    data = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(data).hexdigest() != stated:
        raise StoreError(
            f"{path}: truncated or altered since it was written; make the run again: facsimile forget {key(folder)}"
        )
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, ValueError, RuntimeError) as error:
        raise StoreError(f"{path}: no weights ({error}); make the run again: facsimile forget {key(folder)}") from None


def save_checkpoint(folder: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Write a checkpoint atomically: tensors, and JSON for the rest (step, history, …); the one before is kept beside it."""
    from safetensors.torch import save

    data = save(tensors, metadata={"state": json.dumps(state | {"run": key(folder)})})
    with room_on_disk(folder), atomic.replacing(folder / CHECKPOINT) as temporary:
        temporary.write_bytes(data)
        if (folder / CHECKPOINT).exists():
            os.replace(folder / CHECKPOINT, folder / PREVIOUS)


def load_checkpoint(folder: Path, log: Callable[[str], None] = lambda text: print(text, file=sys.stderr)) -> Checkpoint | None:
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


def forget(paths: Paths, run: Run, latents: bool = False) -> list[Path]:
    """Remove a run and the indexes of every shard that holds it, or its latents alone; answers what was removed."""
    which = "*/encoded.json" if latents else "*/*"
    removed = [path for path in sorted(paths.shard(f"{run.dataset}/{run.model}").glob(which)) if _names(path, run.key)]
    made = paths.run(run.key) / LATENTS if latents else paths.run(run.key)
    removed += [made] * made.exists()
    for path in removed:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return removed


def _names(index: Path, key: str) -> bool:
    if index.suffix == ".parquet":
        return key in set(pd.read_parquet(index, columns=["run"])["run"])
    return index.suffix == ".json" and key in json.loads(index.read_text())["runs"]


def key(folder: Path) -> str:
    """The run that a folder of the store holds: ``dataset/model/hash8/seed``."""
    return "/".join(folder.parts[-4:])
