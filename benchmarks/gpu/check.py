"""Where the results of a check go, and how much time each part of it has."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

Row = dict[str, Any]
NO_TIME = "its share of the time is used up"
# Part -> its share of the time, in percent if all parts are run.
SHARES = {
    "device": 2,
    "float64": 18,
    "bits": 15,
    "resumed": 15,
    "agreement": 15,
    "speed": 15,
    "paper_runs": 20,
}


class Check:
    """Where results go, and how much time is left."""

    def __init__(
        self,
        device: str,
        minutes: float,
        out: Path,
        parts: Sequence[str] = tuple(SHARES),
    ) -> None:
        self.device = torch.device(device)
        self.seconds = 60 * minutes
        self.parts = parts
        self.began = time.monotonic()
        self.part_end = 0.0
        self.out = out
        self.failed = 0
        self.missing: list[str] = []
        self.rates: dict[int, float] = {}  # runs in a pack -> model-steps/s of β-VAE
        out.mkdir(parents=True, exist_ok=True)

    @property
    def on_gpu(self) -> bool:
        """Whether the device is a GPU."""
        return self.device.type == "cuda"

    def begin(self, part: str) -> None:
        """Begin a part; what earlier parts did not need is added to its time."""
        shares = [SHARES[name] for name in self.parts]
        at_its_end = sum(shares[: self.parts.index(part) + 1]) / sum(shares)
        self.part_end = self.began + at_its_end * self.seconds

    def left(self) -> float:
        """Seconds until the time of this part is up."""
        return self.part_end - time.monotonic()

    def write(self, part: str, row: Row) -> None:
        """Print a row and append it to the file of results."""
        if row.get("ok") is False:
            self.failed += 1
        if "not_done" in row:
            which = [str(row[key]) for key in ("method", "precision", "convolutions") if key in row]
            if "runs" in row:
                which.append(f"K = {row['runs']}")
            self.missing.append(", ".join([part, *which]) + f": {row['not_done']}")
        line = {"part": part, **row}
        print("  ".join(f"{name}={_short(value)}" for name, value in line.items()), flush=True)
        with open(self.out / "gpu_check.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def waited(self) -> None:
        """Wait for the device."""
        if self.on_gpu:
            torch.cuda.synchronize()


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
