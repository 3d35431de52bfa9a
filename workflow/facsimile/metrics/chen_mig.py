"""Mutual information gap of Chen et al.: of samples of q(z|x), not of binned means."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _mixtures as mixtures
from facsimile.metrics import mig
from facsimile.metrics.base import mutual_information as information
from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.draws import Draws

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "chen_mig"
NEEDS = ("codes", "factors", "table", "log_variances")
REFERENCE = "Chen et al. 2018, Isolating sources of disentanglement in VAEs, section 4 and appendix C; rtqichen/beta-tcvae"
CODE = "chen-code"
CONVENTIONS = {
    PAPER: "every factor; entropies over the whole table, integrated on a grid instead of sampled",
    CODE: "as the authors' code: the first factor (dSprites' shape, the faces' identity) is left out",
}
SCORES = {
    "chen_mig": "mean gap over the factors, in units of each factor's entropy, in [0, 1]",
    "gap_{k}": "gap of varying factor k, in units of its entropy, in [0, 1]",
}
Matrix = npt.NDArray[np.float64]


def score(draws: Draws, convention: str = PAPER) -> dict[str, float]:
    r"""Mean over factors of the gap between the two latents whose samples tell most of it, in units of the factor's entropy.

    Formula: $\frac1K \sum_k \frac{1}{H(v_k)} \big(I(z_{j_1}; v_k) - I(z_{j_2}; v_k)\big)$ with $j_1, j_2$ the two latents that
    tell most of factor $k$, $I(z_j; v_k) = H(z_j) - H(z_j | v_k)$, and
    $q(z_j | v_k) = \frac{1}{|X|} \sum_{n \in X} q(z_j | x_n)$ over the images $X$ of that value: mixtures
    of Gaussians on a line, whose entropies are integrated to within 1e-4 nats.

    Traps:
    - It is another number than disentanglement_lib's MIG (metric ``mig``), which bins means and sees no variances: on dSprites
      0.001 against 0.029 for an AnnealedVAE, 0.127 against 0.143 for a β-TCVAE, 1 against 0.896 for the factors themselves.
    - The authors' code leaves dSprites' shape out, which no latent of a VAE tells well: up to 0.013 more on 18 models
      of 1,000 steps.
    - The authors' code estimates each entropy from 10,000 samples; here is what it estimates. On 768 points its score has a
      standard deviation of 0.0037, and is 0.0005 too high on average: of latents that nearly tie, the largest estimate wins.
    - Their network gives the logarithm of the standard deviation, not of the variance.
    - A single latent has no rival: its gap is all its information.
    """
    found, entropies = draws.shared("chen_mig", lambda: matrix(draws))
    if convention == CODE:
        if len(entropies) < 2:
            raise ValueError(
                "convention 'chen-code' leaves the first varying factor out, and there is no other: ask for 'paper'"
            )
        # Of factors whose values are equally frequent, as in the authors' grids, the logarithm of their number is the entropy.
        found, entropies = (
            found[:, 1:],
            np.log(np.array(draws.whole("chen_mig").sizes[1:], dtype=np.float64)),
        )
    gaps = np.minimum(
        mig.gap(found) / entropies, 1.0
    )  # integrals of densities may pass the bound by a last digit
    first = int(convention == CODE)
    return {
        "chen_mig": float(gaps.mean()),
        **{f"gap_{k + first}": float(gap) for k, gap in enumerate(gaps)},
    }


def matrix(draws: Draws) -> tuple[Matrix, Matrix]:
    """Mutual information [d, k] of samples of q(z|x) and factors over the whole table, and the factors' entropies [k]; nats."""
    table = draws.whole("chen_mig")
    log_variances = np.asarray(draws.given.of("log_variances", "chen_mig"))
    groups = [
        np.split(np.argsort(column, kind="stable"), np.cumsum(np.bincount(column))[:-1])
        for column in table.factors.T
    ]
    found = [
        _information(means, logs, groups)
        for means, logs in zip(table.codes.T, log_variances.T, strict=True)
    ]
    return np.array(found), np.array(
        [information.entropy(np.bincount(column)) for column in table.factors.T]
    )


def _information(
    means: npt.ArrayLike, log_variances: npt.ArrayLike, groups: list[list[npt.NDArray[np.int64]]]
) -> list[float]:
    """Mutual information of one latent's samples and each factor; ``groups``: of each factor, the rows of each value."""
    m, v = np.array(means, dtype=np.float64), np.exp(np.array(log_variances, dtype=np.float64))
    whole = mixtures.entropy(m, v)
    within = [
        sum(len(rows) / len(m) * mixtures.entropy(m[rows], v[rows]) for rows in factor)
        for factor in groups
    ]
    return [max(0.0, whole - part) for part in within]
