"""The environment of every command that the workflow starts, here and in the jobs of a cluster."""

import os
import sys
from pathlib import Path

# Kept memory instead of fresh pages at every step; glibc reads it when a process starts, so it is set for the children.
MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": str(4 * 2**30),
    "MALLOC_TRIM_THRESHOLD_": str(8 * 2**30),
    "MALLOC_TOP_PAD_": str(256 * 2**20),
}


PYTHON = Path(sys.executable).name


def prepare() -> None:
    """Let commands find the package without its being installed, and keep the memory they free; what the user has set stays."""
    package = str(Path(__file__).parent.parent.parent)
    # By name, so that an environment that Snakemake activates for a job (--sdm conda) comes before this one.
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    )
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [package, os.environ.get("PYTHONPATH")])
    )
    for name, value in MALLOC.items():
        os.environ.setdefault(name, value)
