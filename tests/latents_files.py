"""Files of codes and factors as a user has them, for tests of ``facsimile score``."""

import io

import h5py
import numpy as np
import pytest
from rich.console import Console

from facsimile.commands import score_file
from facsimile.metrics.base.cases import Grid

GRID = Grid((3, 4, 5))
N = len(GRID.factors)
POINTS = (200, 100)


def arrays(**changed):
    """The arrays of a valid file, some of them replaced; None removes an array."""
    valid = {"codes": GRID.oracle(), "factors": GRID.factors} | changed
    return {name: value for name, value in valid.items() if value is not None}


def npz(path, **changed):
    np.savez(path, **arrays(**changed))
    return path


def h5(path, **changed):
    with h5py.File(path, "w") as file:
        for name, value in arrays(**changed).items():
            file[name] = value
    return path


WRITERS = {"a.npz": npz, "a.h5": h5}


@pytest.fixture(params=WRITERS)
def save(request, tmp_path):
    return lambda **changed: WRITERS[request.param](tmp_path / request.param, **changed)


def score(path, metrics=("mig", "dci"), outputs=(), **options):
    """Score a file; return the scores and the printed text."""
    out = io.StringIO()
    convention = options.pop("convention", "dlib")
    table = score_file.score(
        path, metrics, convention, 0, POINTS, 64, outputs, Console(file=out, width=100)
    )
    return table, out.getvalue()
