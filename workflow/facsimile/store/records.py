"""The store: one folder per run, addressed by what the run is, so that each run is made once.

``run.json`` is the record of a run: whether it finished or failed, and how it was made. It is
written last: nothing in a folder without it may be read. torch is imported only where tensors are
written, since otherwise every scoring job would wait for it.
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
from facsimile.store.files import (
    HISTORY,
    LATENTS,
    RECORD,
    WEIGHTS,
    StoreError,
    room_on_disk,
    run_key,
)

RECORD_BYTES = 2**24  # more than a thousand times any run.json
FIELDS: dict[str, tuple[type, ...]] = {
    "run": (str,),
    "dataset": (str,),
    "model": (str,),
    "reason": (str,),
    "started": (str,),
    "device": (str,),
    "weights_sha256": (str,),
    "code": (dict,),
    "statement": (dict,),
    "versions": (dict,),
    "final": (dict,),
    "seed": (int,),
    "steps": (int,),
    "seconds": (int, float),
}


def record(folder: Path) -> dict[str, Any] | None:
    """The contents of a run's run.json, None if the run is not finished.

    Raises StoreError, with the command to type, if the file is not a valid record.
    """
    path = folder / RECORD
    try:
        return checked_record(path.read_bytes(), path)
    except FileNotFoundError:
        return None
    except StoreError as error:
        raise StoreError(f"{error}; remove it with: facsimile forget {run_key(folder)}") from None


def checked_record(data: bytes, path: Path) -> dict[str, Any]:
    """Parse the contents of a run.json, wherever they come from.

    Raises StoreError, which names ``path``, if they are not a valid record.
    """
    if len(data) > RECORD_BYTES:
        raise StoreError(f"{path}: not a valid run record: it has {len(data):,} bytes")
    try:
        contents = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path}: not readable ({error})") from None
    state = contents.get("state") if isinstance(contents, dict) else None
    if state not in ("done", "failed"):
        raise StoreError(f"{path}: not a valid run record: its state is neither done nor failed")
    for name, types in FIELDS.items():
        value = contents.get(name)
        if value is not None and not _is_valid(value, types):
            raise StoreError(f"{path}: not a valid run record: its {name} is {str(value)[:40]!r}")
    code = contents.get("code") or {}
    if not all(isinstance(code_hash, str) for code_hash in code.values()):
        raise StoreError(f"{path}: not a valid run record: code must map each module to a hash")
    # Records may lack these; readers need not check for that.
    contents["code"] = code
    if state == "failed":
        contents["reason"] = contents.get("reason") or "no reason was recorded"
    return contents


def _is_valid(value: Any, types: tuple[type, ...]) -> bool:
    """Whether a value has one of the types; bool is not taken for int, and NaN is refused."""
    is_nan = value != value
    is_bool = isinstance(value, bool)  # which Python counts as an int
    return isinstance(value, types) and not is_bool and not is_nan


def finish(
    folder: Path,
    weights: dict[str, Tensor],
    history: pd.DataFrame,
    summary: dict[str, Any],
) -> None:
    """Store a finished run: weights and history, then the record; then delete its checkpoints.

    ``summary`` becomes the record; the checksum of the weights is added to it.
    """
    from safetensors.torch import save

    data = save(weights)
    checksum = hashlib.sha256(data).hexdigest()
    with room_on_disk(folder):
        atomic.write_bytes(folder / WEIGHTS, data)
        write_history(folder, history)
        atomic.write_json(folder / RECORD, summary | {"weights_sha256": checksum})
    drop_checkpoints(folder)


def fail(folder: Path, history: pd.DataFrame, summary: dict[str, Any]) -> None:
    """Store a run whose loss became non-finite: its record (``summary``) and no weights."""
    with room_on_disk(folder):
        write_history(folder, history)
        atomic.write_json(folder / RECORD, summary)
    drop_checkpoints(folder)


def write_history(folder: Path, history: pd.DataFrame) -> None:
    """Store the loss terms along training, one row per recorded step."""
    with atomic.replacing(folder / HISTORY) as temporary:
        history.to_parquet(temporary, index=False)


def weights(folder: Path) -> dict[str, Tensor]:
    """The weights of a finished run.

    Raises StoreError, which names the file, if it is missing, truncated or altered.
    """
    path = folder / WEIGHTS
    recorded_checksum = (record(folder) or {}).get("weights_sha256")
    data = path.read_bytes() if path.exists() else b""
    command = f"facsimile forget {run_key(folder)}"
    if hashlib.sha256(data).hexdigest() != recorded_checksum:
        raise StoreError(
            f"{path}: truncated or altered since it was written; make the run again: {command}"
        )
    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys()  # the file is not a mapping and cannot be iterated
            return {name: file.get_tensor(name) for name in names}
    except (SafetensorError, ValueError, RuntimeError) as error:
        raise StoreError(
            f"{path}: not a file of weights ({error}); make the run again: {command}"
        ) from None


def forget(paths: Paths, run: Run, latents: bool = False) -> list[Path]:
    """Remove a run, and the index files of every shard that holds it; returns what was removed.

    With ``latents``, remove only its latents and the index files that list them.
    """
    # An index that lists a removed run would tell Snakemake that the run is there.
    pattern = "*/encoded.json" if latents else "*/*"
    shards = paths.shard(f"{run.dataset}/{run.model}")
    removed = [path for path in sorted(shards.glob(pattern)) if _lists(path, run.key)]
    target = paths.run(run.key)
    if latents:
        target /= LATENTS
    if target.exists():
        removed.append(target)
    for path in removed:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return removed


def _lists(index: Path, key: str) -> bool:
    """Whether an index file of a shard, or its table of scores, lists a run."""
    if index.suffix == ".parquet":
        runs = pd.read_parquet(index, columns=["run"])["run"]
        return key in set(runs)
    if index.suffix == ".json":
        contents = json.loads(index.read_text())
        return key in contents["runs"]
    return False
