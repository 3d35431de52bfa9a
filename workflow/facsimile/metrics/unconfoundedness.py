"""Unconfoundedness (UC)."""

from itertools import combinations

import numpy as np

from facsimile.metrics import _latent_sets
from facsimile.metrics.base.conventions import CORRECTED
from facsimile.metrics.base.draws import Draws

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "uc"
NEEDS = ("codes", "factors")
REFERENCE = (
    "Reddy et al. 2022, On causally disentangled representations (AAAI; arXiv 2112.05746), UC; "
    "read from its released code"
)
CONVENTIONS = _latent_sets.CONVENTIONS
LABELS = {
    "uc": "UC",
    "uc_rho7": "UC, ρ = 7",
}
SCORES = {
    "uc": "with one latent for each factor (rho = 1), for which both conventions agree",
    "uc_rho7": "with seven latents for each factor (rho = 7), as released; below 1 even at best "
    "unless there are 7 k latents",
}


def score(draws: Draws, convention: str = CORRECTED) -> dict[str, float]:
    r"""Whether different latents encode different factors.

    It is 1 minus the mean overlap of the sets of latents of two factors.

    Formula: $1 - \frac{2}{k(k-1)} \sum_{i<j} |Z_i \cap Z_j| / |Z_i \cup Z_j|$, with $Z_j$ the
    $\rho$ latents whose deviation is smallest while factor $j$ is held fixed (IRS: factors in 20
    bins, 99 % quantile).

    Traps:
    - It does not check whether the latents encode the factor: a perfect code of dSprites whose rows
      are shuffled scores 0.70 to 0.90.
    - One heavy-tailed latent is the most robust to every factor, as its largest deviation is far
      above the 99 % quantile: a noisy perfect code (standard deviation 0.3) falls from 1 to 0 if a
      sixth latent of Student noise (1.5 degrees of freedom) is added. For the same reason ten
      latents of normal noise score about 0.1: the one with the largest outlier is every factor's.
    - With rho = 7 of ten latents two sets share at least four, and no code scores more than 0.6;
      with seven latents or fewer all score 0. The noisy perfect code beside five latents of noise
      scores 0.225.
    - The released code does not pick the best rho latents: it strides through an unsorted list, and
      of ten latents with rho = 7 takes the best and the one in the third place. The same code
      scores 0.60 to 0.67 there, depending on the order of its latents. With numpy 2 the list, and
      so the score, depends on numpy's version and may depend on the processor.
    - A single factor scores 1: it has nothing to be confounded with. Constant codes score 0: they
      have no latents.
    """
    return {
        "uc": _uc(draws, 1, convention),
        "uc_rho7": _uc(draws, _latent_sets.RHO, convention),
    }


def _uc(draws: Draws, rho: int, convention: str) -> float:
    sets = _latent_sets.of_factors(draws, rho, convention)
    if not all(sets):  # no code varies, so all sets are empty
        return 0.0
    overlaps = []
    for one, other in combinations(sets, 2):
        overlaps.append(len(one & other) / len(one | other))
    return 1.0 - float(np.mean(overlaps)) if overlaps else 1.0
