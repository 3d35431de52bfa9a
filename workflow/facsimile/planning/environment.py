"""The environment of commands: how the workflow's jobs find the package, and how malloc behaves."""

import ctypes
import os
import sys
from pathlib import Path

from facsimile.foundation import shared_files

# Let malloc keep freed memory instead of returning it at every training step. Each is the variable
# that glibc reads when a process starts, the number of the same option in a running process
# (mallopt(3)), and its value in bytes, an int in C.
MALLOC = (
    ("MALLOC_MMAP_THRESHOLD_", -3, 2**30),
    ("MALLOC_TRIM_THRESHOLD_", -1, 2**31 - 1),
    ("MALLOC_TOP_PAD_", -2, 2**28),
)

# By name and not by path, so that an environment that Snakemake activates for a job (--sdm conda)
# takes precedence over this one.
PYTHON = Path(sys.executable).name


def snakefile() -> Path:
    """Return the path of the Snakefile: that of the checkout, or the installed one.

    Raises FileNotFoundError if neither exists.
    """
    places = list(shared_files.places("workflow/Snakefile", "workflow/Snakefile"))
    for path in places:
        if path.is_file():
            return path
    searched = ", ".join(str(path.parent) for path in places)
    raise FileNotFoundError(
        f"no Snakefile in {searched}: install Facsimile again, or use a checkout"
    )


def prepare() -> None:
    """Set the variables with which commands find the package; it need not be installed."""
    package = str(Path(__file__).parent.parent.parent)
    interpreter = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([interpreter, path])
    # An empty part would stand for the current folder.
    parts = filter(None, [package, os.environ.get("PYTHONPATH")])
    os.environ["PYTHONPATH"] = os.pathsep.join(parts)


def keep_freed_memory() -> None:
    """Let malloc of this process keep freed memory, which makes training a third faster.

    Options whose variable the user has set stay. Does nothing where the C library is not glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    for variable, option, value in MALLOC:
        if variable not in os.environ:
            mallopt(option, value)
