"""The page "Your model beside theirs": its files and commands, run as they stand."""

import re
import shlex
import subprocess
import sys

import pytest
import warm
from project import ROOT, Project, write_files

from facsimile.planning.job_client import SOCKET

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "your-model.md").read_text(encoding="utf-8")
FILE = re.compile(r"`mine/([\w/]+\.\w+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TABLE = re.compile(r"^```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the repository in which a reader has followed the page."""
    project = Project.create(tmp_path_factory.mktemp("reader") / "project")
    write_files(project.folder / "mine", dict(FILE.findall(PAGE)))
    return project


@pytest.fixture(scope="module")
def printed(project):
    """What the commands of the page print."""
    [commands] = COMMANDS.findall(PAGE)
    python = shlex.quote(sys.executable)
    programs = (
        f'facsimile() {{ {python} -m facsimile "$@"; }}\n'
        f'snakemake() {{ {python} -m snakemake --cores 2 "$@"; }}\n'
    )
    completed = subprocess.run(
        ["bash", "-e", "-c", programs + commands],
        cwd=project.folder,
        env=project.environment | {SOCKET: warm.server()},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert completed.returncode == 0, completed.stdout
    return completed.stdout


def rows(table):
    """The table with ``#`` for every number: digits differ between processors."""
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [re.sub(r"−?\d+\.\d+", "#", re.sub(r"\s+", " ", line)) for line in lines]


def test_the_check_finds_nothing_and_the_row_is_shown(printed):
    assert "problem" not in printed
    assert "Shifted VAE" in printed


def test_the_table_of_the_page_is_the_one_that_is_made(project, printed):
    table = project.folder / "results/studies/first_study/smoke/tables/table1.md"
    [shown] = TABLE.findall(PAGE)
    assert rows(shown) == rows(table.read_text(encoding="utf-8"))


def test_each_run_records_the_code_of_the_readers_model(project, printed):
    [key, *_] = [key for key in project.weights() if "shifted_vae" in key]
    assert "models/shifted_vae" in project.record(key)["code"]


def test_the_readers_own_papers_are_known_by_the_variable(project, printed, monkeypatch):
    assert "first_study" not in project.facsimile("list")
    monkeypatch.setitem(project.variables, "FACSIMILE_PAPERS", str(project.folder / "mine"))
    assert "first_study" in project.facsimile("list")
    assert project.jobs("first_study") == {}
