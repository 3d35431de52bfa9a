"""Mutual information gap of Chen et al.: from samples of q(z|x), not from binned means."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _mixtures as mixtures
from facsimile.metrics import mig
from facsimile.metrics.base import mutual_information as information
from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.draws import Draws, Rows

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "chen_mig"
NEEDS = ("codes", "factors", "table", "log_variances")
REFERENCE = (
    "Chen et al. 2018, Isolating sources of disentanglement in VAEs, section 4 and appendix C; "
    "rtqichen/beta-tcvae"
)
CODE = "chen-code"
CONVENTIONS = {
    PAPER: "every factor; entropies over the whole table, integrated on a grid in place of sampled",
    CODE: "as the authors' code: the first factor (dSprites' shape, the faces' identity) is left "
    "out",
}
LABELS = {"chen_mig": "MIG (Chen et al.)"}
SCORES = {
    "chen_mig": "mean gap over the factors, in units of each factor's entropy, in [0, 1]",
    "gap_{k}": "gap of varying factor k, in units of its entropy, in [0, 1]",
}
Matrix = npt.NDArray[np.float64]


def score(draws: Draws, convention: str = PAPER) -> dict[str, float]:
    r"""Gap between the two latents whose samples are most informative about a factor.

    It is a share of the factor's entropy; mean over factors.

    Formula: $\frac1K \sum_k \frac{1}{H(v_k)} \big(I(z_{j_1}; v_k) - I(z_{j_2}; v_k)\big)$ with
    $j_1, j_2$ the two latents most informative about factor $k$,
    $I(z_j; v_k) = H(z_j) - H(z_j | v_k)$, and
    $q(z_j | v_k) = \frac{1}{|X|} \sum_{n \in X} q(z_j | x_n)$ over the images $X$ of that value:
    mixtures of one-dimensional Gaussians, whose entropies are integrated to within 1e-4 nats.

    Traps:
    - It is not disentanglement_lib's MIG (metric ``mig``), which bins means and ignores variances:
      on dSprites 0.001 against 0.029 for an AnnealedVAE, 0.127 against 0.143 for a β-TCVAE, 1
      against 0.896 for the factors themselves.
    - The authors' code leaves out dSprites' shape, which no latent of a VAE encodes well: up to
      0.013 more on 18 models of 1,000 steps, and 0.006 to 0.075 more on eight that others trained
      to the end (11,520 images of dSprites).
    - The authors' code estimates each entropy from 10,000 samples; here the estimated quantity
      itself is computed. On 768 points their score has a standard deviation of 0.0037, and is
      0.0005 too high on average: among latents that nearly tie, the largest estimate wins.
    - Their network outputs the logarithm of the standard deviation, not of the variance.
    - A single latent has no second one: its gap is all its information.
    """
    mutual_information, entropies = draws.shared("chen_mig", lambda: matrix(draws))
    first_factor = 0
    if convention == CODE:
        if len(entropies) < 2:
            raise ValueError(
                "convention 'chen-code' leaves the first varying factor out, "
                "and there is no other: ask for 'paper'"
            )
        first_factor = 1
        mutual_information = mutual_information[:, 1:]
        # The authors' grids have each value equally often, so the entropy is the logarithm of the
        # number of values.
        sizes = draws.whole("chen_mig").sizes[1:]
        entropies = np.log(np.array(sizes, dtype=np.float64))
    # Rounding in the integrals may exceed the bound of 1 by a last digit.
    gaps = np.minimum(mig.gap(mutual_information) / entropies, 1.0)
    scores = {"chen_mig": float(gaps.mean())}
    for k, gap in enumerate(gaps, first_factor):
        scores[f"gap_{k}"] = float(gap)
    return scores


def matrix(draws: Draws) -> tuple[Matrix, Matrix]:
    """Mutual information [d, k] of samples of q(z|x) and factors, and the factors' entropies [k].

    Both are in nats, over the whole table.
    """
    table = draws.whole("chen_mig")
    log_variances = np.asarray(draws.outputs.of("log_variances", "chen_mig"))
    counts = [np.bincount(column) for column in table.factors.T]
    groups = []
    for column, count in zip(table.factors.T, counts, strict=True):
        by_value = np.argsort(column, kind="stable")
        groups.append(np.split(by_value, np.cumsum(count)[:-1]))
    rows = []
    for means, logs in zip(table.codes.T, log_variances.T, strict=True):
        rows.append(_information(means, logs, groups))
    entropies = [information.entropy(count) for count in counts]
    return np.array(rows), np.array(entropies)


def _information(
    means: npt.ArrayLike,
    log_variances: npt.ArrayLike,
    groups: list[list[Rows]],
) -> list[float]:
    """Mutual information of one latent's samples and each factor; nats.

    ``groups`` are, for each factor, the rows of each of its values.
    """
    m = np.array(means, dtype=np.float64)
    v = np.exp(np.array(log_variances, dtype=np.float64))
    total = mixtures.entropy(m, v)
    per_factor = []
    for rows_by_value in groups:
        parts = []
        for rows in rows_by_value:
            share = len(rows) / len(m)
            parts.append(share * mixtures.entropy(m[rows], v[rows]))
        conditional = sum(parts)
        per_factor.append(max(0.0, total - conditional))
    return per_factor
