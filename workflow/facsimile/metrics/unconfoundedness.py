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
REFERENCE = "Reddy et al. 2022, On causally disentangled representations (AAAI; arXiv 2112.05746), UC; read from its released code"
CONVENTIONS = _latent_sets.CONVENTIONS
SCORES = {
    "uc": "with one latent for each factor (rho = 1), on which both conventions agree",
    "uc_rho7": "with seven latents for each factor (rho = 7), as released; less than 1 at best unless there are 7 k latents",
}


def score(draws: Draws, convention: str = CORRECTED) -> dict[str, float]:
    r"""Whether the factors are encoded by different latents: 1 - the mean overlap of the sets of latents of two factors.

    Formula: $1 - \frac{2}{k(k-1)} \sum_{i<j} |Z_i \cap Z_j| / |Z_i \cup Z_j|$, $Z_j$ the $\rho$ latents whose deviation is
    smallest while factor $j$ is held (IRS: factors in 20 bins, 99 % quantile).

    Traps:
    - It does not ask whether the latents know the factor: a perfect code of dSprites whose rows are shuffled has 0.70 to 0.90.
    - One heavy-tailed latent is the most robust to every factor, as its largest deviation is far above the 99 % quantile: a
      noisy perfect code (standard deviation 0.3) falls from 1 to 0 by a sixth latent of Student noise (1.5 degrees of freedom).
      Ten latents of normal noise have 0.1 or so for this reason: the one with the largest outlier is every factor's.
    - With rho = 7 of ten latents two sets share four at least, and no code has more than 0.6; with seven latents or fewer all
      have 0. The noisy perfect code beside five latents of noise has 0.225.
    - The released code does not pick the rho best: it strides through a list that is not sorted, and of ten latents and rho = 7
      takes the best and the one in the third place. The same code has 0.60 to 0.67 there, by the order of its latents. With
      numpy 2 the list, and so the score, depends on numpy's version and may on the processor.
    - A single factor has nothing to be confounded with: 1. Constant codes have no latents at all: 0.
    """
    return {"uc": _uc(draws, 1, convention), "uc_rho7": _uc(draws, _latent_sets.RHO, convention)}


def _uc(draws: Draws, rho: int, convention: str) -> float:
    sets = _latent_sets.of_factors(draws, rho, convention)
    if not all(sets):
        return 0.0
    shared = [len(one & other) / len(one | other) for one, other in combinations(sets, 2)]
    return 1.0 - float(np.mean(shared)) if shared else 1.0
