"""Whether the characteristics of a label, moved to another picture, bring the label with them."""

import numpy as np

from facsimile.datasets.base.table import TEST, TRAINING
from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.nearest_picture import Reader
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "transferred"
NEEDS = (
    "inferred.exchanged",
    "inferred.exchanged_rows",
    "data.images",
    "data.targets",
    "data.part",
)
REFERENCE = (
    "Joy et al. 2021, Capturing label characteristics in VAEs (transfer of characteristics); the "
    "reader is ours"
)
CONVENTIONS = {PAPER: "labels of decoded pictures are those of the nearest training picture"}
LABELS = {
    "transferred": "Label transferred",
    "others_kept": "Other labels kept",
    "reconstructed": "Label of reconstruction",
    "reader": "Label of test picture",
}
SCORES = {
    "transferred": "share of exchanges between pictures of different labels after which the label "
    "is read as that of the other picture",
    "others_kept": "share of the labels that are not exchanged and are read as before; only of "
    "binary labels",
    "reconstructed": "share of labels that are read rightly in pictures decoded without an "
    "exchange",
    "reader": "share of labels that are read rightly in test pictures themselves",
}
READ = 10_000  # most training pictures among which the nearest is looked for
TESTED = 2_000  # most test pictures on which the reader is tested


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Share of exchanged labels that are found in the decoded picture.

    Formula: $\frac{1}{|P|} \sum_{(i, j, l) \in P} [r_l(x_{ij}) = y_{jl}]$, where $x_{ij}$ is
    picture $i$ decoded with what picture $j$ has for label $l$, $P$ are the pairs that differ in
    the label, and $r$ reads the labels of the nearest training picture by squared distance. If
    labels are exclusive, all are exchanged together.

    Traps:
    - The reader errs: it is right for 95 of 100 test digits. What a model can reach is bounded by
      the score ``reader``.
    - A model that ignores everything but the label transfers it perfectly: the score says nothing
      about whether the rest of the picture stays as it was.
    """
    exchanged = outputs.inferred["exchanged"]  # [l, m, m, h, w, c]
    targets = outputs.data["targets"].astype(np.int64)
    own = targets[outputs.inferred["exchanged_rows"]]  # [m, k]
    images, part = outputs.data["images"], outputs.data["part"]
    known = np.flatnonzero(part == TRAINING)[:READ]
    reader = Reader(images[known], targets[known])
    tested = np.flatnonzero(part == TEST)[:TESTED]
    is_read = reader.read(images[tested]) == targets[tested]
    leading = exchanged.shape[:3]
    pictures = exchanged.reshape(-1, *exchanged.shape[3:])
    read = reader.read(pictures).reshape(*leading, -1)
    diagonal = np.arange(len(own))
    plain = read[:, diagonal, diagonal] == own
    # The labels of the picture itself, and of the other one: [m, 1, k] and [1, m, k].
    first, second = own[:, None], own[None]
    if len(exchanged) == 1:
        differs = (first != second).any(axis=-1)
        is_moved = (read[0] == second).all(axis=-1)
        return {
            "reader": float(is_read.all(axis=-1).mean()),
            "reconstructed": float(plain.all(axis=-1).mean()),
            "transferred": float(is_moved[differs].mean()),
        }
    moved, kept = [], []
    for label, of_label in enumerate(read):
        differs = (first != second)[..., label]
        is_moved = (of_label == second)[..., label]
        moved.append(is_moved[differs].mean())
        is_kept = np.delete(of_label == first, label, axis=-1)
        kept.append(is_kept[differs].mean())
    return {
        "reader": float(is_read.mean()),
        "reconstructed": float(plain.mean()),
        "transferred": float(np.mean(moved)),
        "others_kept": float(np.mean(kept)),
    }
