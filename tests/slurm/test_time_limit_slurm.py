"""The warning before a job's time is up reaches the command of the rule.

The command may then write a checkpoint and resume later.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .cluster import HURRY, Cluster

pytestmark = [pytest.mark.slow, pytest.mark.slurm]

# As training does: on SIGTERM write a file and end with 143. The second attempt reads it.
WORK = """\
import pathlib, signal, sys, time
kept = pathlib.Path("kept.txt")
def stop(number, frame):
    kept.write_text(f"{time.monotonic() - began:.0f}")
    sys.exit(143)
began = time.monotonic()
signal.signal(signal.SIGTERM, stop)
if kept.exists():
    pathlib.Path("out.txt").write_text("went on")
else:
    time.sleep(300)
"""

SNAKEFILE = f"""\
rule all:
    input: "out.txt"
    localrule: True

rule work:
    output: "out.txt"
    resources: runtime=3, mem_mb=1000
    shell: "{sys.executable} work.py"
"""


def test_a_job_is_warned_before_its_time_is_up_and_goes_on_in_its_second_attempt(
    slurm_cluster: Cluster, toy: Path
):
    (toy / "work.py").write_text(WORK)
    command = [sys.executable, "-m", "snakemake", "--profile", "slurm", *HURRY]
    done = subprocess.run(
        command, cwd=toy, text=True, capture_output=True, timeout=480, env=os.environ
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (toy / "out.txt").read_text() == "went on"
    # Two minutes before three are up; SLURM's own resolution is a minute. With a limit of two, the
    # second attempt could be warned as it began.
    assert int((toy / "kept.txt").read_text()) < 180
