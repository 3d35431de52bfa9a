"""The first steps of a model of one's own, in the execution that will train it."""

from collections.abc import Sequence

import numpy as np
import torch

from facsimile import datasets, models
from facsimile.commands.contract.lines import ModelLines
from facsimile.commands.trial.model_file import ModelFile, class_name, errors_located
from facsimile.datasets import Dataset
from facsimile.foundation import canonical
from facsimile.studies.runs import Run
from facsimile.training.pack import Block, Member, Pack, PackSettings
from facsimile.training.run_records import is_small, training_of

STEPS = 10


class RandomImages(Dataset):
    """Random pixels in place of a data set, whose file need not exist."""

    stochastic = True

    def __init__(self, name: str) -> None:
        """Images of the shape, and with the factors, of the data set ``name``."""
        data = datasets.of_images(datasets.grid(name))
        self.name = name
        self.image_shape = data.image_shape
        self.factor_names = data.factor_names
        self.factor_sizes = data.factor_sizes
        self.factor_kinds = data.factor_kinds

    def _images(
        self,
        indices: np.ndarray,
        rng: np.random.Generator | None,
    ) -> np.ndarray:
        assert rng is not None
        shape = (len(indices), *self.image_shape)
        return rng.integers(0, 256, shape, dtype=np.uint8)


def rehearse(
    file: ModelFile,
    runs: Sequence[Run],
) -> None:
    """Make the first steps of runs of the model on random images; keep nothing.

    Raises FileError, with the line of the loss, if a loss is not finite, or with the line that
    failed. The model must be findable.
    """
    lines = ModelLines(file.path)
    name = class_name(file, lines)
    with errors_located(file):
        block = _first_steps(runs)
    for slot, run in enumerate(runs):
        if not block.finite[slot]:
            settings = canonical.dumps(run.params)
            message = f"the loss is not finite at step {block.steps[slot]}, with {settings}"
            raise file.error(lines.of_loss(name), message)


def _first_steps(runs: Sequence[Run]) -> Block:
    members = [Member(models.model(run.model, **run.params), run.seed) for run in runs]
    settings = PackSettings(small=is_small(runs[0]))
    # One thread, as in a job: two threads on a busy core are many times slower.
    torch.set_num_threads(1)
    data = RandomImages(runs[0].dataset)
    pack = Pack(members, len(members), training_of(runs[0]), data, settings)
    return pack.advance(STEPS)
