"""TF-Bind-8: how strongly a transcription factor binds each DNA sequence of length 8."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.archived import ArchivedArrays
from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.letter_logits import LetterLogits
from facsimile.datasets.base.official import Official

LABEL = "TF-Bind-8"
LETTERS = 4
LENGTH = 8
_FOLDER = "tf_bind_8-SIX6_REF_R1"
_ADDRESSES = (
    f"https://storage.googleapis.com/design-bench/{_FOLDER}",
    "https://raw.githubusercontent.com/kaist-silab/bootgen/"
    f"2cbe5eeb1502e3e04bb410789bc3b25572ebe119/design_bench_data/{_FOLDER}",
)


def official(
    name: str,
    size: int,
    sha256: str,
) -> Official:
    """One of the two official files."""
    return Official(
        name,
        tuple(f"{address}/{name}" for address in _ADDRESSES),
        size,
        checksum=f"sha256:{sha256}",
        checksum_from="not the authors'; computed from the copy in kaist-silab/bootgen",
    )


class TFBind8(ArchivedArrays):
    """All 65,536 DNA sequences of length 8, and how strongly SIX6 binds them (SIX6_REF_R1).

    ``sequence``, int64 [n, 8]: letters 0 to 3 for A, C, G and T. ``score``, float32 [n]: the
    E-score of Barrera et al. 2016, scaled to [0, 1] over the table. So the table is the oracle of
    every design. The 256 sequences that are their own reverse complement have two equal rows.

    ``offline``, int64 [n]: 1 for the rows that an offline optimiser may see, those with a score
    up to the median, as in design-bench (Trabucco et al. 2022). They come first; batches are drawn
    from them alone. ``x``, float32 [n, 24]: standardised logits of the sequence
    (``datasets/base/letter_logits.py``); ``y``, float32 [n]: the standardised score. Mean and
    standard deviation are those of the offline rows.
    """

    name = "tf_bind_8"
    rows = 65_792
    shapes: ClassVar = {
        "sequence": (LENGTH,),
        "score": (),
        "offline": (),
        "x": (LENGTH * (LETTERS - 1),),
        "y": (),
    }
    licence = "none stated for the E-scores; Apache-2.0 for the repository with the files"
    source = "https://github.com/brandontrabucco/design-bench, TFBind8-Exact-v0"
    files = (
        official(
            "tf_bind_8-x-0.npy",
            2_105_472,
            "8957a728704d2e6c5dbba921dd9e16cbd76797489b081c5dc7f39ca23582d95d",
        ),
        official(
            "tf_bind_8-y-0.npy",
            263_296,
            "a61dd97796a4173d3a2a3d016db44e5d42e1f1d6a39d9f1ad2465d2c6b94fcb7",
        ),
    )

    @classmethod
    def training_rows(cls) -> int:
        """Number of offline rows: half of all, and 2 as four equal scores lie around the median."""
        return cls.rows // 2 + 2

    @classmethod
    def generate(cls, source: Path | None) -> dict[str, npt.NDArray[Any]]:
        paths = cls.downloaded(source)
        letters_path, scores_path = (paths[file.name] for file in cls.files)
        letters = _read(letters_path, (cls.rows, LENGTH))
        scores = _read(scores_path, (cls.rows, 1))[:, 0]
        if not np.isin(letters, range(LETTERS)).all():
            raise DatasetError(f"{letters_path}: not all letters are 0 to 3; download it again")
        if not (scores.min() == 0 and scores.max() == 1):
            raise DatasetError(
                f"{scores_path}: the scores are from {scores.min()} to {scores.max()}, not from 0 "
                "to 1; download it again"
            )
        is_offline = scores <= np.percentile(scores, 50)
        if is_offline.sum() != cls.training_rows():
            raise DatasetError(
                f"{scores_path}: {is_offline.sum()} scores are up to the median, not "
                f"{cls.training_rows()}; download it again"
            )
        order = np.argsort(~is_offline, kind="stable")
        sequence, score, offline = (
            letters[order].astype(np.int64),
            scores[order].astype(np.float32),
            is_offline[order],
        )
        logits = LetterLogits.of(sequence[offline], LETTERS)
        seen = score[offline].astype(np.float64)
        return {
            "sequence": sequence,
            "score": score,
            "offline": offline.astype(np.int64),
            "x": logits.encode(sequence).astype(np.float32),
            "y": ((score - seen.mean()) / seen.std()).astype(np.float32),
        }


def _read(
    path: Path,
    shape: tuple[int, ...],
) -> npt.NDArray[Any]:
    """Read an .npy file of numbers; raises DatasetError unless it has this shape."""
    try:
        values = np.load(path, allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        raise DatasetError(
            f"{path}: truncated or no .npy file of numbers ({error}); download it again"
        ) from None
    if not isinstance(values, np.ndarray) or values.shape != shape:
        raise DatasetError(
            f"{path}: not an array of shape {list(shape)}; download the official file"
        )
    return values
