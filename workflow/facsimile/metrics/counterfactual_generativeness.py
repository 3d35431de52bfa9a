"""Counterfactual generativeness (CG)."""

from collections.abc import Callable, Sequence
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
REFERENCE = (
    "Reddy et al. 2022, On causally disentangled representations (AAAI; arXiv 2112.05746), CG; "
    "read from its released code"
)
CONVENTIONS = _latent_sets.CONVENTIONS
LABELS = {
    "cg": "CG",
    "cg_average": "CG of average effects",
    "effect": "CG, effect",
    "side_effect": "CG, side effect",
    "cg_rho7": "CG, ρ = 7",
}
SCORES = {
    "cg": "absolute difference of the two effects, point by point, with one latent for each factor "
    "(rho = 1)",
    "cg_average": "absolute difference of the two average effects, factor by factor; never above "
    "cg",
    "effect": "change of the probability of a factor's value when the factor's own latent is moved",
    "side_effect": "change of this probability when all other latents are moved; 0 is best",
    "cg_rho7": "cg with seven latents for each factor (rho = 7), as released",
}
BATCH = 256
Matrix = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def score(draws: Draws, convention: str = CORRECTED) -> dict[str, float]:
    r"""Whether a factor of the generated image changes with the factor's own latents and no others.

    Formula: $\frac{1}{k} \sum_j E_x \big| |p_j(x) - p_j(x_{Z_j})| - |p_j(x) -
    p_j(x_{\setminus Z_j})| \big|$, with $p_j$ the classifier's probability of the true value of
    factor $j$ in the decoded image, $x_{Z}$ the point with each latent of $Z$ moved to the value
    farthest from it among the training points, and $Z_j$ as in unconfoundedness.

    Traps:
    - The absolute value hides which effect is larger: if only the wrong latents have an effect, the
      score is 1 as well. Look at ``effect`` and ``side_effect``.
    - It measures the decoder and the classifier, too: the classifier's errors on reconstructions
      are noise in both effects.
    - All training points are decoded 1 + 4k times at most; fewer points (n_train) are cheaper.
    - Where combinations of factors are missing, a classifier that has not seen them reads other
      values in them: on sprites with 30 % of their combinations the true renderer of a perfect code
      scores 0.68 instead of 1. Compare with the renderer.
    - In a study, the classifier gives an image the values of the nearest image of the data set.
    - With rho = 7 of ten latents most sets contain other factors' latents, and with seven or fewer
      no latent is left to be held fixed.
    - The released code drops constant latents before it decodes, which a decoder of all latents
      cannot accept: here they stay.
    """
    probabilities = _probabilities(draws)
    effect, side_effect = _effects(draws, 1, convention, probabilities)
    effect_rho7, side_effect_rho7 = _effects(draws, _latent_sets.RHO, convention, probabilities)
    difference = effect - side_effect
    return {
        "cg": float(np.abs(difference).mean()),
        "cg_average": float(np.abs(difference.mean(axis=0)).mean()),
        "effect": float(effect.mean()),
        "side_effect": float(side_effect.mean()),
        "cg_rho7": float(np.abs(effect_rho7 - side_effect_rho7).mean()),
    }


def _probabilities(draws: Draws) -> Callable[[Mask], Matrix]:
    """A function from the latents to move [d] to the probabilities [n, k] of the true values.

    It decodes once for each set of latents, and caches the result.
    """
    metric = "counterfactual_generativeness"
    decoder = draws.outputs.of("decoder", metric)
    classifier = draws.outputs.of("classifier", metric)
    codes, factors = draws.train.codes, draws.train.factors
    farthest = _farthest(codes)
    cache: dict[bytes, Matrix] = {}

    def probabilities(moved: Mask) -> Matrix:
        key = moved.tobytes()
        if key not in cache:
            points = np.where(moved, farthest, codes)
            cache[key] = _read(points, factors, decoder, classifier, draws.names)
        return cache[key]

    return probabilities


def _effects(
    draws: Draws,
    rho: int,
    convention: str,
    probabilities: Callable[[Mask], Matrix],
) -> tuple[Matrix, Matrix]:
    """Changes of probabilities [n, k]: own latents of a factor moved, and all others moved."""
    latents = np.arange(draws.train.codes.shape[1])
    before = probabilities(np.zeros(len(latents), bool))
    effect, side_effect = np.zeros_like(before), np.zeros_like(before)
    for j, members in enumerate(_latent_sets.of_factors(draws, rho, convention)):
        own = np.isin(latents, list(members))
        effect[:, j] = np.abs(before - probabilities(own))[:, j]
        side_effect[:, j] = np.abs(before - probabilities(~own))[:, j]
    return effect, side_effect


def _farthest(codes: Codes) -> Codes:
    """For each point and latent, the value of the training points that is farthest from it.

    If the lowest and the highest value are equally far, it is the one that was sampled first.
    """
    low, high = codes.min(axis=0), codes.max(axis=0)
    below, above = codes - low, high - codes
    low_first = codes.argmin(axis=0) < codes.argmax(axis=0)
    low_is_farthest = (below > above) | ((below == above) & low_first)
    return np.where(low_is_farthest, low, high)


def _read(
    codes: Codes,
    factors: Factors,
    decoder: Any,
    classifier: Any,
    names: Sequence[str],
) -> Matrix:
    """Probability [n, k] of each factor's true value, by the classifier, in decoded images."""
    batches = []
    for start in range(0, len(codes), BATCH):
        rows = slice(start, start + BATCH)
        predicted = classifier(np.asarray(decoder(codes[rows])))
        batches.append(_of_true_values(predicted, factors[rows], names))
    return np.concatenate(batches)


def _of_true_values(
    probabilities: list[npt.NDArray[Any]],
    factors: Factors,
    names: Sequence[str],
) -> Matrix:
    """Probabilities [n, k] of the true values; raises ValueError if the classifier's are wrong."""
    n, k = factors.shape
    parts = [np.asarray(part, np.float64) for part in probabilities]
    shapes = [list(part.shape) for part in parts]
    if len(parts) != k or any(len(shape) != 2 or shape[0] != n for shape in shapes):
        raise ValueError(
            f"classifier must give {k} arrays [{n}, values], one for each varying factor, "
            f"not {shapes}"
        )
    largest = factors.max(axis=0)
    too_few = [names[j] for j, shape in enumerate(shapes) if shape[1] <= largest[j]]
    if too_few:
        raise ValueError(
            f"classifier gives too few values for factors {', '.join(too_few)}: "
            "it must give a probability for each value of the table"
        )
    for part in parts:
        if not np.isfinite(part).all() or part.min() < 0 or part.max() > 1 + 1e-6:
            raise ValueError(
                "classifier must give probabilities in [0, 1] (apply the softmax to its logits)"
            )
    columns = []
    for part, values in zip(parts, factors.T, strict=True):
        columns.append(part[np.arange(n), values])
    return np.stack(columns, axis=1)
