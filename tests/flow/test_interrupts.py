"""Ctrl-C in the stages of a real workflow: one clear line, nothing half-written, and it goes on."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from project import Project

# Of Snakemake itself, and of the plugin: a line per minute, and the last one.
EXPECTED = re.compile(
    r"Using workflow|Terminating processes|Complete log|\d+ of \d+ jobs done|Interrupted: "
)
STAGES = ("train", "encode", "score", "collect", "figure")


@pytest.fixture
def ctrl_c():
    """Commands that these tests start obey Ctrl-C, also if the tests themselves ignore it."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


@pytest.mark.slow
def test_ctrl_c_in_each_stage_and_the_same_command_goes_on(ctrl_c, tmp_path):
    project = Project.create(tmp_path)
    for stage in STAGES:
        printed = interrupted(project, stage)
        unexpected = [line for line in printed if line and not EXPECTED.match(line)]
        assert not unexpected
        assert printed[-1].startswith("Interrupted: ")
        assert printed[-1].endswith("the same command goes on")
        assert not list(project.folder.glob("results/**/.*"))
    project.snakemake("tiny")
    assert project.jobs("tiny") == {}
    # What an interrupted job left behind is not what the study is made of.
    undisturbed = Project.create(tmp_path / "undisturbed")
    undisturbed.snakemake("tiny_table1")
    table = "results/studies/tiny/smoke/tables/table1.csv"
    assert (project.folder / table).read_bytes() == (undisturbed.folder / table).read_bytes()


def interrupted(project: Project, stage: str) -> list[str]:
    """Start the study, and interrupt it once a job of a stage has begun; the lines printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "2", "tiny"],
        cwd=project.folder,
        env=project.environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    logs = project.folder / "results" / "logs" / stage
    while process.poll() is None and not list(logs.rglob("*.log")):
        time.sleep(0.02)
    assert process.poll() is None, f"{stage} was not reached"
    # To all processes, as a terminal sends it.
    os.killpg(process.pid, signal.SIGINT)
    printed, _ = process.communicate(timeout=300)
    return printed.splitlines()
