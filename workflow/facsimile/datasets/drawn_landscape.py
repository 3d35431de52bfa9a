"""A drawn landscape over DNA sequences of length 8, where no official file is at hand."""

import itertools
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.datasets.base.letter_logits import LetterLogits
from facsimile.datasets.tf_bind_8 import LENGTH, LETTERS, TFBind8

LABEL = "Drawn landscape"


class DrawnLandscape(Arrays):
    """All 65,536 sequences of 8 letters with drawn scores, in the form of ``TFBind8``.

    The score of a sequence is a sum of normal effects of each letter at its place, and of each pair
    of letters at neighbouring places; scaled to [0, 1] over all sequences. It says nothing about
    binding: it lets small scales and tests run without the official files.

    ``sequence``, ``score``, ``offline``, ``x`` and ``y`` are those of ``TFBind8``; the offline rows
    are the 32,768 with the lowest scores.
    """

    name = "drawn_landscape"
    rows = LETTERS**LENGTH
    shapes: ClassVar = TFBind8.shapes
    licence = "none needed: generated"
    source = "our own"

    @classmethod
    def training_rows(cls) -> int:
        """Number of offline rows."""
        return cls.rows // 2

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        letters = np.array(list(itertools.product(range(LETTERS), repeat=LENGTH)))
        random = np.random.Generator(np.random.Philox(key=0))
        effects = random.standard_normal((LENGTH, LETTERS))
        pairs = random.standard_normal((LENGTH - 1, LETTERS, LETTERS))
        raw = effects[np.arange(LENGTH), letters].sum(axis=1)
        raw += pairs[np.arange(LENGTH - 1), letters[:, :-1], letters[:, 1:]].sum(axis=1)
        order = np.argsort(raw)
        sequence = letters[order]
        score = (raw[order] - raw.min()) / (raw.max() - raw.min())
        offline = np.arange(cls.rows) < cls.training_rows()
        logits = LetterLogits.of(sequence[offline], LETTERS)
        seen = score[offline]
        return {
            "sequence": sequence.astype(np.int64),
            "score": score.astype(np.float32),
            "offline": offline.astype(np.int64),
            "x": logits.encode(sequence).astype(np.float32),
            "y": ((score - seen.mean()) / seen.std()).astype(np.float32),
        }
