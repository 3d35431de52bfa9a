"""How often Snakemake looks through the jobs that wait, in a real run of it."""

import subprocess
import sys
import time
from threading import Semaphore
from types import SimpleNamespace

import pytest

from facsimile.planning import snakemake_timer

JOBS = 12
SNAKEFILE = """\
import sys

sys.path.insert(0, {package!r})

from facsimile.planning import snakemake_timer

snakemake_timer.one_timer()


rule all:
    input:
        expand("{{n}}.done", n=range({jobs})),


rule one:
    output:
        "{{n}}.done",
    shell:
        "sleep 0.5; touch {{output}}"
"""


def test_a_timer_that_runs_is_the_only_one():
    scheduler = SimpleNamespace(_open_jobs=Semaphore(0))
    for _ in range(3):
        snakemake_timer._schedule(scheduler, 0.01)
    assert scheduler._open_jobs.acquire(timeout=5)
    assert not scheduler._open_jobs.acquire(timeout=0.1)
    snakemake_timer._schedule(scheduler, 0.01)
    assert scheduler._open_jobs.acquire(timeout=5)


@pytest.mark.slow
def test_jobs_that_ended_cost_no_looks(tmp_path, root):
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(package=str(root / "workflow"), jobs=JOBS))
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "1",
        "--verbose",
        "--max-jobs-per-timespan",
        "100/1s",
    ]
    began = time.monotonic()
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    seconds = time.monotonic() - began
    assert len(list(tmp_path.glob("*.done"))) == JOBS
    assert JOBS <= ran.stderr.count("Ready jobs:") <= JOBS + seconds + 1  # 43 without the remedy
