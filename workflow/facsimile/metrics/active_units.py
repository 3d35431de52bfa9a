"""Active units: how many latents carry information about the images, or differ from the prior."""

import numpy as np

from facsimile.metrics.base import gaussian
from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.draws import Draws
from facsimile.metrics.base.gaussian import Matrix

RANGE = (0.0, float("inf"))
BETTER = "higher"
HEADLINE = "active_units"
NEEDS = ("codes",)
REFERENCE = (
    "Burda et al. 2016, Importance weighted autoencoders, section 5; Lucas et al. 2019, Don't "
    "blame the ELBO (collapse by KL)"
)
CODE, KL = "iwae-code", "kl"
CONVENTIONS = {
    PAPER: "a unit is active if its posterior mean has a variance above 0.01 over the training "
    "points",
    CODE: "as the authors' yburda/iwae counts: over the first 500 training points only, and a "
    "variance of exactly 0.01 is active",
    KL: "a unit is active if its mean KL(q(z_j|x) || N(0, 1)) is above 0.01 nats (our threshold); "
    "needs log_variances",
}
CONVENTION_NEEDS = {KL: ("table", "log_variances")}
SCORES = {
    "active_units": "number of active units, 0 to d",
    "active_share": "the same divided by the number d of units, in [0, 1]",
    "statistic_{j}": "what decides whether unit j is active: variance of its mean (squared units "
    "of the code); with kl its mean KL, nats",
}
THRESHOLD = 1e-2
POINTS_OF_CODE = 500


def score(draws: Draws, convention: str = PAPER) -> dict[str, float]:
    r"""Number of latents that depend on the image.

    A latent counts if its posterior mean varies or, with ``kl``, if it differs from the prior.

    Formula: $A_j = \operatorname{Var}_x\big(\mathbb{E}_{q(z_j|x)}[z_j]\big)$ over the training
    points, unit $j$ active if $A_j > 0.01$; convention ``kl``:
    $\mathbb{E}_x\,\mathrm{KL}(q(z_j|x)\,\|\,\mathcal{N}(0, 1)) > 0.01$ nats.

    Traps:
    - The variance is in units of the code: latents of an autoencoder without a prior can be scaled
      to give any count.
    - More active units are not better disentangled: a β-VAE is meant to switch off units that the
      factors do not need, and noise is fully active.
    - The two statistics disagree: an AnnealedVAE of 10 latents on dSprites has 5 active units by
      variance and 10 by KL: posteriors may differ from the prior although their means are constant.
    - The thresholds are not equivalent: a Gaussian code with the best variance for a mean of
      variance 0.01 has a KL of 0.005 nats.
    - The authors' code uses 500 images: for a FactorVAE on dSprites it finds 9 units where 10,000
      images give 10.
    """
    statistic = _statistic(draws, convention)
    # The released code has >= where the paper has >.
    active = statistic >= THRESHOLD if convention == CODE else statistic > THRESHOLD
    count = int(active.sum())
    scores = {"active_units": float(count), "active_share": count / len(statistic)}
    for j, value in enumerate(statistic):
        scores[f"statistic_{j}"] = float(value)
    return scores


def _statistic(draws: Draws, convention: str) -> Matrix:
    """What decides whether each unit is active [d]."""
    if convention == KL:
        q = gaussian.posterior(draws, "active_units (convention kl)")
        return np.asarray(gaussian.divergence(q).mean(axis=0))
    points = draws.train.codes
    if convention == CODE:
        points = points[:POINTS_OF_CODE]
    return np.asarray(points.var(axis=0, dtype=np.float64))
