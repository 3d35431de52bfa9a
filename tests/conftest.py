"""What all tests share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SLURM = ROOT / "tests" / "slurm"

# One thread, as in a job: two on a core that is busy are many times slower. Said before anything imports torch or numpy.
os.environ["OMP_NUM_THREADS"] = "1"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process of pytest has all tests of a file, and one all that share the SLURM cluster; what is slow begins first."""
    for item in items:
        cluster = SLURM in item.path.parents
        item.add_marker(pytest.mark.xdist_group("slurm" if cluster else str(item.path.relative_to(ROOT))))
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (SLURM not in item.path.parents, item.path not in slow))


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
