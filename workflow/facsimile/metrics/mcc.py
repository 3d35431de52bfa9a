"""Mean correlation coefficient."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.draws import Draws, Sample

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "mcc"
NEEDS = ("codes", "factors")
REFERENCE = (
    "Hyvarinen and Morioka 2016, Unsupervised feature extraction by time-contrastive learning and "
    "nonlinear ICA, simulations; Khemakhem et al. 2020, Variational autoencoders and nonlinear "
    "ICA, simulations"
)
ICEBEEM, SLOW = "icebeem", "slow-disentanglement"
CONVENTIONS = {
    PAPER: "mean over all factors; a factor that is left without a code (fewer codes than factors) "
    "counts 0",
    ICEBEEM: "ilkhem/icebeem and Genentech/sVAE: mean over the pairs, so factors that are left "
    "without a code do not count",
    SLOW: "bethgelab/slow_disentanglement: surplus codes are paired with columns of noise, which "
    "compete for codes; stops if there are fewer codes than factors",
}
SCORES = {
    "mcc": "absolute Pearson correlation of paired codes and factors, training points",
    "mcc_spearman": "the same for ranks, with a pairing of their own",
    "mcc_test": "Pearson correlations of the test points, paired as at the training points",
    "mcc_spearman_test": "Spearman correlations of the test points, paired as at the training "
    "points",
}
Matrix = npt.NDArray[np.float64]
# The codes and the factors of the pairs, one entry per pair.
Pairs = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


def score(draws: Draws, convention: str = PAPER) -> dict[str, float]:
    r"""How well the codes recover the factors up to order, sign and scale.

    Each factor is paired with a code of its own.

    Formula: $\frac{1}{k} \max_\pi \sum_{j=1}^{k} |\mathrm{corr}(z_{\pi(j)}, g_j)|$, with $z$ the
    codes [n, d], $g$ the factors [n, k] as numbers, and $\pi$ one-to-one (linear sum assignment).

    Traps:
    - Every factor is treated as a number: a value's index must mean its size. On dSprites,
      exchanging two of the three shapes in a perfect code gives 0.90 in place of 1, and a cosine
      and a sine of the orientation in place of its angle 0.955.
    - A code that is monotonic but not linear lowers Pearson, not Spearman: the cube of a perfect
      code scores 0.938 and 1.
    - Noise does not score 0: ten codes of noise score 0.018 with 10,000 points and 0.18 with 100,
      the best of ten for each factor.
    - With fewer codes than factors icebeem averages over the pairs: three of the five codes of a
      perfect one score 1, not 0.6.
    - icebeem's function for torch tensors is different: in place of ranks it uses argsort, the
      inverse permutation of ranks: a noisy code of dSprites scores 0.035 in place of 0.902 (2,000
      points), and its auction may end 1/k below the best pairs.
    """
    if convention == SLOW:
        _require_enough_codes(draws)
    scores: dict[str, float] = {}
    for name, ranked in (("mcc", False), ("mcc_spearman", True)):
        train = correlations(draws.train, ranked)
        test = correlations(draws.test, ranked)
        candidates = train
        if convention == SLOW:
            candidates = np.hstack([train, _noise_correlations(draws, ranked)])
        pairs = _pairs(candidates)
        scores[name] = _mean(train, pairs, convention)
        scores[f"{name}_test"] = _mean(test, pairs, convention)
    return scores


def correlations(sample: Sample, ranked: bool = False) -> Matrix:
    """Absolute correlations [d, k] of codes and factors, or of their ranks if ``ranked``.

    A column that does not vary has the correlation 0.
    """
    codes = unit(sample.codes, ranked)
    factors = unit(sample.factors, ranked)
    return np.abs(codes.T @ factors)


def unit(columns: npt.NDArray[np.generic], ranked: bool) -> Matrix:
    """Columns, or their ranks, centred and of length 1; zero where all values are the same."""
    values = rankdata(columns, axis=0) if ranked else columns.astype(np.float64)
    varies = np.ptp(values, axis=0) > 0
    centred = np.where(varies, values - values.mean(axis=0), 0.0)
    length = np.linalg.norm(centred, axis=0)
    return centred / np.where(length > 0, length, 1.0)


def _pairs(matrix: Matrix) -> Pairs:
    """Pairs of codes and factors with the largest sum, as many as there are of the fewer."""
    return linear_sum_assignment(matrix, maximize=True)


def _mean(matrix: Matrix, pairs: Pairs, convention: str) -> float:
    """Mean of the paired entries of ``matrix`` [d, k], without pairs with columns of noise."""
    codes, factors = pairs
    n_factors = matrix.shape[1]
    real = factors < n_factors
    total = matrix[codes[real], factors[real]].sum()
    count = real.sum() if convention == ICEBEEM else n_factors
    return min(1.0, float(total / count))  # rounding may exceed 1 by a last digit


def _require_enough_codes(draws: Draws) -> None:
    codes = draws.train.codes.shape[1]
    factors = draws.train.factors.shape[1]
    if codes < factors:
        raise ValueError(
            f"mcc by {SLOW} needs as many codes as factors, not {codes} for {factors}; "
            f"use convention={PAPER!r}"
        )


def _noise_correlations(draws: Draws, ranked: bool) -> Matrix:
    """Absolute correlations [d, d - k] of the codes with columns of noise.

    The noise comes from the generator with which the reference sampled the training points, in the
    state it had then.
    """
    codes, factors = draws.train.codes, draws.train.factors
    random = np.random.RandomState(draws.seed)
    if draws.table is not None:
        draws.table.sample(len(codes), random)  # for the state of the generator only
    surplus = codes.shape[1] - factors.shape[1]
    noise = random.normal(size=(surplus, len(codes)))
    return np.abs(unit(codes, ranked).T @ unit(noise.T, ranked))
