"""What all tests share."""

import os
from pathlib import Path
from typing import Any

import processor
import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parent.parent
SLURM = "tests/slurm/"

# One thread, as in a job: two on a core that is busy are many times slower. Said before anything imports torch or numpy.
os.environ["OMP_NUM_THREADS"] = "1"


class ByFile(LoadScopeScheduling):
    """One process of pytest has all tests of a file, and one all that share the SLURM cluster."""

    def _split_scope(self, nodeid: str) -> str:
        return SLURM if nodeid.startswith(SLURM) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """How tests are shared out."""
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first: the cluster's tests, then files with slow ones."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (not item.nodeid.startswith(SLURM), item.path not in slow))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Below the slowest tests, if these are asked for: on which processor they were."""
    if config.getoption("durations") is not None:
        terminalreporter.section("processor")
        terminalreporter.write_line(processor.described())


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the repository; the test is skipped where there is none."""
    folder = Path(os.environ.get("FACSIMILE_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set FACSIMILE_SHARED to a folder that has them")
    return folder
