"""Weights & Biases, offline: nothing is sent; ``wandb sync FOLDER`` uploads it later.

The environment variable WANDB_MODE=online sends it at once.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import wandb

PROJECT = "facsimile"


class _Run:
    def __init__(
        self,
        run: Mapping[str, Any],
        folder: Path,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # Runs of a pack are trained at the same time.
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            mode=os.environ.get("WANDB_MODE", "offline"),
            name=run["key"],
            config=dict(run),
            dir=str(folder),
            reinit="create_new",
        )

    def log(
        self,
        step: int,
        values: Mapping[str, float],
    ) -> None:
        self._run.log(dict(values), step=step)

    def close(self) -> None:
        self._run.finish()


def start(
    run: Mapping[str, Any],
    folder: Path,
) -> _Run:
    """Start an offline run with the name, parameters and seed of ours."""
    return _Run(run, folder)
