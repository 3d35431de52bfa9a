"""The lease on a run's folder: only the process that holds it makes the run.

Jobs orphaned by a killed ``snakemake`` keep running beside the jobs of the next one, so two
processes may want to make the same run. The first takes the lease. The other waits, or takes the
lease over once its holder is known to be dead: at once if the holder ran on this host and its
process is gone, otherwise when its heartbeat has not moved for ``PATIENCE`` seconds *of the
observer's own clock*. Clocks of different hosts are never compared.
"""

import contextlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

HEARTBEAT = 10.0  # seconds between two heartbeats of a holder
PATIENCE = 120.0  # seconds without a heartbeat after which a holder counts as dead
# A lease was once called a claim. The file keeps that name: stores of earlier versions have it,
# and processes of earlier versions may look for it.
FILE = "claim.json"


def this_process() -> dict[str, Any]:
    """What identifies this process on any host; a process number alone may be reused."""
    process = psutil.Process()
    return {
        "host": socket.gethostname(),
        "boot": _boot_id(),
        "pid": process.pid,
        "started": process.create_time(),
        "job": os.environ.get("SLURM_JOB_ID"),
    }


def _boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    if path.exists():
        return path.read_text().strip()
    # Not Linux. Rounded to 10 s, since the boot time is computed and not always the same.
    return str(round(psutil.boot_time(), -1))


class LeaseLost(RuntimeError):
    """Another process took the lease over, since this one's heartbeat had stopped for too long."""


class Lease:
    """The lease on one folder: ``take`` says whether we hold it now, ``release`` gives it back."""

    def __init__(
        self, folder: Path, patience: float = PATIENCE, heartbeat: float = HEARTBEAT
    ) -> None:
        """``patience`` and ``heartbeat`` in seconds; tests shorten them."""
        self.path = folder / FILE
        self.patience = patience
        self.heartbeat = heartbeat
        self._token = secrets.token_hex(8)
        # The last state of another holder's file, and when it was first seen on our clock.
        self._last_seen: tuple[str, float] | None = None
        self._stop = threading.Event()
        self._heart: threading.Thread | None = None

    def take(self) -> bool:
        """Try once to take the lease, without waiting; returns whether we hold it now."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self._create():
            return True
        token = self._abandoned_token()
        return token is not None and self._break(token) and self._create()

    def release(self) -> None:
        """Give the lease back; does nothing if another process has taken it over."""
        self._stop.set()
        if self._heart:
            self._heart.join()
        self._temporary.unlink(missing_ok=True)
        if self._is_ours():
            self.path.unlink(missing_ok=True)

    def check(self) -> None:
        """Raise LeaseLost if another process has taken the lease over: stop writing then."""
        if not self._is_ours():
            raise LeaseLost(
                f"{self.path.parent}: taken over by {self.holder()}, "
                "after this process was silent for too long"
            )

    def holder(self) -> str:
        """Who holds the lease, for messages."""
        contents = _read(self.path) or {}
        job = f", SLURM job {contents['job']}" if contents.get("job") else ""
        return f"process {contents.get('pid', '?')} on {contents.get('host', '?')}{job}"

    @property
    def _temporary(self) -> Path:
        return self.path.with_name(f".claim.{self._token}.part")

    def _create(self) -> bool:
        # Hard-linking a complete file is atomic on local and network file systems alike.
        temporary = self._temporary
        self._write(temporary, 0)
        try:
            os.link(temporary, self.path)
        except FileExistsError:
            return False
        finally:
            temporary.unlink()
        self._stop.clear()
        self._heart = threading.Thread(target=self._beat, daemon=True)
        self._heart.start()
        return True

    def _write(self, path: Path, beat: int) -> None:
        contents = this_process() | {"token": self._token, "beat": beat}
        path.write_text(json.dumps(contents))

    def _beat(self) -> None:
        beat = 0
        while not self._stop.wait(self.heartbeat) and self._is_ours():
            beat += 1
            # A full disk or an absent file server costs one beat and not the lease: others wait
            # for twelve beats before they take it over.
            with contextlib.suppress(OSError):
                self._write(self._temporary, beat)
                os.replace(self._temporary, self.path)

    def _is_ours(self) -> bool:
        return _token(_read(self.path)) == self._token

    def _abandoned_token(self) -> str | None:
        """The token of the current lease if its holder is known to be dead, otherwise None.

        The token is empty if the lease has just been released.
        """
        contents = _read(self.path)
        if contents is None:  # released after we tried to take it
            return ""
        token = _token(contents)
        if _dead_on_this_host(contents):
            return token
        state = json.dumps(contents, sort_keys=True)
        if self._last_seen is None or self._last_seen[0] != state:
            self._last_seen = (state, time.monotonic())
        silent_for = time.monotonic() - self._last_seen[1]
        return token if silent_for > self.patience else None

    def _break(self, token: str) -> bool:
        """Remove the abandoned lease that has this token; returns whether it is gone.

        If another process has taken the lease in the meantime, its lease is put back.
        """
        grave = self.path.with_name(f".claim.{self._token}.broken")
        try:
            os.rename(self.path, grave)
        except FileNotFoundError:
            return True
        # Between our look and the renaming, another observer may have broken and taken the lease.
        was_abandoned = _token(_read(grave)) == token
        if not was_abandoned:
            with contextlib.suppress(FileExistsError):
                os.link(grave, self.path)
        grave.unlink()
        return was_abandoned


def is_held(folder: Path) -> bool:
    """Whether a folder is leased and the holder is not known to be dead.

    A holder on another host counts as alive: a single look cannot tell.
    """
    contents = _read(folder / FILE)
    return contents is not None and not _dead_on_this_host(contents)


def _read(path: Path) -> dict[str, Any] | None:
    """The contents of a lease's file, None if there is no file.

    A damaged file, as after a power failure, counts as empty: its lease runs out like any other.
    """
    try:
        contents = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
    return contents if isinstance(contents, dict) else {}


def _token(contents: dict[str, Any] | None) -> str:
    """The token in the contents of a lease's file; empty if it has none."""
    return str((contents or {}).get("token", ""))


def _dead_on_this_host(contents: dict[str, Any]) -> bool:
    here = this_process()
    same_host = contents.get("host") == here["host"]
    # After a reboot process numbers start again: the holder's number says nothing.
    same_boot = contents.get("boot") == here["boot"]
    if not (same_host and same_boot):
        return False
    try:
        process = psutil.Process(contents.get("pid", -1))
        # A process that started at another time only has the holder's number.
        is_another = process.create_time() != contents.get("started")
        return is_another or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except (ValueError, TypeError):  # not a process number
        return False


@contextlib.contextmanager
def leased(folder: Path) -> Iterator[Lease | None]:
    """The lease on a folder while the block runs, or None if another process holds it now."""
    lease = Lease(folder)
    if not lease.take():
        yield None
        return
    try:
        yield lease
    finally:
        lease.release()
