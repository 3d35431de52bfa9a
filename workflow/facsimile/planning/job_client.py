"""Hand a command over to the job server of a local Snakemake (``job_server.py``), if there is one.

Imports only the standard library, because every command begins here.
"""

import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from typing import Any

# Environment variable with the path of the server's socket.
SOCKET = "FACSIMILE_JOB_SERVER"
# A process that a signal ended has this plus the signal's number as its exit code in a shell.
SIGNALLED = 128
# What a command prints that Ctrl-C ends while it is still being imported.
BEFORE_BEGIN = "interrupted before it began"
FORWARDED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def exit_if_run_by_server() -> None:
    """Run this process's command in the job server, and exit with its exit code.

    Returns if there is no server here, or if the server refuses because the command has another
    environment than the server's jobs; then the command runs in this process.
    """
    path = os.environ.pop(SOCKET, "")
    if not path:
        return
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(path)
        except OSError:  # for example on another node of a cluster
            return
        try:
            send_request(connection, sys.argv[1:], dict(os.environ), os.getcwd(), (0, 1, 2))
            code = _wait(connection)
        except KeyboardInterrupt:  # before the command began
            sys.exit(BEFORE_BEGIN)
    if code is not None:
        sys.exit(code)


def send_request(
    connection: socket.socket,
    arguments: list[str],
    environment: dict[str, str],
    folder: str,
    streams: Sequence[int],
) -> None:
    """Send what a command runs with; ``streams`` are its three standard streams."""
    request: dict[str, Any] = {
        "arguments": arguments,
        "environment": environment,
        "folder": folder,
    }
    socket.send_fds(connection, [b"\0"], streams)
    connection.sendall(json.dumps(request).encode() + b"\n")


def _wait(connection: socket.socket) -> int | None:
    """Wait for the command to end and return its exit code; None if the server refused it."""
    with connection.makefile("r") as replies:
        started = replies.readline()
        if not started:
            return _lost()
        pid = json.loads(started)
        if pid is None:
            return None
        with _forwarding_signals(pid):
            ended = replies.readline()
    if not ended:
        return _lost()
    code: int = json.loads(ended)
    return code if code >= 0 else SIGNALLED - code


def _lost() -> int:
    """Report that the server is gone; the exit code of a failure."""
    print(
        "the job server of Snakemake ended before this command did; run it again", file=sys.stderr
    )
    return 1


@contextlib.contextmanager
def _forwarding_signals(pid: int) -> Iterator[None]:
    """Pass signals that end a process on to the process that runs the command."""

    def forward(number: int, _frame: object) -> None:
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            os.kill(pid, number)

    previous: dict[signal.Signals, Any] = {}
    for number in FORWARDED:
        # A signal that is ignored, as under nohup, stays ignored.
        if signal.getsignal(number) != signal.SIG_IGN:
            previous[number] = signal.signal(number, forward)
    yield
    for number, handler in previous.items():
        signal.signal(number, handler)
