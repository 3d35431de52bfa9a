"""Start the jobs of a local Snakemake quickly: libraries are imported once, not once per job.

A small job takes 0.3 s, and 2 s if it first has to import its libraries. So a local Snakemake
starts one server, which imports libraries when the first job needs them. A command
(``job_client.py``) connects to it, and the server forks a process, which runs the command with the
environment, working directory and standard streams of the client. While it runs, the server imports
the libraries of the jobs that usually follow.

This package is imported there, too, and again after an edit of one of its files: an edit takes
effect in the next job, and recorded code hashes are those of the code that ran (docs/adr/0014).
"""

import contextlib
import functools
import importlib
import json
import math
import multiprocessing
import os
import runpy
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from multiprocessing import connection as connections
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

from facsimile.planning.job_client import BEFORE_BEGIN, SOCKET

PACKAGE = "facsimile"
COMMAND_LINE = "facsimile.commands.cli.app"
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
ARTEFACTS = "facsimile.commands.artefacts"


class Imports(NamedTuple):
    """What the jobs of a command import: libraries, and a module of this package.

    The module is that after the command line. What is missing here only costs time.
    ``next_command`` is that of jobs that often follow, whose libraries are imported ahead.
    """

    libraries: tuple[str, ...]
    module: str
    next_command: str = ""


# Command -> what its jobs import.
COMMANDS = {
    "data": Imports(("numpy", "h5py"), "facsimile.datasets", "train"),
    "train": Imports(NETWORKS, "facsimile.training.train_shard", "score-shard"),
    "encode": Imports(NETWORKS, "facsimile.training.encode_shard", "score-shard"),
    "score-shard": Imports(SCORES, "facsimile.scoring.score_shard", "figure"),
    "collect": Imports(ARRAYS, "facsimile.scoring.collect", "figure"),
    "table": Imports(TABLES, ARTEFACTS),
    "figure": Imports(FIGURES, ARTEFACTS),
    "compare": Imports(TABLES, ARTEFACTS),
    "claims": Imports(TABLES, ARTEFACTS),
    "summary": Imports(TABLES, "facsimile.commands.pages.summary"),
}
# Other commands.
NOTHING = Imports((), PACKAGE)
# Variables that a shell sets on its own.
OF_THE_SHELL = {"_", "SHLVL", "PWD", "OLDPWD"}
# Seconds in which a client must have sent its request, which it does at once.
REQUEST_SECONDS = 10


class Job(NamedTuple):
    """A process that runs a command, and the connection to the client that waits for it."""

    process: BaseProcess
    client: socket.socket


class State(NamedTuple):
    """What tells that a file was edited: its modification time in nanoseconds, and its size."""

    modified: int
    size: int


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
        self._package = Package()
        # Imports the libraries of the jobs that come next, one per step; None if all are there.
        self._ahead: Iterator[str] | None = None

    def serve(self) -> None:
        """Run commands until the parent's end of the pipe is closed and no job is running."""
        sources: set[Any] = {self._listener, self._parent}
        while sources or self._jobs:
            seconds = None if self._ahead is None else 0
            ready: list[Any] = connections.wait([*sources, *self._jobs], seconds)
            if not ready and self._ahead is not None and next(self._ahead, None) is None:
                self._ahead = None
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
        self._import_modules(request)
        # Not a daemon: a job may start processes itself.
        process = multiprocessing.get_context("fork").Process(
            target=self._run, args=(client, request, streams)
        )
        process.start()
        self._jobs[process.sentinel] = Job(process, client)
        _answer(client, process.pid)

    def _import_modules(self, request: Any) -> None:
        """Import what the command of a request needs, in this process."""
        command = next(filter(COMMANDS.__contains__, request["arguments"]), "")
        imports = COMMANDS.get(command, NOTHING)
        for _ in _import_libraries(imports):
            pass
        self._package.import_for(imports.module)
        if imports.next_command:
            # While this job runs; its own libraries stay first.
            self._ahead = _import_libraries(COMMANDS[imports.next_command])

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


class Package:
    """The modules of this package that are imported in this process."""

    def __init__(self) -> None:
        # File of each module -> its state when it was imported.
        self._files: dict[str, State | None] = {}

    def import_for(self, module: str) -> None:
        """Import the command line and a module; first forget those of before if one was edited."""
        is_edited = any(_state(file) != state for file, state in self._files.items())
        if is_edited or not self._files:
            self.forget()
        began = time.time_ns()
        try:
            importlib.import_module(COMMAND_LINE)
            importlib.import_module(module)
        except Exception:
            # A file that is being edited, perhaps. The job imports it again, and reports it.
            self.forget()
            return
        for file in _files_of_package():
            if file not in self._files:
                self._files[file] = _state(file, before=began)

    def forget(self) -> None:
        """Forget the package: the next import reads its files again."""
        for name in list(sys.modules):
            if name.split(".")[0] == PACKAGE:
                del sys.modules[name]
        importlib.invalidate_caches()
        self._files.clear()


def _files_of_package() -> list[str]:
    """Return the files of the modules of this package that are imported."""
    files: list[str] = []
    for name, module in sys.modules.items():
        file = getattr(module, "__file__", None)
        if name.split(".")[0] == PACKAGE and file:
            files.append(file)
    return files


def _state(file: str, before: float = math.inf) -> State | None:
    """Return the state of a file; None if it is missing, or was edited after a time."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return State(status.st_mtime_ns, status.st_size) if status.st_mtime_ns < before else None


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


def _import_libraries(imports: Imports) -> Iterator[str]:
    """Import the libraries of a command that are missing; yields the name of each."""
    for name in (*ALWAYS, *imports.libraries):
        if name in sys.modules:
            continue
        try:
            importlib.import_module(name)
        except ImportError:
            # The job that needs it reports it.
            print(f"the job server cannot import {name}", file=sys.stderr)
        yield name
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
