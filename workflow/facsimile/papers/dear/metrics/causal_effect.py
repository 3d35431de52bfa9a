"""What is read in decoded pictures after a latent is set: causally disentangled generation."""

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.table import TEST, TRAINING
from facsimile.metrics.base import kernel_reader
from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.kernel_reader import Reader
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.dear import interventions
from facsimile.papers.dear.datasets.noisy_pendulum import QUANTITIES

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "upper_light_do_light"
NEEDS = (
    "inferred.set_pictures",
    "data.images",
    "data.values",
    "data.labels",
    "data.part",
)
REFERENCE = (
    "An, Song and Jeon 2023, CDM (an-seunghwan/CDG-VAE@d027bac, metric.py); it contains the "
    "interventional robustness and the counterfactual generativeness of Reddy et al. 2022"
)
CONVENTIONS = {PAPER: "bounds of the peers, with a kernel ridge regression as the reader"}
SECONDS = 4.0
ROWS = 1000  # that the reader is fitted to
HEIGHT = 64
# Rows of pixels, of 64, in which the peers' reader looks for each quantity.
SEEN = ((0, 20), (20, 51), (51, 64), (51, 64))
LABELS = {
    "lower_light_do_light": "Light, itself set (lower)",
    "lower_light_do_angle": "Light, angle set (lower)",
    "lower_light_do_length": "Light, length set (lower)",
    "lower_light_do_position": "Light, position set (lower)",
    "lower_angle_do_light": "Angle, light set (lower)",
    "lower_angle_do_angle": "Angle, itself set (lower)",
    "lower_angle_do_length": "Angle, length set (lower)",
    "lower_angle_do_position": "Angle, position set (lower)",
    "lower_length_do_light": "Length, light set (lower)",
    "lower_length_do_angle": "Length, angle set (lower)",
    "lower_length_do_length": "Length, itself set (lower)",
    "lower_length_do_position": "Length, position set (lower)",
    "lower_position_do_light": "Position, light set (lower)",
    "lower_position_do_angle": "Position, angle set (lower)",
    "lower_position_do_length": "Position, length set (lower)",
    "lower_position_do_position": "Position, itself set (lower)",
    "upper_light_do_light": "Light, itself set (upper)",
    "upper_light_do_angle": "Light, angle set (upper)",
    "upper_light_do_length": "Light, length set (upper)",
    "upper_light_do_position": "Light, position set (upper)",
    "upper_angle_do_light": "Angle, light set (upper)",
    "upper_angle_do_angle": "Angle, itself set (upper)",
    "upper_angle_do_length": "Angle, length set (upper)",
    "upper_angle_do_position": "Angle, position set (upper)",
    "upper_length_do_light": "Length, light set (upper)",
    "upper_length_do_angle": "Length, angle set (upper)",
    "upper_length_do_length": "Length, itself set (upper)",
    "upper_length_do_position": "Length, position set (upper)",
    "upper_position_do_light": "Position, light set (upper)",
    "upper_position_do_angle": "Position, angle set (upper)",
    "upper_position_do_length": "Position, length set (upper)",
    "upper_position_do_position": "Position, itself set (upper)",
    "reader_error": "Error of the reader",
}
SCORES = {
    "upper_light_do_light": "mean absolute change of the light that is read, in its range, if the "
    "latent of the light moves from its lowest to its highest value",
    "lower_{read}_do_{set}": "absolute mean of the change of what is read, in its range, if a "
    "latent moves from its lowest to its highest value, with `lower_{read}_do_{set}_theory`, that "
    "of the true quantities",
    "upper_{read}_do_{set}": "mean of the absolute change, with `upper_{read}_do_{set}_theory`",
    "reader_error": "mean absolute error of the reader on real test pictures, in ranges",
}
Array = npt.NDArray[np.float32]


class RegionReader:
    """A reader of each quantity that sees some rows of pixels alone.

    Args:
        pictures: uint8 [n, side, side, 3].
        labels: the quantities [n, 4], from 0 to 1.
    """

    def __init__(
        self,
        pictures: npt.NDArray[np.uint8] | Array,
        labels: Array,
    ) -> None:
        self.readers: list[Reader] = []
        for quantity, rows in enumerate(regions(pictures.shape[1])):
            flat = kernel_reader.flat(pictures[:, rows])
            self.readers.append(kernel_reader.fit(flat, labels[:, [quantity]]))

    def read(
        self,
        pictures: npt.NDArray[np.uint8] | Array,
    ) -> Array:
        """Return the quantities [n, 4], from 0 to 1, of pictures [n, side, side, 3]."""
        columns = []
        for reader, rows in zip(self.readers, regions(pictures.shape[1]), strict=True):
            columns.append(reader.read(kernel_reader.flat(pictures[:, rows])))
        values: Array = np.clip(np.concatenate(columns, axis=1), 0, 1)
        return values


def regions(side: int) -> list[slice]:
    """Return the rows of pixels that show each quantity in pictures of some height."""
    return [slice(round(top * side / HEIGHT), round(end * side / HEIGHT)) for top, end in SEEN]


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Causal effects of latents on what is read in decoded pictures.

    Formula: let $c(x)$ be a quantity as it is read in picture $x$, between 0 and 1, and $x_{low}$
    and $x_{high}$ the pictures of one row under do(latent = its lowest value) and do(latent = its
    highest value). The bounds are $|E[c(x_{low}) - c(x_{high})]|$ and
    $E|c(x_{low}) - c(x_{high})|$, over training rows. The effect of a latent on a quantity that is
    not caused by it should be 0 (interventional robustness), that on its own and on its effects
    should be as in the data (counterfactual generativeness).

    The reader is a kernel ridge regression on principal components of 1,000 pictures. It looks for
    each quantity where the peers' network does: for the light in the upper 20 of 64 rows of pixels,
    for the pendulum in the next 31, for the shadow below.

    Traps:
    - A high value of a quantity on itself needs latents with a wide range, and rewards outliers
      among the codes, since lowest and highest are those of all rows.
    - The true effect of light on the shadow is not 1. Scores with `_theory` are those of the true
      equations.
    - A reader sees what is there: a shadow that is drawn for the wrong light still has a length.
    """
    pictures = outputs.inferred["set_pictures"]
    side = pictures.shape[3]
    training = np.flatnonzero(outputs.data["part"] == TRAINING)
    test = np.flatnonzero(outputs.data["part"] == TEST)
    reader = RegionReader(*real(outputs, spaced(training), side))
    scores: dict[str, float] = {}
    values = outputs.data["values"][training].astype(np.float64)
    true = interventions.effects(values)
    for number, was_set in enumerate(QUANTITIES):
        low, high = (reader.read(of_end) for of_end in pictures[number])
        changes = (high - low).T
        for read, change, exact in zip(QUANTITIES, changes, true[number], strict=True):
            name = f"{read}_do_{was_set}"
            scores[f"lower_{name}"] = float(abs(change.mean()))
            scores[f"upper_{name}"] = float(np.abs(change).mean())
            scores[f"lower_{name}_theory"] = float(abs(exact.mean()))
            scores[f"upper_{name}_theory"] = float(np.abs(exact).mean())
    shown, labels = real(outputs, spaced(test), side)
    scores["reader_error"] = float(np.abs(reader.read(shown) - np.clip(labels, 0, 1)).mean())
    return scores


def spaced(
    rows: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Return at most ``ROWS`` of some rows, evenly spaced."""
    places = np.linspace(0, len(rows) - 1, min(ROWS, len(rows)))
    return rows[places.astype(int)]


def real(
    outputs: RunOutputs,
    rows: npt.NDArray[np.int64],
    side: int,
) -> tuple[Array, Array]:
    """Return pictures [n, side, side, 3] from 0 to 255, and quantities [n, 4], of the data."""
    images = kernel_reader.downscaled(outputs.data["images"][rows], side)
    return images, outputs.data["labels"][rows]
