"""Distance of samples in the plane from the mixture of Gaussians that they are to follow."""

from functools import cache

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.diffusion_book import laws
from facsimile.statistics.diffusion.gaussian_mixture import Floats

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "sliced_w2"
FIXED_SECONDS = 0.04
NEEDS = ("inferred.evaluations", "inferred.samples")
REFERENCE = "Lai et al. 2025, The principles of diffusion models; Bonneel et al. 2015"
CONVENTIONS = {PAPER: "squared distance, mean over 64 directions, against the mixture's quantiles"}
LABELS = {
    "sliced_w2": "Sliced W₂²",
    "sliced_w2_{n}": "Sliced W₂² after n evaluations",
    "mode_error": "Error of the modes' weights",
    "mode_error_{n}": "Error of the modes' weights after n evaluations",
}
SCORES = {
    "sliced_w2": "squared sliced distance after the most evaluations of the denoiser",
    "sliced_w2_{n}": "squared sliced distance after n evaluations of the denoiser",
    "mode_error": "total variation of the modes' weights after the most evaluations",
    "mode_error_{n}": "total variation of the modes' weights after n evaluations",
}
DIRECTIONS = 64


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Squared sliced 2-Wasserstein distance, and how wrong the weights of the modes are.

    Formula: $\frac{1}{m} \sum_{j} \frac{1}{n} \sum_i (x_{(i)} - F_j^{-1}((i - 1/2) / n))^2$ with
    sorted projections $x_{(i)}$ on the j-th of evenly spaced directions, whose exact quantiles are
    $F_j^{-1}$; and $\frac{1}{2} \sum_k |\overline{R_k} - w_k|$ with the mean responsibility of each
    component, whose expectation under the mixture is its weight.

    Traps:
    - Draws from the mixture itself have a distance above 0, about 1 / n: see their row.
    - The two directions of a line count once: 64 directions cover half a turn.
    """
    mixture = laws.planar()
    counts = outputs.inferred["evaluations"].tolist()
    scores = {}
    for n, samples in zip(
        counts,
        outputs.inferred["samples"],
        strict=True,
    ):
        points = samples.astype(np.float64)
        scores[f"sliced_w2_{n}"] = sliced(points)
        shares = mixture.responsibilities(points).mean(0)
        scores[f"mode_error_{n}"] = float(0.5 * np.abs(shares - mixture.weights).sum())
    last = counts[-1]
    for name in ("sliced_w2", "mode_error"):
        scores[name] = scores[f"{name}_{last}"]
    return scores


def sliced(points: Floats) -> float:
    """Return the squared sliced 2-Wasserstein distance of points [n, 2] from the mixture."""
    ordered = np.sort(points @ _directions(), axis=0)
    return float(np.square(ordered - _quantiles(len(points))).mean())


def _directions() -> Floats:
    """Evenly spaced directions [2, m] of half a turn."""
    angles = np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    return np.stack([np.cos(angles), np.sin(angles)])


@cache
def _quantiles(n: int) -> Floats:
    """Quantiles [n, m] of the mixture along each direction, which all runs need."""
    shares = (np.arange(n) + 0.5) / n
    columns = [laws.planar().along(line).quantiles(shares) for line in _directions().T]
    return np.stack(columns, 1)
