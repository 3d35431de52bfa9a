"""The cluster and the undisturbed project that the tests of this folder share."""

from collections.abc import Iterator

import pytest
from project import Project

from . import faults
from .cluster import Cluster, cluster, obstacle


@pytest.fixture(scope="session")
def slurm_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Four nodes with two fake GPUs each; the test is skipped, with the reason, where no cluster can be started."""
    if (reason := obstacle()) is not None:
        pytest.skip(reason)
    with cluster(tmp_path_factory.mktemp("slurm")) as running:
        yield running


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A small study made without a disturbance: what every fault is compared with."""
    return faults.made(tmp_path_factory.mktemp("undisturbed") / "project")
