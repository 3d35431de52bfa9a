"""``facsimile.evaluate``: scores of an encoder on a data set, beside those of shipped models."""

# Annotations stay text, so that ``help(facsimile.evaluate)`` shows them as they are written.
from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from facsimile import datasets
from facsimile import metrics as all_metrics
from facsimile.datasets import Arrays, Dataset, DatasetError
from facsimile.foundation import discover
from facsimile.foundation.paths import Paths
from facsimile.metrics.base import draws as base_draws
from facsimile.metrics.base import rows, selection
from facsimile.metrics.base.arguments import Points
from facsimile.metrics.base.draws import ModelOutputs
from facsimile.metrics.base.selection import Selected
from facsimile.scoring import baselines, drawn_rows, encoded_table
from facsimile.scoring.encoded_table import EncodedTable
from facsimile.scoring.encoder import Encode, Encoder
from facsimile.scoring.score_inputs import Images
from facsimile.scoring.torch_encoder import torch_encoder

# Inputs of metrics that a data set and an encoder's means provide.
INPUTS = {"codes", "factors", "table", "grid"}
# Inputs for which every image is encoded.
OF_EVERY_ROW = {"table", "grid", "log_variances"}
# Images that an encoder is called with at a time.
BATCH = 128
# The value stays the last column, which pandas prints however narrow the terminal is.
COLUMNS = [*rows.COLUMNS[:-1], *baselines.PLACE, rows.COLUMNS[-1]]


def evaluate(
    encode: Callable[..., Any],
    dataset: str | Dataset,
    metrics: Sequence[str] | str | None = None,
    convention: str = "dlib",
    seed: int = 0,
    n_train: int = 10_000,
    n_test: int = 5_000,
    batch_size: int = BATCH,
    sampling: str = "auto",
    progress: bool = True,
    path: Path | None = None,
) -> pd.DataFrame:
    """Score an encoder on a data set of images, and place it among the shipped baselines.

    Only the images that the metrics use are encoded: by default at most ``n_train + n_test``, on
    dSprites 14,865 of 737,280. The scores are those that ``facsimile.score`` computes from the
    codes of all images, bit for bit.

    Parameters
    ----------
    encode : callable or torch.nn.Module
        Takes images float32 [n, height, width, channels] from 0 to 1. Returns means [n, d], or a
        tuple (means, log_variances), both [n, d]: arrays, lists or torch tensors. A torch module is
        called with [n, channels, height, width], as ``facsimile.torch_encoder`` does.
    dataset : str or Dataset
        Name of a data set of images, or an opened one (``facsimile.dataset(name)``, or a sub-grid
        of it).
    metrics : sequence of str, str or None, default=None
        Names of metrics, or one string of names separated by commas. None: the metrics of Locatello
        et al. 2019 that need only the points that are drawn. "all": every metric that has the
        convention and whose inputs ``encode`` returns. Metrics that need the whole table, such as
        the BetaVAE and FactorVAE scores, have every image encoded.
    convention : str, default="dlib"
        Which published variant of each metric to compute, as in ``facsimile.score``.
    seed : int, default=0
        Seed of all sampling, and of the images of a data set that draws a part of them.
    n_train, n_test : int, default=10_000 and 5_000
        Number of training and of test points.
    batch_size : int, default=128
        Number of images that ``encode`` is called with, each time.
    sampling : {"auto", "disjoint", "replacement"}, default="auto"
        How points are sampled, as in ``facsimile.score``.
    progress : bool, default=True
        Print to stderr how many images are encoded, and one line per metric.
    path : Path, default=None
        File of a data set that is given by its name; by default ``results/data/<name>.h5``. The
        file of a data set that is generated is made if it does not exist.

    Returns
    -------
    pandas.DataFrame
        One row per score, with the columns of ``facsimile.score`` and the place among the shipped
        models that were scored in the same way: ``baselines`` (how many), their ``lowest``,
        ``median`` and ``highest`` value, ``higher_than`` (how many have a lower value), and the
        values of the controls ``oracle`` and ``noise``. ``table.attrs["baselines"]`` says which
        models these are, and is empty if there are none.

    Raises
    ------
    UnknownName
        If there is no such data set, metric, convention or kind of sampling (a ValueError).
    EncodeError
        If ``encode`` fails or returns what cannot be scored (a ValueError). A few images are tried
        before all others.
    DatasetError
        If the file of a data set does not exist and cannot be generated.
    ValueError
        If the data set is one of arrays, or if a metric needs more than means and log-variances.

    See Also
    --------
    draws : The rows that are encoded.
    score : Score codes of all rows.

    Examples
    --------
    With a torch module ``vae`` whose method ``encode`` returns means and log-variances::

        encode = facsimile.torch_encoder(vae.encode)
        table = facsimile.evaluate(encode, dataset="dsprites", metrics="mig,dci")
    """
    function = _function(encode)
    if not isinstance(batch_size, int | np.integer) or batch_size < 1:
        raise ValueError(f"batch_size is a number of images, 1 or more, not {batch_size!r}")
    all_metrics.check_settings(n_train, n_test, base_draws.BATCH, sampling)
    all_metrics.check_seed(seed)
    possible = _selected(metrics, convention, has_log_variances=True)
    _require_inputs(possible, has_log_variances=True)
    data = opened(dataset, path)
    factors, names = drawn_rows.varying_factors(data)
    sampled = drawn_rows.without_codes(factors, names, n_train, n_test, seed, sampling)
    drawn = drawn_rows.rows_of(sampled)
    encoder = Encoder(function, Images(data, seed), batch_size, progress)
    encoder.try_out(drawn.train)
    has_log_variances = encoder.log_variances is not None
    chosen = _selected(metrics, convention, has_log_variances)
    _require_inputs(chosen, has_log_variances)
    if len(names) == 1:  # with several factors, a full grid has many rows for each value
        points = Points(encoder.means, factors, names)
        all_metrics.check_numbers_of_values(points, chosen, sampled)
    needed = drawn.distinct
    if any(metric.needs & OF_EVERY_ROW for metric in chosen):
        needed = np.arange(len(data))
    if progress:
        print(f"{data.name}: {len(needed):,} of {len(data):,} images are encoded", file=sys.stderr)
    encoder.encode(needed)
    outputs = ModelOutputs(log_variances=encoder.log_variances)
    draws = encoded_table.encoded(sampled, EncodedTable(encoder, factors, names), outputs)
    used = base_draws.REPLACEMENT if draws.parts is None else base_draws.DISJOINT
    table = all_metrics.scored(draws, chosen, progress, used, bins="", warn=sampling != used)
    shipped = baselines.shipped(data.name)
    placed = baselines.placed(table, shipped)[COLUMNS]
    placed.attrs = table.attrs | {"baselines": baselines.sources(table, shipped)}
    return placed


def opened(dataset: Any, path: Path | None = None) -> Dataset:
    """A data set of images by its name, or the data set itself if it is open.

    ``path``: its file; by default ``results/data/<name>.h5``. A data set that is generated is made
    if the file does not exist. Raises UnknownName, ValueError for a data set of arrays, and
    DatasetError if the file does not exist and needs official files.
    """
    if isinstance(dataset, Dataset | Arrays):
        return datasets.of_images(dataset)
    if not isinstance(dataset, str):
        raise ValueError(f"dataset must be a name or an opened data set, not {dataset!r}")
    datasets.of_images(datasets.grid(dataset))
    file = path or Paths(Path("results")).dataset(dataset)
    data_class: Any = discover.load_class("datasets", dataset, datasets.DataFile)
    if not file.exists() and hasattr(data_class, "fetch"):
        raise DatasetError(
            f"{file}: missing, and {dataset} is made from official files; make it once: "
            f"facsimile data {dataset} (which downloads them)"
        )
    return datasets.of_images(datasets.dataset(dataset, file))


def _function(encode: Any) -> Encode:
    """The function that encodes NumPy images; raises ValueError for what cannot be called."""
    if isinstance(encode, type):
        raise ValueError(f"encode is the class {encode.__name__}; give an object of it")
    if not callable(encode):
        raise ValueError(f"encode must be a function or a torch module, not {encode!r}")
    # Whoever has a module has imported torch.
    torch = sys.modules.get("torch")
    is_module = torch is not None and isinstance(encode, torch.nn.Module)
    function: Encode = torch_encoder(encode) if is_module else encode
    return function


def _selected(
    metrics: Sequence[str] | str | None,
    convention: str,
    has_log_variances: bool,
) -> list[Selected]:
    """The metrics to compute; raises UnknownName, and ValueError if there is none."""
    if metrics is None:
        return selection.select(None, convention, {"codes", "factors"})
    return selection.select(metrics, convention, _inputs(has_log_variances))


def _inputs(has_log_variances: bool) -> set[str]:
    return INPUTS | {"log_variances"} if has_log_variances else set(INPUTS)


def _require_inputs(metrics: Sequence[Selected], has_log_variances: bool) -> None:
    """Raise ValueError if a metric needs what an encoder does not return."""
    for metric in metrics:
        missing = sorted(metric.needs - _inputs(has_log_variances))
        if missing == ["log_variances"]:
            raise ValueError(
                f"{metric.name} needs log_variances; let encode return a tuple "
                "(means, log_variances), or leave the metric out"
            )
        if missing:
            raise ValueError(
                f"{metric.name} needs {', '.join(missing)}, which an encoder does not provide; "
                "encode all images and use facsimile.score, or leave the metric out"
            )
