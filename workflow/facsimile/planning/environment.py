"""Environment variables of every command that the workflow starts, here and in cluster jobs."""

import os
import sys
from pathlib import Path

# Let malloc keep freed memory instead of returning it at every training step. glibc reads these
# variables when a process starts, so they affect only child processes.
MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": str(4 * 2**30),
    "MALLOC_TRIM_THRESHOLD_": str(8 * 2**30),
    "MALLOC_TOP_PAD_": str(256 * 2**20),
}

# By name and not by path, so that an environment that Snakemake activates for a job (--sdm conda)
# takes precedence over this one.
PYTHON = Path(sys.executable).name


def prepare() -> None:
    """Set the variables with which commands find the package and keep the memory they free.

    The package need not be installed. Variables of malloc that the user has set stay.
    """
    package = str(Path(__file__).parent.parent.parent)
    interpreter = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([interpreter, path])
    # An empty part would stand for the current folder.
    parts = filter(None, [package, os.environ.get("PYTHONPATH")])
    os.environ["PYTHONPATH"] = os.pathsep.join(parts)
    for name, value in MALLOC.items():
        os.environ.setdefault(name, value)
