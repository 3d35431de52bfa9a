"""CONTRIBUTING's recipes, copied as they stand, pass the tests that the page names."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT, Project, write_files

from facsimile.foundation import discover

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
# A path between backticks at the end of a line, and the block below it.
FILE = re.compile(r"`([\w/]+\.\w+)`:\n\n```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILES = {path: text for path, _, text in FILE.findall(PAGE)}
# What follows the program, each once.
COMMANDS = dict.fromkeys(re.findall(r"^ {4}.*\.venv/bin/pytest (.*)$", PAGE, re.MULTILINE))


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    """A folder of papers with the files of the page, outside the repository."""
    return write_files(tmp_path_factory.mktemp("papers"), FILES)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project.create(tmp_path_factory.mktemp("recipes") / "project")


def test_the_page_has_an_example_of_every_kind():
    assert {path.split("/")[1] for path in FILES} == {
        *discover.KINDS,
        "study.yaml",
        "published.csv",
    }
    assert re.findall(r"```(?:python|yaml|csv)", PAGE).__len__() == len(FILES)


@pytest.mark.slow
def test_the_examples_pass_the_tests_that_the_page_names(papers, environment):
    """In one process instead of one for each command, which would collect tests for most of it."""
    paths, names, selected = set(), [], []
    for command in COMMANDS:
        *where, _, name = shlex.split(command)
        paths.update(where)
        names.append(name)
        # Each name only in its own files and folders.
        places = " or ".join(Path(path).name for path in where)
        selected.append(f"(({places}) and {name})")
    options = ("-n0", "-p", "no:cacheprovider", "-vv", "-k", " or ".join(selected))
    completed = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *sorted(paths)],
        cwd=ROOT,
        env=environment | {"FACSIMILE_PAPERS": str(papers)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert completed.returncode == 0, completed.stdout
    passed = [line for line in completed.stdout.splitlines() if "PASSED" in line]
    for name in names:
        assert any(name in line for line in passed), f"no test of {name}"


@pytest.fixture
def environment(project):
    return project.environment | {"PYTHONPATH": str(ROOT / "workflow")}


@pytest.mark.slow
def test_the_examples_make_a_study(project, papers, monkeypatch):
    monkeypatch.setitem(project.variables, "FACSIMILE_PAPERS", str(papers))
    project.snakemake("stripes", "--config", "scale=smoke")
    shown = project.facsimile("show", "stripes", "--all")
    for text in ("Shifted VAE", "The lowest and the highest score", "Spread of codes"):
        assert text in shown
    folder = project.folder / "results/studies/stripes/smoke"
    assert "shifted" in (folder / "claims.csv").read_text()
    assert (folder / "figures" / "fig1.png").stat().st_size > 1000
