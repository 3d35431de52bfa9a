"""Counterfactual generativeness (CG)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _latent_sets
from facsimile.metrics.base.conventions import CORRECTED
from facsimile.metrics.base.draws import Codes, Draws, Factors

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "cg"
NEEDS = ("codes", "factors", "decoder", "classifier")
REFERENCE = "Reddy et al. 2022, On causally disentangled representations (AAAI; arXiv 2112.05746), CG; read from its released code"
CONVENTIONS = _latent_sets.CONVENTIONS
SCORES = {
    "cg": "absolute difference of the two effects, point by point, with one latent for each factor (rho = 1)",
    "cg_average": "absolute difference of the two average effects, factor by factor; never above cg",
    "effect": "what moving a factor's own latent does to the chance of the factor's value",
    "side_effect": "what moving all other latents does to it; 0 is best",
    "cg_rho7": "cg with seven latents for each factor (rho = 7), as released",
}
BATCH = 256
Matrix = npt.NDArray[np.float64]


def score(draws: Draws, convention: str = CORRECTED) -> dict[str, float]:
    r"""Whether a factor of the generated image changes with the factor's own latents, and with them alone.

    Formula: $\frac{1}{k} \sum_j E_x \big| |p_j(x) - p_j(x_{Z_j})| - |p_j(x) - p_j(x_{\setminus Z_j})| \big|$, $p_j$ the
    classifier's chance of the true value of factor $j$ in the decoded image, $x_{Z}$ the point with each latent of $Z$ moved
    to the value farthest from it among the training points, $Z_j$ as in unconfoundedness.

    Traps:
    - The absolute value hides which effect is the greater: latents of which only the wrong ones work have 1 as well. Look at
      ``effect`` and ``side_effect``.
    - It measures decoder and classifier, too: what the classifier gets wrong in reconstructions is noise in both effects.
    - All training points are decoded 1 + 4k times at most; fewer points (n_train) are cheaper.
    - With rho = 7 of ten latents most sets hold other factors' latents, and with seven or fewer no latent is left to be held.
    - The released code drops constant latents before it decodes, which a decoder of all latents cannot take: here they stay.
    """
    chances = _chances(draws)
    own, others = _effects(draws, 1, convention, chances)
    wide = np.subtract(*_effects(draws, _latent_sets.RHO, convention, chances))
    return {
        "cg": float(np.abs(own - others).mean()),
        "cg_average": float(np.abs((own - others).mean(axis=0)).mean()),
        "effect": float(own.mean()),
        "side_effect": float(others.mean()),
        "cg_rho7": float(np.abs(wide).mean()),
    }


def _chances(draws: Draws) -> Callable[[npt.NDArray[np.bool_]], Matrix]:
    """For latents that are moved [d]: the chances [n, k] of the true values; the same latents are decoded once."""
    decoder, classifier = (
        draws.given.of(name, "counterfactual_generativeness") for name in ("decoder", "classifier")
    )
    codes, factors = draws.train.codes, draws.train.factors
    far, known = _farthest(codes), {}

    def of(moved: npt.NDArray[np.bool_]) -> Matrix:
        key = moved.tobytes()
        if key not in known:
            known[key] = _read(np.where(moved, far, codes), factors, decoder, classifier)
        return known[key]

    return of


def _effects(
    draws: Draws, rho: int, convention: str, chances: Callable[[npt.NDArray[np.bool_]], Matrix]
) -> tuple[Matrix, Matrix]:
    """What moving each factor's own latents does, and what moving the others does: changes of chances [n, k]."""
    latents = np.arange(draws.train.codes.shape[1])
    before = chances(np.zeros(len(latents), bool))
    own, others = np.zeros_like(before), np.zeros_like(before)
    for j, members in enumerate(_latent_sets.of_factors(draws, rho, convention)):
        mine = np.isin(latents, list(members))
        own[:, j] = np.abs(before - chances(mine))[:, j]
        others[:, j] = np.abs(before - chances(~mine))[:, j]
    return own, others


def _farthest(codes: Codes) -> Codes:
    """For each point and latent the value of the training points that is farthest; of two, the one drawn first."""
    low, high = codes.min(axis=0), codes.max(axis=0)
    below, above = codes - low, high - codes
    return np.where(
        (below > above) | ((below == above) & (codes.argmin(axis=0) < codes.argmax(axis=0))),
        low,
        high,
    )


def _read(codes: Codes, factors: Factors, decoder: Any, classifier: Any) -> Matrix:
    """The classifier's chance [n, k] of each factor's true value in the decoded images."""
    rows = [slice(start, start + BATCH) for start in range(0, len(codes), BATCH)]
    return np.concatenate(
        [_true(classifier(np.asarray(decoder(codes[some]))), factors[some]) for some in rows]
    )


def _true(chances: list[npt.NDArray[Any]], factors: Factors) -> Matrix:
    n, k = factors.shape
    parts = [np.asarray(part, np.float64) for part in chances]
    if len(parts) != k or any(part.ndim != 2 or len(part) != n for part in parts):
        shapes = [list(part.shape) for part in parts]
        raise ValueError(
            f"classifier must give {k} arrays [{n}, values], one for each varying factor, not {shapes}"
        )
    if few := [j for j, part in enumerate(parts) if part.shape[1] <= factors[:, j].max()]:
        raise ValueError(
            f"classifier gives too few values for varying factors {few}: each value of the table needs its chance"
        )
    if any(
        not np.isfinite(part).all() or part.min() < 0 or part.max() > 1 + 1e-6 for part in parts
    ):
        raise ValueError("classifier must give chances in [0, 1] (apply the softmax to its logits)")
    return np.stack([part[np.arange(n), factors[:, j]] for j, part in enumerate(parts)], axis=1)
