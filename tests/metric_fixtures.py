"""Latents of known structure on small grids, and the reference values."""

import numpy as np
import pytest
from project import GOLDENS

from facsimile.metrics.base import draws as base_draws
from facsimile.metrics.base.cases import Grid

REFERENCE = GOLDENS / "metrics"
CASES = sorted(path.stem.removeprefix("dsprites_") for path in REFERENCE.glob("*.npz"))
SIZES = (3, 4, 5, 6)


@pytest.fixture
def grid():
    return Grid(SIZES)


@pytest.fixture(scope="session")
def dsprites():
    """The factor grid of dSprites, without colour."""
    return Grid((3, 6, 40, 32, 32))


# Boosted trees of ten continuous latents take two seconds per case; the fast tests run two cases.
EVERY_TIME = {"merged", "rotated"}


@pytest.fixture(params=CASES)
def golden(request):
    """One case: its arrays by name, ``case``, and the draws."""
    return read(request.param)


@pytest.fixture(
    params=[
        case if case in EVERY_TIME else pytest.param(case, marks=pytest.mark.slow) for case in CASES
    ]
)
def golden_costly(request):
    """The same for tests that take about a second per case: some cases are slow."""
    return read(request.param)


@pytest.fixture
def read_golden():
    """Read one case by its name."""
    return read


def read(case):
    with np.load(REFERENCE / f"dsprites_{case}.npz", allow_pickle=False) as file:
        scores = dict(file)
    return scores | {"case": case, "draws": draws(scores)}


def draws(scores):
    train, test = ((scores[f"mus_{part}"].T, scores[f"ys_{part}"].T) for part in ("train", "test"))
    return base_draws.Draws(base_draws.Sample(*train), base_draws.Sample(*test))
