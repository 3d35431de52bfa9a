"""What a metric is given of a finished run: codes, factors, and where it needs them log-variances, images and the decoder."""

import functools
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facsimile import datasets
from facsimile.datasets import Arrays, Data, Dataset
from facsimile.datasets.base.dataset import Integers
from facsimile.foundation import discover
from facsimile.store import files, inferred_arrays, records
from facsimile.studies.runs import Run
from facsimile.studies.study import CONTROLS
from facsimile.studies.training import Training

CODES = {"codes": "mean", "log_variances": "log_variance"}  # need -> its name in latents.h5
OF_A_RUN = {"codes", "factors", "table", "grid", "log_variances", "images", "decoder"}
Array = npt.NDArray[np.float32]


def applicable(metric: str, run: Run, stored: list[str] | None = None) -> bool:
    """Whether a run has what the metric needs: a control has no decoder; raises ValueError for what no single run has.

    ``stored``: names of the arrays that the run infers, None for a mean and a log-variance an image.
    """
    needs = set(discover.module("metrics", metric).NEEDS)
    if stored is not None and not {CODES[need] for need in needs & CODES.keys()} <= set(stored):
        return False
    if needs & {"factors", "table", "grid"} and not _has_factors(run.dataset):
        return False
    if lacking := needs - OF_A_RUN:
        raise ValueError(
            f"{metric} needs {', '.join(sorted(lacking))}, which a study's run does not have: ask facsimile.score for it, and "
            "take it out of the study's metrics"
        )
    return not ("decoder" in needs and (run.model in CONTROLS or not _decodes(run.model)))


def _has_factors(dataset: str) -> bool:
    data = datasets.grid(dataset)
    return not isinstance(data, Arrays) or "factors" in data.shapes


def _decodes(model: str) -> bool:
    from facsimile.models import Model

    return discover.the_class("models", model, Model).decode is not Model.decode  # type: ignore[attr-defined]


def codes(folder: Path, representation: str, seed: int) -> Array:
    """Codes float32 [n, d] of a run: the ``mean`` of its posterior, or one ``sampled`` from it.

    The draw follows from the run's seed alone: it is the same whichever metric asks, and shared by runs of one seed.
    """
    mean = _stored(folder, "codes")
    if representation == "mean":
        return mean
    deviation = np.exp(_stored(folder, "log_variances") / 2)
    return (mean + deviation * _noise(seed, mean.shape)).astype(np.float32, copy=False)


def _noise(seed: int, shape: tuple[int, ...]) -> Array:
    # As rng.generator makes it, by its counter; rng needs torch, for which a scoring job would wait.
    key = np.array([seed, zlib.crc32(b"sampled codes")], np.uint64)
    return np.random.Generator(np.random.Philox(key=key)).standard_normal(shape, dtype=np.float32)


def inputs(metric: str, run: Run, folder: Path, data: Path) -> dict[str, Any]:
    """Arguments of ``facsimile.score`` besides codes and factors; ``folder`` is the run's, ``data`` its data set's file."""
    needs = discover.module("metrics", metric).NEEDS
    found: dict[str, Any] = {}
    if "log_variances" in needs:
        found["log_variances"] = _stored(folder, "log_variances")
    if "images" in needs or "decoder" in needs:
        source = opened(run.dataset, data, tuple(sorted(run.subgrid.items())))
        if "images" in needs:
            found["images"] = Images(datasets.of_images(source), run.seed)
        if "decoder" in needs:
            found["decoder"] = decoder(run, folder, source)
    return found


def _stored(folder: Path, need: str) -> Array:
    """Codes [n, d], or log-variances, of a run: of a model of images, or of one of arrays that infers them by these names."""
    return np.asarray(whole(folder)[CODES[need]], np.float32)


def whole(folder: Path) -> Mapping[str, Any]:
    """All arrays that a run's latents hold, by name, read and checked once while one metric after another wants them."""
    path = folder / files.LATENTS
    state = path.stat() if path.exists() else None  # without: let the reader say what is missing
    return _whole(path, state and (state.st_ino, state.st_mtime_ns, state.st_size))


@functools.lru_cache(maxsize=1)  # a run is asked all of its metrics before the next one
def _whole(path: Path, state: tuple[int, ...] | None) -> Mapping[str, Any]:
    found = inferred_arrays.whole(path)
    for values in found.values():
        values.flags.writeable = False  # the metrics share it
    return found


class Images:
    """The images that a run's latents are of, by their rows: float32 [n, h, w, c] in [0, 1]."""

    def __init__(self, data: Dataset, seed: int) -> None:
        self._data, self._seed = data, seed

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, rows: Sequence[int] | Integers) -> Array:
        at = np.asarray(rows)
        images = self._redrawn(at) if self._data.stochastic else self._data.images(at)
        return images.astype(np.float32) / np.float32(255)

    def _redrawn(self, rows: Integers) -> npt.NDArray[np.uint8]:
        """Images that are drawn anew at every read, as the encoder drew them: block by block, of which some rows are kept."""
        from facsimile.training import encode

        found = np.empty((len(rows), *self._data.image_shape), np.uint8)
        for first in np.unique(rows // encode.BATCH * encode.BATCH):
            block = encode.read(
                self._data, range(first, min(first + encode.BATCH, len(self._data))), self._seed
            )
            wanted = rows // encode.BATCH * encode.BATCH == first
            found[wanted] = block[rows[wanted] - first]
        return found


def decoder(run: Run, folder: Path, data: Data) -> Callable[[Array], Array]:
    """Codes float32 [n, d] → means of the pixels [n, h, w, c], or of the numbers of a row, by the run's own weights."""
    import torch

    from facsimile import models
    from facsimile.training import encode, loop

    model = models.model(run.model, **run.params)
    training = Training.model_validate(run.statement["training"])
    made = encode.networks(model, training, loop.shape_of(model, data), records.weights(folder))

    def decode(codes: Array) -> Array:
        with torch.inference_mode():
            means: Array = (
                model.decode(made, torch.from_numpy(np.asarray(codes, np.float32)))
                .movedim(1, -1)
                .numpy()
            )
        return means

    return decode


@functools.lru_cache(maxsize=1)  # the runs of a shard share it
def opened(dataset: str, path: Path, subgrid: tuple[tuple[str, int], ...]) -> Data:
    """A data set, or the part of it that a run is of."""
    return datasets.dataset(dataset, path).subgrid(dict(subgrid))


@functools.lru_cache(maxsize=1)
def factors(
    dataset: str, subgrid: tuple[tuple[str, int], ...], path: Path | None = None
) -> Integers:
    """Factors [n, k] of a data set or of a part of it, in its order; those of arrays are read from its file, ``path``.

    Arrays without any have the number of the row: it lets points be drawn, and no metric that is asked of them looks at it.
    """
    data = datasets.grid(dataset).subgrid(dict(subgrid))
    if not _has_factors(dataset):
        return np.arange(len(data))[:, None]
    if isinstance(data, Arrays):
        data = datasets.dataset(dataset, path)
    return data.factors(np.arange(len(data)))
