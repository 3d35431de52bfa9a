"""Latents of known structure on small grids, and the reference's answers."""

from pathlib import Path

import numpy as np
import pytest

from facsimile.metrics import _draws
from facsimile.metrics._cases import Grid

GOLDENS = Path(__file__).parent.parent / "goldens" / "metrics"
CASES = sorted(path.stem.removeprefix("dsprites_") for path in GOLDENS.glob("*.npz"))
SIZES = (3, 4, 5, 6)


@pytest.fixture
def grid():
    return Grid(SIZES)


@pytest.fixture(scope="session")
def dsprites():
    """The factor grid of dSprites, without colour."""
    return Grid((3, 6, 40, 32, 32))


# Boosted trees of ten continuous latents take two seconds a case; one such case is enough every time.
EVERY_TIME = {"duplicate", "merged", "redundant", "rotated", "vae_like"}


@pytest.fixture(params=CASES)
def golden(request):
    """One case: its arrays by name, ``case``, and the draws."""
    return read(request.param)


@pytest.fixture(params=[case if case in EVERY_TIME else pytest.param(case, marks=pytest.mark.slow) for case in CASES])
def golden_costly(request):
    """The same, for what takes about a second a case: some cases are slow."""
    return read(request.param)


@pytest.fixture
def read_golden():
    """Read one case by its name."""
    return read


def read(case):
    with np.load(GOLDENS / f"dsprites_{case}.npz", allow_pickle=False) as file:
        found = dict(file)
    return found | {"case": case, "draws": draws(found)}


def draws(found):
    train, test = ((found[f"mus_{part}"].T, found[f"ys_{part}"].T) for part in ("train", "test"))
    return _draws.Draws(_draws.Sample(*train), _draws.Sample(*test))
