"""Effectiveness of interventions: what a reader of real pictures reads in those that a model decodes."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial import distance

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "set"
NEEDS = (
    "inferred.counterfactual_images",
    "inferred.counterfactual_rows",
    "data.images",
    "data.values",
    "data.held_out",
    "data.counterfactuals",
)
REFERENCE = "Monteiro et al. 2023, Measuring axiomatic soundness of counterfactual image models; the CausalDiffAE poster, ECAI 2024"
CONVENTIONS = {
    PAPER: "mean absolute error in the units of CausalVAE's prior; the reader is a kernel ridge regression of ours"
}
SECONDS = 22.0
LABELS = {
    "set": "error of what was set",
    "effects": "error of the others",
    "set_still": "the same, unchanged picture",
    "effects_still": "the same, unchanged picture",
}
SCORES = {
    "set": "error of the concept that was set, mean over interventions",
    "effects": "error of the concepts that were not, mean over interventions",
    "set_still": "what `set` would be of pictures that did not change at all",
    "effects_still": "what `effects` would be of such pictures: small, as an intervention leaves most concepts alone",
    "value_{f}_do_{k}": "error of concept f where concept k was set",
    "reader_{f}": "error of the reader itself on real held-out pictures: no model can be seen to do better",
    "still_{f}_do_{k}": "what `value_{f}_do_{k}` would be of a picture that had not changed at all",
}
COMPONENTS, RIDGE = (
    40,
    1e-3,
)  # of the reader: principal components of the pictures, and penalty in units of the kernel's 1
Array = npt.NDArray[np.float32]


class Reader(NamedTuple):
    """Kernel ridge regression on principal components: mean, axes, training points, their spread, weights, mean of values."""

    mean: Array
    axes: Array
    points: Array
    spread: float
    weights: Array
    level: Array

    def read(self, pictures: Array) -> Array:
        """Values [n, concepts] of pictures [n, pixels]."""
        kernel = np.exp(
            -distance.cdist((pictures - self.mean) @ self.axes, self.points, "sqeuclidean")
            / self.spread
        )
        read: Array = kernel @ self.weights + self.level
        return read


def score(outputs: RunOutputs, convention: str = PAPER) -> dict[str, float]:
    r"""Whether what was set is seen in the decoded picture, and the other concepts are what the true equations make of it.

    Formula: mean over held-out rows of $|r_f(\hat x_{do(k = v)}) - v_f|$, $r_f$ a reader that was trained on real pictures, $v$
    the values that the scene's own equations give under the intervention.

    Traps:
    - It is limited by the reader: compare with ``reader_{f}``.
    - A picture that does not change is right about all concepts that the intervention leaves alone: compare with
      ``effects_still``.
    - Blurred pictures are not like those that the reader has learnt from, and it reads in them what lies near its mean.
    - Peers print errors in units of their own, and not all of one table in the same.
    """
    done = outputs.inferred["counterfactual_images"]
    rows = outputs.inferred["counterfactual_rows"]
    side = done.shape[2]
    reader = _trained(outputs, side)
    wanted = outputs.data["counterfactuals"][rows]
    before = outputs.data["values"][rows]
    errors = np.stack(
        [
            np.abs(reader.read(_flat(done[:, k])) - wanted[:, k]).mean(axis=0)
            for k in range(done.shape[1])
        ]
    )
    still = np.abs(before[:, None] - wanted).mean(axis=0)
    own = np.abs(reader.read(_flat(_small(outputs.data["images"][rows], side))) - before).mean(
        axis=0
    )
    others = ~np.eye(len(errors), dtype=bool)
    found = {"set": float(np.diag(errors).mean()), "effects": float(errors[others].mean())}
    found |= {
        "set_still": float(np.diag(still).mean()),
        "effects_still": float(still[others].mean()),
    }
    found |= {f"reader_{f}": float(value) for f, value in enumerate(own)}
    found |= {f"value_{f}_do_{k}": float(errors[k, f]) for k, f in np.ndindex(*errors.shape)}
    return found | {f"still_{f}_do_{k}": float(still[k, f]) for k, f in np.ndindex(*still.shape)}


def _trained(outputs: RunOutputs, side: int) -> Reader:
    """A reader of training rows that are spread evenly over their order."""
    every = np.flatnonzero(outputs.data["held_out"] == 0)
    rows = every[np.linspace(0, len(every) - 1, min(outputs.sizes[0], len(every))).astype(int)]
    return fit(_flat(_small(outputs.data["images"][rows], side)), outputs.data["values"][rows])


def fit(pictures: Array, values: Array) -> Reader:
    """A reader of pictures [n, pixels] and values [n, concepts]."""
    mean = pictures.mean(axis=0)
    centred = pictures - mean
    axes = centred.T @ np.linalg.eigh(centred @ centred.T)[1][:, -COMPONENTS:]
    axes /= np.linalg.norm(axes, axis=0)
    points = centred @ axes
    between = distance.cdist(points, points, "sqeuclidean")
    spread = float(np.median(between)) + 1e-12
    level = values.mean(axis=0)
    weights = np.linalg.solve(
        np.exp(-between / spread) + RIDGE * np.eye(len(points)), values - level
    )
    return Reader(mean, axes, points, spread, weights, level)


def _small(images: npt.NDArray[np.uint8], side: int) -> Array:
    """Pictures averaged down to ``side`` pixels, [n, side, side, c] in 0 to 255."""
    n, height, _, channels = images.shape
    parts = images.reshape(n, side, height // side, side, height // side, channels)
    small: Array = parts.mean(axis=(2, 4), dtype=np.float32)
    return small


def _flat(images: npt.NDArray[np.uint8] | Array) -> Array:
    """Pictures [n, pixels] in [0, 1]."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
