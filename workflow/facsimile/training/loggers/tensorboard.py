"""TensorBoard: ``tensorboard --logdir results/curves/tensorboard``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter


class _Writer:
    def __init__(self, folder: Path) -> None:
        # Points of the same run that an earlier process wrote are replaced.
        self._writer = SummaryWriter(str(folder), purge_step=0)

    def log(
        self,
        step: int,
        values: Mapping[str, float],
    ) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()


def start(
    run: Mapping[str, Any],
    folder: Path,
) -> _Writer:
    """Write event files into a folder with the run's key."""
    return _Writer(folder / run["key"])
