"""Classifier-free guidance against the tilted density, in one dimension."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.diffusion_book import tilted
from facsimile.statistics.diffusion.gaussian_mixture import Floats

RANGE = (float("-inf"), float("inf"))
BETTER = "lower"
HEADLINE = "w2"
FIXED_SECONDS = 0.25
NEEDS = ("inferred.quantiles",)
REFERENCE = "Lai et al. 2025, The principles of diffusion models; Ho & Salimans 2022"
CONVENTIONS = {PAPER: "weight w of (1 + w) score(x|y) - w score(x)"}
LABELS = {
    "w2": "W₂² from the tilted density",
    "mean": "Mean",
    "deviation": "Standard deviation",
    "score_gap_{j}": "Relative distance of scores at t = j / 100",
    "score_gap_0": "(1 + w) ∇ log p(x|y) - w ∇ log p(x) = ∇ log of the tilted density, at t = 0",
    "density_{x}": "Density of guided samples",
    "tilted_{x}": "Tilted density",
}
SCORES = {
    "w2": "squared 2-Wasserstein distance of guidance's samples from the tilted density",
    "mean": "mean of guidance's samples",
    "mean_theory": "mean of the tilted density",
    "deviation": "standard deviation of guidance's samples",
    "deviation_theory": "standard deviation of the tilted density",
    "score_gap_0": "relative distance of guidance's score from that of the tilted density, t = 0",
    "score_gap_{j}": "the same at t = j / 100, where the tilted density is noised",
    "density_{x}": "density of guidance's samples at x / 20 - 2",
    "tilted_{x}": "tilted density at x / 20 - 2",
}
TIMES = (0, 1, 2, 5, 10, 20, 40, 60, 80, 100)
PLACES = np.arange(0, 81)


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""How far guidance's score and samples are from the tilted density.

    Formula: $p_w(x_0) \propto p(x_0 \mid y)^{1 + w} p(x_0)^{-w}$, whose noised score at time t is
    compared with $(1 + w) \nabla \log p_t(x \mid y) - w \nabla \log p_t(x)$.

    Traps:
    - The two agree at t = 0 only: tilting and adding noise do not commute. Guidance therefore does
      not sample the tilted density, whatever the sampler.
    - Weights are counted in two ways: 1 + w is called the scale elsewhere.
    """
    weight = outputs.params["weight"]
    quantiles = outputs.inferred["quantiles"].astype(np.float64)
    shares = (np.arange(len(quantiles)) + 0.5) / len(quantiles)
    expected = tilted.tilted_quantiles(shares, weight)
    scores = {
        "w2": float(np.square(quantiles - expected).mean()),
        "mean": float(quantiles.mean()),
        "mean_theory": float(expected.mean()),
        "deviation": float(quantiles.std()),
        "deviation_theory": float(expected.std()),
    }
    for time in TIMES:
        scores[f"score_gap_{time}"] = tilted.gap(time / 100, weight)
    places = PLACES / 20 - 2
    densities = {
        "density": _density(quantiles, shares, places),
        "tilted": np.interp(
            places,
            tilted.GRID,
            tilted.tilted(weight),
        ),
    }
    for name, values in densities.items():
        for place, value in zip(
            PLACES.tolist(),
            values.tolist(),
            strict=True,
        ):
            scores[f"{name}_{place}"] = value
    return scores


def _density(
    quantiles: Floats,
    shares: Floats,
    places: Floats,
) -> Floats:
    """Density at places from quantiles: the slope of shares; 0 beyond the outer quantiles."""
    slopes = np.gradient(shares, quantiles)
    return np.interp(
        places,
        quantiles,
        slopes,
        left=0.0,
        right=0.0,
    )
