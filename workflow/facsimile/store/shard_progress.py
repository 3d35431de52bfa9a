"""How far the job of a shard is: a small file beside the shard's indexes, while the job runs.

``facsimile status`` and the progress that Snakemake shows read it, so both say the same.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from facsimile.foundation import atomic
from facsimile.foundation.units import duration

STAGES = ("train", "score")  # rules whose jobs write how far they are
EVERY = 2.0  # seconds between two writes
SILENT = 600.0  # seconds without a write after which a job counts as dead


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` steps or tasks; ``left``: seconds to the end at this job's own speed.

    ``left`` is None until the speed is known.
    """

    stage: str
    unit: str
    done: int
    total: int
    left: float | None

    @property
    def share(self) -> float:
        """The part that is done, from 0 to 1."""
        return self.done / self.total if self.total else 1.0

    def text(self) -> str:
        """``1,240 of 10,000 steps, 2 min left``."""
        left = f", {duration(self.left)} left" if self.left is not None else ""
        return f"{self.done:,} of {self.total:,} {self.unit}{left}"


class Writer:
    """Writes the progress of a job; ``update`` may be called after each step."""

    def __init__(
        self,
        path: Path,
        stage: str,
        unit: str,
        total: int,
    ) -> None:
        self._path = path
        self._stage = stage
        self._unit = unit
        self._total = total
        self._began = time.monotonic()
        self._first: int | None = None  # what was done before this job
        self._last_write = 0.0

    def update(self, done: int) -> None:
        """Note that ``done`` of the total is done; writes at most every ``EVERY`` seconds."""
        if self._first is None:
            self._first = done
        now = time.monotonic()
        if now - self._last_write < EVERY:
            return
        self._last_write = now
        done_here = done - self._first
        left = None
        if done_here > 0:
            left = (self._total - done) * (now - self._began) / done_here
        progress = Progress(self._stage, self._unit, done, self._total, left)
        atomic.write_json(self._path, asdict(progress))


@contextmanager
def writing(
    folder: Path,
    stage: str,
    unit: str,
    total: int,
) -> Iterator[Writer]:
    """Give a writer for a stage of the shard in ``folder``; its file is removed at the end."""
    path = _file(folder, stage)
    try:
        yield Writer(path, stage, unit, total)
    finally:
        path.unlink(missing_ok=True)


def read(folder: Path, stage: str) -> Progress | None:
    """How far a stage of the shard in ``folder`` is; None if no job says so.

    The file of a job that was killed stays; after ``SILENT`` seconds it is ignored.
    """
    path = _file(folder, stage)
    try:
        if time.time() - path.stat().st_mtime > SILENT:
            return None
        return Progress(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        # Missing, or of another version: progress is shown as far as it is known.
        return None


def _file(folder: Path, stage: str) -> Path:
    return folder / f"progress-{stage}.json"
