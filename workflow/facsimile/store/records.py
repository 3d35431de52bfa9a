"""The store: one folder a run, addressed by what the run is. A run is made once, whoever asks.

``run.json`` says what became of the run and is written last: a folder without it holds nothing that may be read. torch is
imported where tensors are written, as every scoring job would wait for it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from safetensors import SafetensorError, safe_open

from facsimile.foundation import atomic
from facsimile.foundation.paths import Paths
from facsimile.studies.runs import Run

if TYPE_CHECKING:
    from torch import Tensor

from facsimile.store.checkpoints import drop_checkpoints
from facsimile.store.files import HISTORY, LATENTS, RECORD, WEIGHTS, StoreError, key, room_on_disk

RECORD_BYTES = 2**24  # no run.json is a thousandth of it
FIELDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(
        ("run", "dataset", "model", "reason", "started", "device", "weights_sha256"), (str,)
    ),
    **dict.fromkeys(("code", "statement", "versions", "final"), (dict,)),
    **dict.fromkeys(("seed", "steps"), (int,)),
    "seconds": (int, float),
}


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
        if value is not None and (
            not isinstance(value, kinds) or isinstance(value, bool) or value != value
        ):
            raise StoreError(f"{path}: no record of a run: its {name} is {str(value)[:40]!r}")
    found["code"] = found.get("code") or {}
    if not all(isinstance(stated, str) for stated in found["code"].values()):
        raise StoreError(f"{path}: no record of a run: its code is not a hash for each module")
    if found["state"] == "failed":
        found["reason"] = found.get("reason") or "no reason was recorded"
    return found


def finish(
    folder: Path, weights: dict[str, Tensor], history: pd.DataFrame, summary: dict[str, Any]
) -> None:
    """Write a finished run: weights and history, then the record, then drop the checkpoint that they replace."""
    from safetensors.torch import save

    data = save(weights)
    with room_on_disk(folder):
        atomic.write_bytes(folder / WEIGHTS, data)
        write_history(folder, history)
        atomic.write_json(
            folder / RECORD, summary | {"weights_sha256": hashlib.sha256(data).hexdigest()}
        )
    drop_checkpoints(folder)


def fail(folder: Path, history: pd.DataFrame, summary: dict[str, Any]) -> None:
    """Write a run whose loss became non-finite: its record says so, and it has no weights."""
    with room_on_disk(folder):
        write_history(folder, history)
        atomic.write_json(folder / RECORD, summary)
    drop_checkpoints(folder)


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
        raise StoreError(
            f"{path}: no weights ({error}); make the run again: facsimile forget {key(folder)}"
        ) from None


def forget(paths: Paths, run: Run, latents: bool = False) -> list[Path]:
    """Remove a run and the indexes of every shard that holds it, or its latents alone; answers what was removed."""
    which = "*/encoded.json" if latents else "*/*"
    removed = [
        path
        for path in sorted(paths.shard(f"{run.dataset}/{run.model}").glob(which))
        if _names(path, run.key)
    ]
    made = paths.run(run.key) / LATENTS if latents else paths.run(run.key)
    removed += [made] * made.exists()
    for path in removed:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return removed


def _names(index: Path, key: str) -> bool:
    if index.suffix == ".parquet":
        return key in set(pd.read_parquet(index, columns=["run"])["run"])
    return index.suffix == ".json" and key in json.loads(index.read_text())["runs"]
