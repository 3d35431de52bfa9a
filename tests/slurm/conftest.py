"""The cluster and the undisturbed project that the tests of this folder share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from project import Project

from . import faults
from .cluster import Cluster, cluster, obstacle


@pytest.fixture(scope="package")
def slurm_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Four nodes with two fake GPUs each; skips, with the reason, if no cluster can be started."""
    if (reason := obstacle()) is not None:
        pytest.skip(reason)
    with cluster(tmp_path_factory.mktemp("slurm")) as running:
        yield running


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A small study that ran without faults, with which every fault is compared."""
    return faults.make(tmp_path_factory.mktemp("undisturbed") / "project")


@pytest.fixture
def toy(tmp_path: Path, root: Path, request: pytest.FixtureRequest) -> Path:
    """A folder with the test file's SNAKEFILE, and the repository's profiles as users have them."""
    (tmp_path / "Snakefile").write_text(request.module.SNAKEFILE)
    (tmp_path / "profiles").symlink_to(root / "profiles")
    (tmp_path / "slurm").symlink_to("profiles/slurm")
    return tmp_path
