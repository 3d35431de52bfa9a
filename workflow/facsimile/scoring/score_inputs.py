"""The inputs of a metric for a finished run: codes, factors and, if needed, more of the run.

More are log-variances, the images that the latents were computed from, the decoder, and a reader of
decoded images.
"""

import functools
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facsimile import datasets
from facsimile.datasets import Arrays, Data, Dataset
from facsimile.datasets.base import partial
from facsimile.datasets.base.dataset import Integers
from facsimile.foundation import discover
from facsimile.metrics.base import nearest_picture
from facsimile.store import files, inferred_arrays, records
from facsimile.studies.runs import Run
from facsimile.studies.study import CONTROLS
from facsimile.studies.training import Training

# What a metric can need -> its name in latents.h5.
CODES = {
    "codes": "mean",
    "log_variances": "log_variance",
}
# Everything that a single run can provide.
OF_A_RUN = {
    "codes",
    "factors",
    "table",
    "grid",
    "log_variances",
    "images",
    "decoder",
    "classifier",
}
Array = npt.NDArray[np.float32]
Subgrid = tuple[tuple[str, int], ...]  # (factor, stride), sorted by factor


def applicable(
    metric: str,
    run: Run,
    stored: list[str] | None = None,
) -> bool:
    """Whether a run has everything that a metric needs; a control, for example, has no decoder.

    ``stored``: names of the arrays that the run infers; None for a run with a mean and a
    log-variance per image.

    Raises ValueError if the metric needs something that no single run has.
    """
    needs = set(discover.module("metrics", metric).NEEDS)
    if stored is not None:
        needed_arrays = {CODES[need] for need in needs & CODES.keys()}
        if not needed_arrays <= set(stored):
            return False
    if needs & {"factors", "table", "grid"} and not _has_factors(run.dataset):
        return False
    missing = needs - OF_A_RUN
    if missing:
        raise ValueError(
            f"{metric} needs {', '.join(sorted(missing))}, which a study's run does not have; "
            "compute it with facsimile.score, and take it out of the study's metrics"
        )
    if "classifier" in needs and not _has_known_pictures(run, metric):
        return False
    if "decoder" in needs:
        return run.model not in CONTROLS and _decodes(run.model)
    return True


def subgrid_of(run: Run) -> Subgrid:
    """The subgrid of a run in a form that a cache accepts."""
    return tuple(sorted(run.subgrid.items()))


def _has_factors(dataset: str) -> bool:
    data = datasets.grid(dataset)
    if isinstance(data, Arrays):
        return "factors" in data.shapes
    return True


def _has_known_pictures(run: Run, metric: str) -> bool:
    """Whether the data set has pictures and factors, so that a reader knows their values.

    Raises ValueError if they are too many for the reader.
    """
    data = datasets.grid(run.dataset).subgrid(run.subgrid)
    if isinstance(data, Arrays):
        if "images" not in data.shapes or "factors" not in data.shapes:
            return False
        values_of_picture = math.prod(data.shapes["images"])
    else:
        values_of_picture = math.prod(data.image_shape)
    values = len(data) * values_of_picture
    if values > nearest_picture.MOST_VALUES:
        raise ValueError(
            f"{metric} reads decoded pictures by the nearest one of {run.dataset}, whose "
            f"{values:,} values are more than the {nearest_picture.MOST_VALUES:,} that are kept in "
            "memory; use a subgrid, or take the metric out of the study"
        )
    return True


def _decodes(model: str) -> bool:
    """Whether a model has a decoder."""
    # Imported late: models need torch, which takes seconds to import.
    from facsimile.models import Model

    model_class: Any = discover.load_class("models", model, Model)
    return model_class.decode is not Model.decode


def codes(folder: Path, representation: str, seed: int) -> Array:
    """Codes of a run, float32 [n, d].

    ``representation``: ``mean`` of the run's posterior, or one code ``sampled`` from it. The sample
    depends only on ``seed``, the run's seed: all metrics get the same one, and runs with the same
    seed share the noise.
    """
    mean = _read_array(folder, "codes")
    if representation == "mean":
        return mean
    deviation = np.exp(_read_array(folder, "log_variances") / 2)
    sampled = mean + deviation * _noise(seed, mean.shape)
    return sampled.astype(np.float32, copy=False)


def _noise(seed: int, shape: tuple[int, ...]) -> Array:
    # The generator of models/base/rng.py. That module needs torch, whose import would delay every
    # scoring job by seconds.
    key = np.array([seed, zlib.crc32(b"sampled codes")], np.uint64)
    random = np.random.Generator(np.random.Philox(key=key))
    return random.standard_normal(shape, dtype=np.float32)


def inputs(
    metric: str,
    run: Run,
    folder: Path,
    data: Path,
) -> dict[str, Any]:
    """The arguments of ``facsimile.score`` besides codes and factors that a metric needs.

    ``folder``: the run's folder. ``data``: the file of its data set.
    """
    needs = discover.module("metrics", metric).NEEDS
    arguments: dict[str, Any] = {}
    if "log_variances" in needs:
        arguments["log_variances"] = _read_array(folder, "log_variances")
    if {"images", "decoder", "classifier"} & set(needs):
        dataset = opened(run.dataset, data, subgrid_of(run))
        if "images" in needs:
            arguments["images"] = Images(datasets.of_images(dataset), run.seed)
        if "decoder" in needs:
            arguments["decoder"] = decoder(run, folder, dataset)
        if "classifier" in needs:
            reader = _reader(run.dataset, data, subgrid_of(run))
            arguments["classifier"] = reader.probabilities
    return arguments


@functools.lru_cache(maxsize=1)  # the runs of a shard share it
def _reader(
    dataset: str,
    path: Path,
    subgrid: Subgrid,
) -> nearest_picture.Reader:
    """The reader of a data set's pictures, which knows all of them and their factors.

    The arguments are those of ``opened``.
    """
    data = opened(dataset, path, subgrid)
    rows = np.arange(len(data))
    if isinstance(data, Arrays):
        pictures = data.arrays(rows)["images"]
    else:
        # Of a stochastic data set, one draw of each picture.
        random = np.random.Generator(np.random.Philox(key=0))
        pictures = data.images(rows, random)
    return nearest_picture.Reader(pictures, data.factors(rows))


def _read_array(folder: Path, need: str) -> Array:
    """Codes or log-variances of a run, float32 [n, d].

    They are those of a model of images, or arrays with the same names that another model infers.
    """
    arrays = whole(folder)
    return np.asarray(arrays[CODES[need]], np.float32)


def whole(folder: Path) -> Mapping[str, Any]:
    """All arrays in a run's latents file, by name.

    The arrays of the last run are kept, as all its metrics need them; they are read and checked
    again only if the file has changed.
    """
    path = folder / files.LATENTS
    if not path.exists():
        return _whole(path, None)  # raises an error that says what to do
    status = path.stat()
    state = (status.st_ino, status.st_mtime_ns, status.st_size)
    return _whole(path, state)


@functools.lru_cache(maxsize=1)  # all metrics of a run are computed before the next run
def _whole(path: Path, state: tuple[int, ...] | None) -> Mapping[str, Any]:
    """``state``: changes if the file does, so that another file is not taken from the cache."""
    arrays = inferred_arrays.whole(path)
    for values in arrays.values():
        values.flags.writeable = False  # the metrics share them
    return arrays


class Images:
    """The images that a run's latents were computed from, read by row number.

    ``images[rows]`` is float32 [n, h, w, c] from 0 to 1.
    """

    def __init__(self, data: Dataset, seed: int) -> None:
        self._data = data
        self._seed = seed

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, rows: Sequence[int] | Integers) -> Array:
        indices = np.asarray(rows)
        is_stochastic = self._data.stochastic
        images = self._redraw(indices) if is_stochastic else self._data.images(indices)
        return images.astype(np.float32) / np.float32(255)

    def _redraw(self, rows: Integers) -> npt.NDArray[np.uint8]:
        """Images of a stochastic data set, drawn again as the encoder drew them.

        The encoder draws whole batches, so each batch that has some of the rows is drawn.
        """
        from facsimile.training import encode

        images = np.empty((len(rows), *self._data.image_shape), np.uint8)
        firsts = rows // encode.BATCH * encode.BATCH
        for first in np.unique(firsts):
            end = min(first + encode.BATCH, len(self._data))
            batch = encode.read(self._data, range(first, end), self._seed)
            in_batch = firsts == first
            images[in_batch] = batch[rows[in_batch] - first]
        return images


def decoder(run: Run, folder: Path, data: Data) -> Callable[[Array], Array]:
    """The run's decoder: codes float32 [n, d] -> means of the pixels [n, h, w, c].

    For a data set of arrays, it returns means of the numbers of a row. ``folder``: the run's
    folder. ``data``: its data set.
    """
    # Imported late: torch takes seconds to import, and most metrics do not need it.
    import torch

    from facsimile import models
    from facsimile.training import encode, loop

    model = models.model(run.model, **run.params)
    # Models that are not trained have no networks.
    networks: dict[str, Any] = {}
    if model.trained:
        training = Training.model_validate(run.statement["training"])
        weights = records.weights(folder)
        shape = loop.shape_of(model, data)
        networks = encode.networks(model, training, shape, weights)

    def decode(codes: Array) -> Array:
        with torch.inference_mode():
            array = np.asarray(codes, np.float32)
            decoded = model.decode(networks, torch.from_numpy(array))
            # Models have the channels first.
            means: Array = decoded.movedim(1, -1).numpy()
        return means

    return decode


@functools.lru_cache(maxsize=1)  # the runs of a shard share it
def opened(dataset: str, path: Path, subgrid: Subgrid) -> Data:
    """A data set, or the part of it that a run uses.

    ``dataset``: its name. ``path``: its file. ``subgrid``: (factor, stride), sorted by factor.
    """
    data = partial.dataset(dataset, path, dict(subgrid))
    return data.subgrid(dict(subgrid))


@functools.lru_cache(maxsize=1)
def factors(
    dataset: str,
    subgrid: Subgrid,
    path: Path | None = None,
) -> Integers:
    """Factors [n, k] of a data set, or of the part of it that a run uses, in its order.

    ``path``: the data set's file, from which a data set of arrays reads its factors.

    Data without factors get the row number as their only factor, so that points can still be drawn.
    Metrics that are computed on such data do not use it.
    """
    data = datasets.grid(dataset).subgrid(dict(subgrid))
    if not _has_factors(dataset):
        return np.arange(len(data))[:, None]
    if isinstance(data, Arrays):
        data = datasets.dataset(dataset, path)
    return data.factors(np.arange(len(data)))
