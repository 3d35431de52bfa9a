"""Active units: how many latents carry anything of the images, or have not collapsed onto the prior."""

import numpy as np

from facsimile.metrics.base import gaussian
from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.draws import Draws
from facsimile.metrics.base.gaussian import Matrix

RANGE = (0.0, float("inf"))
BETTER = "higher"
HEADLINE = "active_units"
NEEDS = ("codes",)
REFERENCE = "Burda et al. 2016, Importance weighted autoencoders, section 5; Lucas et al. 2019, Don't blame the ELBO (collapse by KL)"
CODE, KL = "iwae-code", "kl"
CONVENTIONS = {
    PAPER: "a unit is active if its posterior mean varies by more than 0.01 over the training draws",
    CODE: "as the authors' yburda/iwae counts: over the first 500 training draws only, and 0.01 itself is active",
    KL: "a unit is active if its mean KL(q(z_j|x) || N(0, 1)) is above 0.01 nats (a threshold of ours); needs log_variances",
}
SCORES = {
    "active_units": "number of active units, 0 to d",
    "active_share": "the same over the number d of units, in [0, 1]",
    "statistic_{j}": "what unit j is judged by: variance of its mean (squared units of the code); with kl its mean KL, nats",
}
THRESHOLD = 1e-2
POINTS_OF_CODE = 500


def score(draws: Draws, convention: str = PAPER) -> dict[str, float]:
    r"""Number of latents that depend on the image: those whose posterior mean varies, or that are away from the prior.

    Formula: $A_j = \operatorname{Var}_x\big(\mathbb{E}_{q(z_j|x)}[z_j]\big)$ over the training draws, unit $j$ active if
    $A_j > 0.01$; convention ``kl``: $\mathbb{E}_x\,\mathrm{KL}(q(z_j|x)\,\|\,\mathcal{N}(0, 1)) > 0.01$ nats.

    Traps:
    - The variance is in units of the code: latents of an autoencoder without a prior can be scaled to any count.
    - More is not better disentangled: a β-VAE is meant to close units that the factors do not need, and noise is fully active.
    - The two statistics disagree: an AnnealedVAE of 10 latents on dSprites has 5 active by variance and 10 by KL: posteriors
      may be off the prior though their means stand still.
    - The thresholds are not one: a Gaussian code of the best variance for its mean's 0.01 has a KL of 0.005 nats.
    - The authors' code looks at 500 images: on a FactorVAE of dSprites it has 9 units where 10,000 images have 10.
    """
    statistic = _statistic(draws, convention)
    active = int((statistic >= THRESHOLD if convention == CODE else statistic > THRESHOLD).sum())
    judged = {f"statistic_{j}": float(value) for j, value in enumerate(statistic)}
    return {"active_units": float(active), "active_share": active / len(statistic)} | judged


def _statistic(draws: Draws, convention: str) -> Matrix:
    """What each unit is judged by [d]."""
    if convention == KL:
        return np.asarray(
            gaussian.divergence(gaussian.posterior(draws, "active_units (convention kl)")).mean(
                axis=0
            )
        )
    points = draws.train.codes[:POINTS_OF_CODE] if convention == CODE else draws.train.codes
    return np.asarray(points.var(axis=0, dtype=np.float64))
