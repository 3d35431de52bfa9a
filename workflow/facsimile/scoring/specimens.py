"""The models that a figure shows themselves, from the store: codes, images and decoders of a run by its key."""

import functools
from collections.abc import Callable
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
    """The specimens (figures/base/specimens.py) of a study at the configured scale."""

    def __init__(self, workspace: Workspace, study: Study) -> None:
        self._at, self._study = workspace, study

    def has(self, key: str) -> bool:
        """Whether the run's latents are there; a table of scores may come from elsewhere."""
        return latents.about(self._at.paths.run(key) / files.LATENTS) is not None

    def codes(self, key: str) -> tuple[Array, Array]:
        """Means and log-variances [N, d]; raises StoreError for a file that is not whole."""
        path = self._at.paths.run(key) / files.LATENTS
        mean, log_variance = latents.both(path).values()
        return mean, log_variance

    def factors(self, key: str) -> tuple[Integers, list[str]]:
        """Factors that vary [N, k], and their names."""
        run = self._runs[key]
        found = score_inputs.factors(run.dataset, tuple(sorted(run.subgrid.items())))
        grid = datasets.of_images(datasets.grid(run.dataset))
        vary = np.flatnonzero(np.ptp(found, axis=0) > 0)
        return found[:, vary], [grid.factor_names[i] for i in vary]

    def images(self, key: str, rows: list[int]) -> Array:
        """Images [n, h, w, c] in [0, 1]."""
        return self._given(key)["images"][np.array(rows)]

    def decoder(self, key: str) -> Callable[[Array], Array]:
        """Codes [n, d] → means of the pixels [n, h, w, c]."""
        return self._given(key)["decoder"]

    def inferred(self, key: str) -> dict[str, npt.NDArray[Any]]:
        """Arrays by name; raises StoreError for a file that is not whole."""
        path = self._at.paths.run(key) / files.LATENTS
        return (
            inferred_arrays.read(path) if inferred_arrays.names(latents.about(path) or {}) else {}
        )

    def scene(self, key: str) -> Scene | None:
        """The run's data set, if it is a scene."""
        run = self._runs[key]
        if not isinstance(datasets.grid(run.dataset), Scene):
            return None
        return cast(Scene, datasets.dataset(run.dataset, self._at.paths.dataset(run.dataset)))

    def _given(self, key: str) -> dict[str, Any]:
        run = self._runs[key]
        return score_inputs.inputs(
            "elbo", run, self._at.paths.run(key), self._at.paths.dataset(run.dataset)
        )

    @functools.cached_property
    def _runs(self) -> dict[str, Run]:
        return {run.key: run for run in self._at.runs(self._study)}
