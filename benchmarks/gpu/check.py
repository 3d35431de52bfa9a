"""Where the results of a check go, and how much time each part of it has."""

import json
import time
from pathlib import Path
from typing import Any

import torch

Row = dict[str, Any]
NO_TIME = "its share of the time is used up"
# Part -> the share of the time that is gone at its end.
SHARES = {
    "device": 0.02,
    "float64": 0.2,
    "bits": 0.35,
    "resumed": 0.5,
    "agreement": 0.65,
    "speed": 0.8,
    "paper_runs": 1.0,
}


class Check:
    """Where results go, and how much time is left."""

    def __init__(self, device: str, minutes: float, out: Path) -> None:
        self.device = torch.device(device)
        self.seconds = 60 * minutes
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
        self.part_end = self.began + SHARES[part] * self.seconds

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
