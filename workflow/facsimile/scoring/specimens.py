"""The trained models that a figure shows: codes, images and decoders of runs in the store."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from facsimile import datasets
from facsimile.datasets.base.dataset import Integers
from facsimile.datasets.base.scene import Scene
from facsimile.planning.workspace import Workspace
from facsimile.scoring import score_inputs
from facsimile.store import files, inferred_arrays, latents
from facsimile.studies.runs import Run
from facsimile.studies.study import Study

Array = npt.NDArray[np.float32]


class StoredSpecimens:
    """The specimens (figures/base/specimens.py) of a study at the configured scale.

    Every method takes the key of a run.
    """

    def __init__(self, workspace: Workspace, study: Study) -> None:
        self._workspace = workspace
        self._study = study

    def has(self, key: str) -> bool:
        """Whether the run's latents exist; they need not, as scores may come from elsewhere."""
        return latents.attributes_or_none(self._latents(key)) is not None

    def codes(self, key: str) -> tuple[Array, Array]:
        """Means and log-variances [N, d]; raises StoreError for a damaged file."""
        mean, log_variance = latents.posteriors(self._latents(key)).values()
        return mean, log_variance

    def factors(self, key: str) -> tuple[Integers, list[str]]:
        """Factors that vary in the run's data [N, k], and their names."""
        run = self._runs[key]
        factors = score_inputs.factors(run.dataset, score_inputs.subgrid_of(run))
        grid = datasets.of_images(datasets.grid(run.dataset))
        varying = np.flatnonzero(np.ptp(factors, axis=0) > 0)
        names = [grid.factor_names[i] for i in varying]
        return factors[:, varying], names

    def images(self, key: str, rows: list[int]) -> Array:
        """Images [n, h, w, c] of the given rows, from 0 to 1."""
        return self._inputs(key)["images"][np.array(rows)]

    def decoder(self, key: str) -> Callable[[Array], Array]:
        """The run's decoder: codes [n, d] -> means of the pixels [n, h, w, c]."""
        return self._inputs(key)["decoder"]

    def inferred(self, key: str) -> dict[str, npt.NDArray[Any]]:
        """Arrays that the run inferred, by name; raises StoreError for a damaged file."""
        path = self._latents(key)
        if not inferred_arrays.names(latents.attributes_or_none(path) or {}):
            return {}
        return inferred_arrays.read(path)

    def scene(self, key: str) -> Scene | None:
        """The run's data set if it is a scene, else None."""
        name = self._runs[key].dataset
        if not isinstance(datasets.grid(name), Scene):
            return None
        path = self._workspace.paths.dataset(name)
        return cast(Scene, datasets.dataset(name, path))

    def _latents(self, key: str) -> Path:
        return self._workspace.paths.run(key) / files.LATENTS

    def _inputs(self, key: str) -> dict[str, Any]:
        """Images and decoder of a run, which are the inputs of the metric ``elbo``."""
        run = self._runs[key]
        folder = self._workspace.paths.run(key)
        data = self._workspace.paths.dataset(run.dataset)
        return score_inputs.inputs("elbo", run, folder, data)

    @functools.cached_property
    def _runs(self) -> dict[str, Run]:
        return {run.key: run for run in self._workspace.runs(self._study)}
