"""The lock files, environments and profiles agree with each other and with pyproject.toml."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

LOCKS = ("build", "requirements", "torch")


def canonical(name: str) -> str:
    """A package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    """The table [project] of pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def locked(root: Path) -> dict[str, str]:
    """Package -> the version that is installed."""
    text = "\n".join((root / "envs" / f"{name}.lock").read_text() for name in LOCKS)
    return {
        canonical(name): version
        for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    }


def test_the_lock_holds_all_that_the_project_and_its_developers_need(
    project: dict[str, Any], locked: dict[str, str]
):
    wanted = map(Requirement, project["dependencies"] + project["optional-dependencies"]["dev"])
    wrong = [
        str(need)
        for need in wanted
        if not need.specifier.contains(locked.get(canonical(need.name), ""))
    ]
    assert wrong == [], "run: make lock"


def test_every_locked_package_but_torch_has_hashes(root: Path):
    for name in LOCKS[:2]:
        entries = re.split(
            r"^(?=\w)", (root / "envs" / f"{name}.lock").read_text(), flags=re.MULTILINE
        )
        without = [
            entry.split()[0] for entry in entries if "==" in entry and "--hash=sha256:" not in entry
        ]
        assert without == []


def test_what_torch_needs_is_declared_for_the_version_that_is_locked(
    root: Path, locked: dict[str, str]
):
    (declared,) = tomllib.loads((root / "envs/uv.toml").read_text())["dependency-metadata"]
    assert (declared["name"], declared["version"]) == ("torch", locked["torch"])


def test_the_conda_environment_has_the_versions_of_the_lock(
    root: Path, project: dict[str, Any], locked: dict[str, str]
):
    environment = yaml.safe_load((root / "envs/facsimile.yaml").read_text())
    pins = dict(pin.split("==") for pin in environment["dependencies"][-1]["pip"])
    needs = {canonical(Requirement(need).name) for need in project["dependencies"]}
    assert set(pins) == {name for name in needs if not name.startswith("snakemake")}
    assert pins == {name: locked[name] for name in pins}


def test_no_key_of_the_default_profile_hides_one_of_the_slurm_profile(root: Path):
    default, slurm = (
        yaml.safe_load((root / f"profiles/{name}/profile.yaml").read_text())
        for name in ("default", "slurm")
    )
    assert set(default) & set(slurm) == set()


def test_the_slurm_profile_is_where_snakemake_looks_for_it(root: Path):
    assert (root / "slurm").resolve() == (root / "profiles/slurm").resolve()


def test_the_citation_names_this_version(root: Path, project: dict[str, Any]):
    assert yaml.safe_load((root / "CITATION.cff").read_text())["version"] == project["version"]
