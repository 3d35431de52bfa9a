"""Fixtures and scheduling of all tests."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import processor
import pytest
from xdist import plugin
from xdist.scheduler import LoadScopeScheduling

from facsimile.foundation import discover

ROOT = Path(__file__).parent.parent
SLURM = "tests/slurm/"
SLOWEST = (SLURM, "tests/flow/", "tests/training/")

# One thread, as in a job: two threads on a busy core are many times slower. Set before anything
# imports torch or numpy.
os.environ["OMP_NUM_THREADS"] = "1"

# No test has a time limit of its own: on a busy machine any example may take long.
hypothesis.settings.register_profile(
    "no clock", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("no clock")


class ByFile(LoadScopeScheduling):
    """Keep all tests of a file in one process, and all tests that use the SLURM cluster."""

    def _split_scope(self, nodeid: str) -> str:
        return SLURM if nodeid.startswith(SLURM) else nodeid.partition("::")[0]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return one process per core, and one more for the tests of the cluster, which mostly wait."""
    cores = plugin.pytest_xdist_auto_num_workers(config)
    return cores if "not slow" in config.option.markexpr else cores + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Return the scheduler that distributes tests over processes."""
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the slowest tests, so that no process is left with a long one at the end.

    Those of the cluster come first, then whole workflows and training, then other slow files.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}

    def rank(item: pytest.Item) -> int:
        if item.path not in slow:
            return len(SLOWEST) + 1
        for place, folder in enumerate(SLOWEST):
            if item.nodeid.startswith(folder):
                return place
        return len(SLOWEST)

    items.sort(key=rank)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Below the slowest tests, if these are asked for: on which processor they were."""
    if config.getoption("durations") is not None:
        terminalreporter.section("processor")
        terminalreporter.write_line(processor.described())


@pytest.fixture(scope="module", autouse=True)
def papers_of_one_file() -> Iterator[None]:
    """Papers that the tests of a file add are not found by those of the next file."""
    before = discover.paper_folders()
    yield
    discover.use_papers(before)


@pytest.fixture(scope="session")
def root() -> Path:
    """Root folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real data beside the repository; skips the test if it does not exist."""
    folder = Path(os.environ.get("FACSIMILE_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set FACSIMILE_SHARED to a folder that has them")
    return folder
