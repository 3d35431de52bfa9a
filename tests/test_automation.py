"""Dockerfile, GitHub workflow and Makefile: what they name exists and is what the project needs."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from facsimile.planning import shipped, workspace
from facsimile.planning.studies_at_scale import StudiesAtScale
from facsimile.planning.targets import Targets

MAKE = re.compile(r"\bmake ((?:[a-z]+ ?)+)")


@pytest.fixture(scope="module")
def makefile(root: Path) -> str:
    return (root / "Makefile").read_text()


@pytest.fixture(scope="module")
def workflow(root: Path) -> dict:
    return yaml.safe_load((root / ".github/workflows/tests.yml").read_text())


def commands(workflow: dict) -> list[str]:
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    return [step["run"] for step in steps if "run" in step]


def test_the_workflow_makes_targets_that_exist(workflow, makefile, root):
    targets = re.findall(r"^([a-z]+):", makefile, re.MULTILINE)
    used = [
        word
        for line in commands(workflow)
        for words in MAKE.findall(line)
        for word in words.split()
    ]
    assert {"fast", "lint", "docs", "demo"} <= set(used) <= set(targets)
    scripts = re.findall(r"bash (\S+)", " ".join(commands(workflow)))
    assert scripts == [".ci/run"]
    assert (root / scripts[0]).exists()


def test_the_workflow_tests_only_versions_of_python_that_are_supported(workflow, root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    supported = SpecifierSet(project["requires-python"])
    versions = workflow["jobs"]["fast"]["strategy"]["matrix"]["python"]
    assert "3.11" in versions
    assert all(version in supported for version in versions)


def test_the_index_of_torch_is_the_same_everywhere(workflow, makefile, root):
    index = workflow["env"]["TORCH_INDEX"]
    assert f"TORCH_INDEX={index}" in (root / "Dockerfile").read_text()
    assert f"TORCH_INDEX={index}" in makefile
    assert f"torch_index={index}" in (root / "envs/facsimile.def").read_text()


def test_the_dockerfile_installs_every_lock_and_copies_what_exists(root, makefile):
    text = (root / "Dockerfile").read_text()
    locks = re.findall(r"-r (envs/\S+\.lock)", text)
    (needed,) = re.findall(r"^LOCKS := (.*)$", makefile, re.MULTILINE)
    assert locks == needed.split()
    for source in re.findall(r"^COPY (\S+) ", text, re.MULTILINE):
        assert (root / source).exists()
    # Both images are of the same Python.
    image = re.search(r"^FROM (\S+)$", text, re.MULTILINE)[1]
    assert f"From: {image}" in (root / "envs/facsimile.def").read_text()


def test_the_image_leaves_out_results_but_not_those_that_are_shipped(root):
    ignored = (root / ".dockerignore").read_text().split()
    assert "results/*" in ignored
    assert ignored.index("!results/reference") > ignored.index("results/*")


def test_the_demo_makes_targets_of_its_scale(root, makefile, monkeypatch):
    monkeypatch.chdir(root)
    (text,) = re.findall(r"^DEMO := ((?:.*\\\n)*.*)$", makefile, re.MULTILINE)
    words = text.replace("\\\n", " ").split()
    targets = Targets(StudiesAtScale({"scale": "demo"}))
    known = set()
    for study in targets.studies.names:
        known |= set(targets.names(study))
    assert words
    assert set(words) <= known


def test_the_report_of_make_is_of_scores_that_are_shipped(root, makefile, monkeypatch):
    monkeypatch.chdir(root)
    (study,) = re.findall(r"^REPORTED := (\w+)$", makefile, re.MULTILINE)
    (scale,) = re.findall(r"studies/\$\(REPORTED\)/(\w+)/report", makefile)
    assert study in workspace.load().study_ids()
    assert (root / shipped.REFERENCE / study / scale / "scores.parquet").exists()


def test_the_citation_names_the_version_of_the_project(root):
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    assert f"version = {{{version}}}" in (root / "README.md").read_text()
    assert yaml.safe_load((root / "CITATION.cff").read_text())["version"] == version
