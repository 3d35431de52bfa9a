"""A claim: the lease on a run's folder, held by the process that makes the run.

Jobs orphaned by a killed ``snakemake`` go on beside the jobs of the next one, so two processes may want the same run. The first
claims it; the other waits, or takes the claim over once its holder is known to be dead: at once if the holder ran on this host
and its process is gone, else when its heartbeat has not moved for ``LEASE`` seconds *of the observer's own clock*. Clocks of
different hosts are never compared.
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

HEARTBEAT = 10.0
PATIENCE = 120.0


def holder() -> dict[str, Any]:
    """What identifies this process on any host; a process number alone is reused."""
    me = psutil.Process()
    job = os.environ.get("SLURM_JOB_ID")
    return {
        "host": socket.gethostname(),
        "boot": _boot(),
        "pid": me.pid,
        "started": me.create_time(),
        "job": job,
    }


def _boot() -> str:
    kernel = Path("/proc/sys/kernel/random/boot_id")
    return kernel.read_text().strip() if kernel.exists() else str(round(psutil.boot_time(), -1))


class LeaseLost(RuntimeError):
    """Another process took the claim over: it was told apart from a dead one by its heartbeat alone."""


class Lease:
    """The claim on one folder. ``take`` answers whether it is ours; ``release`` gives it back."""

    def __init__(self, folder: Path, lease: float = PATIENCE, heartbeat: float = HEARTBEAT) -> None:
        self.path = folder / "claim.json"
        self.lease, self.heartbeat = lease, heartbeat
        self._token = secrets.token_hex(8)
        self._seen: tuple[str, float] | None = None
        self._stop = threading.Event()
        self._beats: threading.Thread | None = None

    def take(self) -> bool:
        """Try once, without waiting: True if the claim is ours now."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self._create():
            return True
        abandoned = self._abandoned()
        return abandoned is not None and self._break(abandoned) and self._create()

    def release(self) -> None:
        """Give the claim back; does nothing if another process has taken it over."""
        self._stop.set()
        if self._beats:
            self._beats.join()
        self.path.with_name(f".claim.{self._token}.part").unlink(missing_ok=True)
        if self._ours():
            self.path.unlink(missing_ok=True)

    def keep(self) -> None:
        """Raise ClaimLost if another process took the claim over, so that this one must stop writing."""
        if not self._ours():
            raise LeaseLost(
                f"{self.path.parent}: taken over by {self.describe()}, after this process was silent for too long"
            )

    def describe(self) -> str:
        """Who holds it, for messages."""
        held = _read(self.path) or {}
        job = f", SLURM job {held['job']}" if held.get("job") else ""
        return f"process {held.get('pid', '?')} on {held.get('host', '?')}{job}"

    def _create(self) -> bool:
        # A hard link made from a complete file is atomic on local and network file systems alike.
        temporary = self.path.with_name(f".claim.{self._token}.part")
        self._write(temporary, 0)
        try:
            os.link(temporary, self.path)
        except FileExistsError:
            return False
        finally:
            temporary.unlink()
        self._stop.clear()
        self._beats = threading.Thread(target=self._beat, daemon=True)
        self._beats.start()
        return True

    def _write(self, path: Path, beat: int) -> None:
        path.write_text(json.dumps(holder() | {"token": self._token, "beat": beat}))

    def _beat(self) -> None:
        beat = 0
        while not self._stop.wait(self.heartbeat) and self._ours():
            beat += 1
            temporary = self.path.with_name(f".claim.{self._token}.part")
            # A full disk or a file server that is away costs a beat, not the claim: the lease is twelve beats long.
            with contextlib.suppress(OSError):
                self._write(temporary, beat)
                os.replace(temporary, self.path)

    def _ours(self) -> bool:
        return (_read(self.path) or {}).get("token") == self._token

    def _abandoned(self) -> str | None:
        """The token of the claim that stands, if its holder is known to be dead."""
        held = _read(self.path)
        if held is None:  # released between our try and our look
            return ""
        token = str(held.get("token", ""))
        if _dead_on_this_host(held):
            return token
        state = json.dumps(held, sort_keys=True)
        if self._seen is None or self._seen[0] != state:
            self._seen = (state, time.monotonic())
        return token if time.monotonic() - self._seen[1] > self.lease else None

    def _break(self, token: str) -> bool:
        """Remove the abandoned claim ``token``. If another has replaced it meanwhile, put that one back."""
        grave = self.path.with_name(f".claim.{self._token}.broken")
        try:
            os.rename(self.path, grave)
        except FileNotFoundError:
            return True
        abandoned = str((_read(grave) or {}).get("token", "")) == token
        if not abandoned:
            with contextlib.suppress(FileExistsError):
                os.link(grave, self.path)
        grave.unlink()
        return abandoned


def is_held(folder: Path) -> bool:
    """Whether a folder is claimed and the holder not known to be dead; of another host one look tells nothing."""
    held = _read(folder / "claim.json")
    return held is not None and not _dead_on_this_host(held)


def _read(path: Path) -> dict[str, Any] | None:
    """What a claim says; nothing if it is damaged, as by a loss of power: its lease runs out like any other."""
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _dead_on_this_host(held: dict[str, Any]) -> bool:
    here = holder()
    if (held.get("host"), held.get("boot")) != (here["host"], here["boot"]):
        return False
    try:
        process = psutil.Process(held.get("pid", -1))
        return (
            process.create_time() != held.get("started") or process.status() == psutil.STATUS_ZOMBIE
        )
    except psutil.NoSuchProcess:
        return True
    except (ValueError, TypeError):  # no number of a process
        return False


@contextlib.contextmanager
def leased(folder: Path) -> Iterator[Lease | None]:
    """The claim on a folder while the block runs, or None if another process holds it now."""
    claim = Lease(folder)
    if not claim.take():
        yield None
        return
    try:
        yield claim
    finally:
        claim.release()
