"""How often a real Snakemake evaluates its waiting jobs."""

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


def test_only_one_timer_runs_at_a_time():
    scheduler = SimpleNamespace(_open_jobs=Semaphore(0))
    for _ in range(3):
        snakemake_timer._schedule(scheduler, 0.01)
    assert scheduler._open_jobs.acquire(timeout=5)
    assert not scheduler._open_jobs.acquire(timeout=0.1)
    snakemake_timer._schedule(scheduler, 0.01)
    assert scheduler._open_jobs.acquire(timeout=5)


@pytest.mark.slow
def test_finished_jobs_add_no_evaluations(tmp_path, root):
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
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    seconds = time.monotonic() - began
    assert len(list(tmp_path.glob("*.done"))) == JOBS
    # There were 43 evaluations without the change.
    assert JOBS <= process.stderr.count("Ready jobs:") <= JOBS + seconds + 1
