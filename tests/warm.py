"""Commands of tests run in forks of one process that has imported the libraries.

As processes of their own they would import them again, which takes longer than most of them. The
process is a job server (``planning/job_server.py``), and also serves the jobs of a snakemake. It
imports the package from the copy of the repository in which a command runs.
"""

import atexit
import importlib
import json
import os
import runpy
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from facsimile.planning import job_server
from facsimile.planning.job_client import SOCKET, send_request

LIBRARIES = (
    "snakemake.cli",
    "torch._inductor",
    *job_server.NETWORKS,
    *job_server.SCORES,
    *job_server.FIGURES,
)
# A job of snakemake has these, one thread each.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "GOTO_NUM_THREADS")
# Environment variables that libraries read while they are imported begin with these.
READ_BY_LIBRARIES = ("ATEN", "MKL", "MPL", "NPY", "NUMBA", "OMP_", "ONEDNN", "OPENBLAS")
# Where the standard library and other packages are: without the folder of this file.
INSTALLED = sys.path[1:]
# Longer than any command takes; against those that hang.
SECONDS = 3000


class Server(job_server.Server):
    """Runs commands of any copy of the package, and snakemake."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._environment_of_libraries = dict(os.environ)
        # Working directory and environment for which the package was imported.
        self._place: tuple[str, dict[str, str]] | None = None

    def _has_environment(self, environment: dict[str, str]) -> bool:
        """Whether the libraries would not have read another value."""
        for name, value in environment.items():
            is_read = name.startswith(READ_BY_LIBRARIES)
            if is_read and self._environment_of_libraries.get(name) != value:
                return False
        return True

    def _import_modules(self, request: Any) -> None:
        place = request["folder"], request["environment"]
        if place != self._place:
            self._place = place
            self._package.forget()
            os.environ.clear()
            os.environ.update(request["environment"])
            own = os.environ.get("PYTHONPATH", "").split(os.pathsep)
            # As for python -m: the working directory, then PYTHONPATH.
            sys.path[:] = [request["folder"], *filter(None, own), *INSTALLED]
        super()._import_modules(request)

    def _run_module(self, arguments: list[str]) -> None:
        atexit._clear()
        try:
            if arguments[:1] == ["-m"]:
                _, module, *sys.argv[1:] = arguments
                _stay_here()
                runpy.run_module(module, run_name="__main__", alter_sys=True)
            else:
                super()._run_module(arguments)
        finally:
            # As a process that ends by itself; a fork does not.
            atexit._run_exitfuncs()


def run(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run ``python -m module …``, given what follows ``python``.

    Returns its exit code and what it printed.
    """
    path = server()
    with tempfile.TemporaryFile() as output, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        connection.connect(path)
        # The jobs of a snakemake that it is or starts run here, too.
        own = {**environment, SOCKET: path}
        with open(os.devnull) as nothing:
            streams = (nothing.fileno(), output.fileno(), output.fileno())
            send_request(connection, list(arguments), own, str(folder), streams)
        with connection.makefile("r") as replies:
            assert json.loads(replies.readline()) is not None, "refused: other libraries"
            code = json.loads(replies.readline())
        output.seek(0)
        return code, output.read().decode()


def _stay_here() -> None:
    """Let a command of the package run in this process instead of handing it over once more."""
    client = importlib.import_module("facsimile.planning.job_client")
    client.exit_if_run_by_server = lambda: None


@cache
def server() -> str:
    """Start the server of this test process; returns the path of its socket."""
    return job_server.launch([sys.executable, __file__])


if __name__ == "__main__":
    os.environ.update(dict.fromkeys(THREADS, "1"))
    for name in LIBRARIES:
        importlib.import_module(name)
    job_server.main(Server)
