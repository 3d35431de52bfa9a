"""Progress with time left, for Snakemake: bars on a terminal, elsewhere a line per minute.

Snakemake finds this package by its name. Besides jobs it shows how far each running job is, from
the file that the job writes (``facsimile.store.shard_progress``). Warnings and errors are printed
as Snakemake formats them; everything else is in the log file that it names at the end. A dry run
and ``--verbose`` print everything.
"""

import logging
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from facsimile.foundation.units import duration
from facsimile.store import shard_progress

MINUTE = 60.0
ERRORS = (LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR, LogEvent.ERROR)
# Beginnings of the messages that are worth a line although they are no warnings.
SHOWN = ("Nothing to be done", "Complete log", "Will exit", "Exiting because", "Terminating")
BAR_WIDTH = 30
# Part of a message of Snakemake -> what is printed in its place.
REPLACED = {
    "Directory cannot be locked": (
        "error: another snakemake is working in this folder; run the same command again when it "
        "has ended. If none is running here: snakemake --unlock"
    ),
}


class Job:
    """A running job, and how far it is."""

    def __init__(self, rule: str, outputs: list[str], wildcards: dict[str, Any]) -> None:
        self.rule = rule
        self.folder = Path(outputs[0]).parent if outputs else Path()
        self.name = " ".join([rule, "/".join(map(str, list(wildcards.values())[:2]))])

    def progress(self) -> shard_progress.Progress | None:
        """How far it is, if it says so."""
        if self.rule not in shard_progress.STAGES:
            return None
        return shard_progress.read(self.folder, self.rule)


class LogHandler(LogHandlerBase):
    """Shows progress; Snakemake's own filter and formatter decide about all other messages."""

    def __post_init__(self) -> None:
        """Start to show progress, unless this is a dry run."""
        self.console = Console(stderr=not self.common_settings.stdout, highlight=False)
        self.running: dict[int, Job] = {}
        self.rules: Counter[str] = Counter()
        self.done = self.total = 0
        self.began = time.monotonic()
        self._plain = self.common_settings.dryrun or self.common_settings.verbose
        self._ended = threading.Event()
        self._interrupted = False
        # Under nohup, for example, Ctrl-C is ignored.
        if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)
        self._live: Live | None = None
        self._ticker: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Note what a message says about jobs, and print it if it is a warning or an error."""
        try:
            self._note(record)
            if self._is_shown(record):
                self.console.print(self._text(record), markup=False, soft_wrap=True)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Stop to show progress; say how it ended."""
        # Called by Snakemake, and again by Python when it exits.
        if self._ended.is_set():
            return
        self._ended.set()
        if self._live:
            self._live.stop()
        if self._ticker:
            self._ticker.join()
        if signal.getsignal(signal.SIGINT) == self._interrupt:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if (self.total or self._interrupted) and not self._plain:
            self.console.print(self._summary(), markup=False, soft_wrap=True)
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        """It replaces Snakemake's own messages."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """It writes no file."""
        return False

    @property
    def has_filter(self) -> bool:
        """Snakemake's own filter is used: options such as ``--quiet`` keep their effect."""
        return False

    @property
    def has_formatter(self) -> bool:
        """Snakemake's own formatter is used."""
        return False

    @property
    def needs_rulegraph(self) -> bool:
        """It draws no graph."""
        return False

    def _interrupt(self, number: int, frame: Any) -> None:
        self._interrupted = True
        # Snakemake catches the exception while jobs run, but not while it plans them.
        if not self._plain:
            sys.excepthook = _without_interrupt
        signal.default_int_handler(number, frame)

    def _is_shown(self, record: logging.LogRecord) -> bool:
        event = getattr(record, "event", None)
        if self._interrupted and not self._plain:
            # The errors that follow are those of the jobs that Ctrl-C has ended.
            return str(record.msg).startswith(SHOWN)
        if self._plain or event in ERRORS or record.levelno >= logging.WARNING:
            return True
        return event is None and str(record.msg).startswith(SHOWN)

    def _text(self, record: logging.LogRecord) -> str:
        text = self.format(record)
        for part, line in REPLACED.items():
            if part in text:
                return line
        return text

    def _note(self, record: logging.LogRecord) -> None:
        event = getattr(record, "event", None)
        facts: Any = record
        if event == LogEvent.RUN_INFO:
            stats = dict(getattr(record, "stats", None) or {})
            self.total = int(stats.pop("total", 0))
            self._start()
        elif event == LogEvent.JOB_INFO:
            outputs = [str(output) for output in facts.output or []]
            wildcards = dict(facts.wildcards.items()) if facts.wildcards else {}
            self.running[facts.jobid] = Job(facts.rule_name, outputs, wildcards)
        elif event == LogEvent.JOB_FINISHED:
            self.running.pop(facts.job_id, None)
        elif event == LogEvent.JOB_ERROR:
            self.running.pop(facts.jobid, None)
        elif event == LogEvent.PROGRESS:
            self.done, self.total = facts.done, facts.total

    def _start(self) -> None:
        if self._plain or self._live or self._ticker:
            return
        if self.console.is_terminal:
            self._live = Live(
                get_renderable=self._bars,
                console=self.console,
                refresh_per_second=2,
                transient=True,
            )
            self._live.start()
        else:
            self._ticker = threading.Thread(target=self._tick, daemon=True)
            self._ticker.start()

    def _tick(self) -> None:
        """Print a line per minute until the end."""
        while not self._ended.wait(MINUTE):
            self.console.print(self.line(), markup=False, soft_wrap=True)
            sys.stderr.flush()

    def line(self) -> str:
        """``12 of 27 jobs, 3 min · train dsprites/beta_vae: 40 of 200 steps, 2 min left``."""
        parts = [f"{self._summary()}"]
        for job in list(self.running.values()):
            progress = job.progress()
            parts.append(f"{job.name}: {progress.text()}" if progress else job.name)
        return " · ".join(parts)

    def _summary(self) -> str:
        seconds = time.monotonic() - self.began
        done = f"{self.done} of {self.total} jobs done, {duration(seconds)}"
        return f"Interrupted: {done}; the same command goes on" if self._interrupted else done

    def _bars(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        whole = ProgressBar(total=max(1, self.total), completed=self.done, width=BAR_WIDTH)
        table.add_row("all jobs", whole, self._summary())
        for job in list(self.running.values()):
            progress = job.progress()
            share = progress.share if progress else 0.0
            bar = ProgressBar(total=1.0, completed=share, width=BAR_WIDTH, pulse=progress is None)
            table.add_row(job.name, bar, progress.text() if progress else "")
        return Group(table)


def _without_interrupt(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """Print the traceback of an exception that nothing caught, unless it is that of Ctrl-C."""
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
