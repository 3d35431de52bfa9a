"""Start the jobs of a local Snakemake quickly: libraries are imported once, not once per job.

A job that draws a small figure takes 0.3 s, and 2 s if it first has to import its libraries. So a
local Snakemake starts one server, which imports libraries when the first job needs them. A command
(``job_client.py``) connects to it, and the server forks a process, which runs the command with the
environment, working directory and standard streams of the client.

Only libraries are imported once. Each job imports this package itself, so that an edit takes effect
in the next job, and recorded code hashes are those of the code that ran (docs/adr/0014).
"""

import contextlib
import functools
import importlib
import json
import multiprocessing
import os
import runpy
import shutil
import socket
import sys
import tempfile
import threading
from multiprocessing import connection as connections
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

from facsimile.planning.job_client import BEFORE_BEGIN, SOCKET

ALWAYS = ("typer", "rich.console", "yaml", "pydantic.main", "psutil")
ARRAYS = ("numpy", "h5py", "pandas", "pyarrow.dataset", "pyarrow.parquet")
STATISTICS = (*ARRAYS, "scipy.stats")
NETWORKS = (*ARRAYS, "torch", "torch.nn", "safetensors.torch")
SCORES = (
    *STATISTICS,
    "numba",
    "scipy.optimize",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.multiclass",
    "sklearn.svm",
    "threadpoolctl",
)
TABLES = (*STATISTICS, "rocrate.rocrate", "seaborn")
FIGURES = (
    *TABLES,
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_pdf",
)
# Command -> the libraries that its jobs import. One that is missing here only costs time.
LIBRARIES = {
    "data": ("numpy", "h5py"),
    "train": NETWORKS,
    "encode": NETWORKS,
    "score-shard": SCORES,
    "collect": ARRAYS,
    "table": TABLES,
    "figure": FIGURES,
    "compare": TABLES,
    "claims": TABLES,
    "summary": TABLES,
}
# Variables that a shell sets on its own.
OF_THE_SHELL = {"_", "SHLVL", "PWD", "OLDPWD"}
# Seconds in which a client must have sent its request, which it does at once.
REQUEST_SECONDS = 10


class Job(NamedTuple):
    """A process that runs a command, and the connection to the client that waits for it."""

    process: BaseProcess
    client: socket.socket


def start() -> None:
    """Start a server for the jobs of this process; it ends when this process has ended.

    A server that the environment names already is used instead. Only on Linux: elsewhere a process
    may not fork safely once it has imported libraries.
    """
    if sys.platform == "linux" and SOCKET not in os.environ:
        os.environ[SOCKET] = launch([sys.executable, "-m", __spec__.name])


def launch(command: list[str]) -> str:
    """Start a server by a command, to which number and path of its socket are added.

    Returns the path.
    """
    path = Path(tempfile.mkdtemp(prefix="facsimile-")) / "jobs"
    # The server reads the other end, which closes with this process, however that ends.
    reading, writing = os.pipe()
    os.set_inheritable(writing, False)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        listener.set_inheritable(True)
        streams = [
            (os.POSIX_SPAWN_DUP2, reading, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        ]
        # In a session of its own: a Ctrl-C in the terminal reaches a job through its client. Nobody
        # waits for this process, so it is not a Popen.
        os.posix_spawn(
            command[0],
            [*command, str(listener.fileno()), str(path)],
            os.environ,
            file_actions=streams,
            setsid=True,
        )
    os.close(reading)
    return str(path)


class Server:
    """Accepts commands on a socket, and runs each in a process of its own."""

    def __init__(self, listener: socket.socket, parent: int) -> None:
        self._listener = listener
        self._parent = parent
        self._jobs: dict[int, Job] = {}
        self._environment: dict[str, str] | None = None

    def serve(self) -> None:
        """Run commands until the parent's end of the pipe is closed and no job is running."""
        sources: set[Any] = {self._listener, self._parent}
        while sources or self._jobs:
            ready: list[Any] = connections.wait([*sources, *self._jobs])
            for source in ready:
                if source is self._listener:
                    self._accept()
                elif source == self._parent:
                    sources.clear()
                else:
                    self._end(self._jobs.pop(source))

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        _, streams, _, _ = socket.recv_fds(client, 1, 3)
        request = _request(client)
        if request is None or not self._has_environment(request["environment"]):
            _answer(client, None)
            client.close()
        else:
            self._begin(client, request, streams)
        for stream in streams:
            os.close(stream)

    def _has_environment(self, environment: dict[str, str]) -> bool:
        """Whether a job has the environment of the first one, which libraries were imported in.

        A job on a cluster's node, or with more threads, does not.
        """
        relevant = {name: environment[name] for name in environment.keys() - OF_THE_SHELL}
        if self._environment is None:
            self._environment = relevant
            os.environ.clear()
            os.environ.update(environment)
        return relevant == self._environment

    def _begin(self, client: socket.socket, request: Any, streams: list[int]) -> None:
        _import_libraries(request["arguments"])
        # Not a daemon: a job may start processes itself.
        process = multiprocessing.get_context("fork").Process(
            target=self._run, args=(client, request, streams)
        )
        process.start()
        self._jobs[process.sentinel] = Job(process, client)
        _answer(client, process.pid)

    def _run(self, client: socket.socket, request: Any, streams: list[int]) -> None:
        """Run a command, in the process that was forked for it."""
        self._listener.close()
        for other in self._jobs.values():
            other.client.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        threading.Thread(target=_end_with, args=(client,), daemon=True).start()
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        self._run_module(request["arguments"])

    def _run_module(self, arguments: list[str]) -> None:
        """Run the package's command line in this process."""
        sys.argv[1:] = arguments
        try:
            runpy.run_module("facsimile", run_name="__main__", alter_sys=True)
        except KeyboardInterrupt:  # while the package itself was imported
            sys.exit(BEFORE_BEGIN)

    def _end(self, job: Job) -> None:
        job.process.join()
        _answer(job.client, job.process.exitcode)
        job.client.close()


def _request(client: socket.socket) -> Any:
    """Read the request of a client; None if the client was killed before it was sent."""
    client.settimeout(REQUEST_SECONDS)
    with client.makefile("r") as lines:
        try:
            request = json.loads(lines.readline())
        except (ValueError, OSError):
            return None
    client.settimeout(None)
    return request


def _answer(client: socket.socket, content: int | None) -> None:
    """Send a line to a client. One that was killed, as by Ctrl-C, does not wait for it."""
    with contextlib.suppress(ConnectionError):
        client.sendall(json.dumps(content).encode() + b"\n")


def _end_with(client: socket.socket) -> None:
    """End this process when its client is killed: its connection closes before that."""
    client.recv(1)
    os._exit(1)


def _import_libraries(arguments: list[str]) -> None:
    """Import the libraries of a command; its options and arguments follow or precede it."""
    command = next(filter(LIBRARIES.__contains__, arguments), None)
    for name in (*ALWAYS, *LIBRARIES.get(command or "", ())):
        try:
            importlib.import_module(name)
        except ImportError:
            # The job that needs it reports it.
            print(f"the job server cannot import {name}", file=sys.stderr)
    if "numba" in sys.modules:
        _prepare_numba()


@functools.cache
def _prepare_numba() -> None:
    """Compile a function, so that numba reads its tables here instead of in each job: 0.3 s."""
    import numba

    numba.njit(lambda: None)()


def main(server: type[Server] = Server) -> None:
    """Serve on the listening socket of a number until standard input ends."""
    path = Path(sys.argv[2])
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        parent = os.dup(0)
        server(listener, parent).serve()
    shutil.rmtree(path.parent)


if __name__ == "__main__":
    main()
