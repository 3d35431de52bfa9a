"""The lock files, environments and profiles agree with each other and with pyproject.toml."""

import importlib.metadata
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

import facsimile
from facsimile.foundation import extras

LOCKS = ("build", "requirements", "torch")


def canonical(name: str) -> str:
    """Return a package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    """The table [project] of pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def locked(root: Path) -> dict[str, str]:
    """Package -> version that is installed from the lock."""
    text = "\n".join((root / "envs" / f"{name}.lock").read_text() for name in LOCKS)
    return {
        canonical(name): version
        for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    }


def requirements(project: dict[str, Any], *names: str) -> list[Requirement]:
    """Return what the core and some extras require; an extra may name another one."""
    lines = list(project["dependencies"])
    for name in names:
        lines += project["optional-dependencies"][name]
    parsed = map(Requirement, lines)
    return [requirement for requirement in parsed if requirement.name != project["name"]]


def test_the_lock_contains_all_requirements_of_the_project_and_its_developers(
    project: dict[str, Any], locked: dict[str, str]
):
    unmet = []
    for requirement in requirements(project, *extras.LIBRARIES, "dev"):
        version = locked.get(canonical(requirement.name), "")
        if not requirement.specifier.contains(version):
            unmet.append(str(requirement))
    assert unmet == [], "run: make lock"


def test_every_locked_package_but_torch_has_hashes(root: Path):
    for name in LOCKS[:2]:
        text = (root / "envs" / f"{name}.lock").read_text()
        entries = re.split(r"^(?=\w)", text, flags=re.MULTILINE)
        packages = [entry for entry in entries if "==" in entry]
        unhashed = [entry.split()[0] for entry in packages if "--hash=sha256:" not in entry]
        assert unhashed == []


def test_the_requirements_of_torch_are_declared_for_the_locked_version(
    root: Path, locked: dict[str, str]
):
    (declared,) = tomllib.loads((root / "envs/uv.toml").read_text())["dependency-metadata"]
    assert (declared["name"], declared["version"]) == ("torch", locked["torch"])


def test_the_conda_environment_has_the_versions_of_the_lock(
    root: Path, project: dict[str, Any], locked: dict[str, str]
):
    environment = yaml.safe_load((root / "envs/facsimile.yaml").read_text())
    pins = dict(pin.split("==") for pin in environment["dependencies"][-1]["pip"])
    needs = {canonical(need.name) for need in requirements(project, *extras.LIBRARIES)}
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


def test_the_package_names_this_version_and_ships_its_types(root: Path, project: dict[str, Any]):
    assert facsimile.__version__ == project["version"]
    assert "__version__" in dir(facsimile)
    package = root / "workflow" / "facsimile"
    declared = tomllib.loads((root / "pyproject.toml").read_text())
    assert "py.typed" in declared["tool"]["setuptools"]["package-data"]["facsimile"]
    assert (package / "py.typed").is_file()


def test_the_citation_names_this_version(root: Path, project: dict[str, Any]):
    assert yaml.safe_load((root / "CITATION.cff").read_text())["version"] == project["version"]


def test_a_missing_library_is_said_to_be_in_the_extra_that_installs_it(project: dict[str, Any]):
    assert project["name"] == extras.DISTRIBUTION
    distributions = importlib.metadata.packages_distributions()
    # Of the extra "report", only seaborn is required; it brings matplotlib.
    brought = {"matplotlib": "seaborn"}
    for extra, libraries in extras.LIBRARIES.items():
        declared = [Requirement(text) for text in project["optional-dependencies"][extra]]
        names = {canonical(requirement.name) for requirement in declared}
        for library in libraries:
            installed_by = {
                canonical(name) for name in distributions[brought.get(library, library)]
            }
            assert installed_by & names, library


def test_the_core_needs_no_library_of_an_extra(project: dict[str, Any]):
    core = {canonical(requirement.name) for requirement in requirements(project)}
    assert core == {"numba", "numpy", "pandas", "scikit-learn", "scipy"}
