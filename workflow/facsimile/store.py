"""The store: one folder a run, addressed by what the run is. A run is made once, whoever asks.

``run.json`` says what became of the run and is written last: a folder without it holds nothing that may be read.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from facsimile import atomic
from facsimile.paths import Paths
from facsimile.runs import Run

WEIGHTS, HISTORY, RECORD, LATENTS, CHECKPOINT = (
    "model.safetensors",
    "history.parquet",
    "run.json",
    "latents.h5",
    "checkpoint.safetensors",
)


class StoreError(RuntimeError):
    """A file of the store is missing, truncated or altered; the message names it and the command that mends it."""


def record(folder: Path) -> dict[str, Any] | None:
    """What became of a run: the contents of run.json, None if the run is not finished."""
    path = folder / RECORD
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: not readable ({error}); remove it with: facsimile forget {key(folder)}") from None


def finish(folder: Path, weights: dict[str, Tensor], history: pd.DataFrame, summary: dict[str, Any]) -> None:
    """Write a finished run: weights and history, then the record, then drop the checkpoint that they replace."""
    data = save(weights)
    atomic.write_bytes(folder / WEIGHTS, data)
    write_history(folder, history)
    atomic.write_json(folder / RECORD, summary | {"weights_sha256": hashlib.sha256(data).hexdigest()})
    (folder / CHECKPOINT).unlink(missing_ok=True)


def fail(folder: Path, history: pd.DataFrame, summary: dict[str, Any]) -> None:
    """Write a run whose loss became non-finite: its record says so, and it has no weights."""
    write_history(folder, history)
    atomic.write_json(folder / RECORD, summary)
    (folder / CHECKPOINT).unlink(missing_ok=True)


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
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)


def save_checkpoint(folder: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Write a checkpoint atomically: tensors, and JSON for the rest (step, history, what the run is)."""
    atomic.write_bytes(folder / CHECKPOINT, save(tensors, metadata={"state": json.dumps(state)}))


def load_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The checkpoint of an unfinished run, None if there is none; an unreadable one is an error that names it."""
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["state"])  # noqa: SIM118
    except (SafetensorError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path}: unreadable checkpoint ({error}); start this run anew: facsimile forget {key(folder)}"
        ) from None


def forget(paths: Paths, run: Run) -> list[Path]:
    """Remove a run and the indexes of every shard that holds it; answers what was removed."""
    removed = [path for path in sorted(paths.shard(f"{run.dataset}/{run.model}").glob("*/*")) if _names(path, run.key)]
    removed += [paths.run(run.key)] * paths.run(run.key).exists()
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
