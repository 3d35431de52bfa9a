"""Ask a metric that is not of codes: of the arrays that a run stores, its history, its data set (``metrics/_findings.py``).

Such a metric says in ``NEEDS`` which it must have: ``inferred.NAME`` an array of the run's ``latents.h5``, ``data.NAME`` one of
the data set, ``model.NAME`` that very model, ``history`` its losses and traces along training, ``images``, ``grid``. A run that
lacks one is not asked.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from facsimile import datasets, metrics
from facsimile.datasets import Arrays
from facsimile.foundation import discover
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.scoring import score_inputs
from facsimile.store import files, inferred_arrays
from facsimile.studies.parts import Evaluation
from facsimile.studies.runs import Run

PLAIN = ("history", "images", "grid")
BY_NAME = ("inferred", "data", "model")


def uses_run_outputs(metric: str) -> bool:
    """Whether a metric is one of outputs: it needs no codes."""
    return "codes" not in discover.module("metrics", metric).NEEDS


def has(metric: str, run: Run, about: Mapping[str, Any]) -> bool:
    """Whether a run has all that such a metric needs, by the attributes of its latents file; raises ValueError for no need."""
    grid = datasets.grid(run.dataset)
    there = {"model": [run.model], "inferred": inferred_arrays.names(about) or []}
    plain = list(PLAIN)
    if isinstance(grid, Arrays):
        there["data"], plain = list(grid.shapes), ["history"]
    for need in discover.module("metrics", metric).NEEDS:
        kind, dot, name = need.partition(".")
        if (kind not in BY_NAME) if dot else (need not in PLAIN):
            known = ", ".join([*PLAIN, *(f"{kind}.NAME" for kind in BY_NAME)])
            raise ValueError(f"{metric} needs {need!r}, which is neither codes nor one of: {known}")
        if name not in there.get(kind, []) if dot else need not in plain:
            return False
    return True


def score(metric: str, run: Run, folder: Path, data: Path, asked: Evaluation) -> pd.DataFrame:
    """A metric's scores of one run, one a row, with the columns of ``facsimile.score``."""
    given = score_inputs.opened(run.dataset, data, tuple(sorted(run.subgrid.items())))
    of_arrays = isinstance(given, Arrays)
    found = RunOutputs(
        model=run.model,
        params=run.params,
        inferred=score_inputs.whole(folder),
        history=pd.read_parquet(folder / files.HISTORY),
        data=given.arrays(slice(None)) if isinstance(given, Arrays) else {},
        images=None if isinstance(given, Arrays) else score_inputs.Images(given, run.seed),
        grid=None if of_arrays else given,
        asked=(asked.train, asked.test),
        seed=asked.seed,
    )
    return metrics._ask(found, [metric], asked.convention, progress=False)
