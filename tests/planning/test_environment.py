"""How malloc behaves in commands."""

import os
import subprocess
import sys

import pytest

from facsimile.planning import environment

# Prints the number of page faults of 50 arrays of 80 MB, one after the other.
FAULTS = """
import resource
import numpy as np
from facsimile.planning import environment
if {keep}:
    environment.keep_freed_memory()
np.ones(10_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    np.ones(10_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(keep, **variables):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    job = subprocess.run(
        [sys.executable, "-c", FAULTS.format(keep=keep)],
        env=clean | variables,
        check=True,
        capture_output=True,
        text=True,
    )
    return int(job.stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="options of glibc")
def test_freed_memory_is_used_again_unless_the_user_says_otherwise():
    kept = faults(True)
    assert kept < faults(False) / 10
    settings = {variable: "65536" for variable, _, _ in environment.MALLOC}
    assert faults(True, **settings) > 10 * kept
