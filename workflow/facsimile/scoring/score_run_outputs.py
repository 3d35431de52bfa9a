"""Compute metrics that need other outputs of a run than codes: see ``metrics/base/run_outputs.py``.

Such a metric lists what it needs in ``NEEDS``:

- ``inferred.NAME``: an array of the run's ``latents.h5``.
- ``data.NAME``: an array of the data set.
- ``model.NAME``: that the run is of this model.
- ``history``: losses and traces along training.
- ``images``, ``grid``: the images of the data set and its grid of factors.

It is not computed for a run without one of these.
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
    """Whether a metric uses outputs of a run other than codes."""
    return "codes" not in discover.module("metrics", metric).NEEDS


def has(metric: str, run: Run, about: Mapping[str, Any]) -> bool:
    """Whether a run has everything that such a metric needs.

    ``about``: attributes of the run's latents file. Raises ValueError if ``NEEDS`` lists something
    that does not exist.
    """
    grid = datasets.grid(run.dataset)
    plain = list(PLAIN)
    by_name = {
        "model": [run.model],
        "inferred": inferred_arrays.names(about) or [],
    }
    if isinstance(grid, Arrays):
        plain = ["history"]
        by_name["data"] = list(grid.shapes)
    for need in discover.module("metrics", metric).NEEDS:
        _check_need(metric, need)
        kind, dot, name = need.partition(".")
        available = by_name.get(kind, []) if dot else plain
        if (name if dot else need) not in available:
            return False
    return True


def score(
    metric: str,
    run: Run,
    folder: Path,
    data: Path,
    evaluation: Evaluation,
) -> pd.DataFrame:
    """A metric's scores for one run, one per row, with the columns of ``metrics.score_outputs``.

    ``folder``: the run's folder. ``data``: the file of its data set. ``evaluation``: how to compute
    the metric.
    """
    subgrid = score_inputs.subgrid_of(run)
    dataset = score_inputs.opened(run.dataset, data, subgrid)
    # A data set has either arrays, or images on a grid of factors.
    arrays, images, grid = {}, None, None
    if isinstance(dataset, Arrays):
        arrays = dataset.arrays(slice(None))
    else:
        images = score_inputs.Images(dataset, run.seed)
        grid = dataset
    outputs = RunOutputs(
        model=run.model,
        params=run.params,
        inferred=score_inputs.whole(folder),
        history=pd.read_parquet(folder / files.HISTORY),
        data=arrays,
        images=images,
        grid=grid,
        n_points=(evaluation.train, evaluation.test),
        seed=evaluation.seed,
    )
    return metrics.score_outputs(outputs, metric, evaluation.convention)


def _check_need(metric: str, need: str) -> None:
    """Raise ValueError if there is nothing that a metric could need by this name."""
    kind, dot, _ = need.partition(".")
    exists = kind in BY_NAME if dot else need in PLAIN
    if not exists:
        by_name = [f"{kind}.NAME" for kind in BY_NAME]
        valid = ", ".join([*PLAIN, *by_name])
        raise ValueError(f"{metric} needs {need!r}, which is neither codes nor one of: {valid}")
