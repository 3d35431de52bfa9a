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
    "Hyvarinen and Morioka 2016, Unsupervised feature extraction by time-contrastive learning and nonlinear ICA, simulations; "
    "Khemakhem et al. 2020, Variational autoencoders and nonlinear ICA, simulations"
)
ICEBEEM, SLOW = "icebeem", "slow-disentanglement"
CONVENTIONS = {
    PAPER: "mean over all factors; one that is left without a code (fewer codes than factors) counts 0",
    ICEBEEM: "ilkhem/icebeem and Genentech/sVAE: mean over the pairs, so factors that are left without a code do not count",
    SLOW: "bethgelab/slow_disentanglement: surplus codes are paired with columns of noise, which compete for codes; "
    "stops if there are fewer codes than factors",
}
SCORES = {
    "mcc": "absolute Pearson correlation of paired codes and factors, training points",
    "mcc_spearman": "the same of ranks, with pairs of their own",
    "mcc_test": "Pearson correlations of the test points, pairs as found on the training points",
    "mcc_spearman_test": "Spearman correlations of the test points, pairs as found on the training points",
}
Matrix = npt.NDArray[np.float64]


def score(draws: Draws, convention: str = PAPER) -> dict[str, float]:
    r"""How well the codes are the factors up to order, sign and scale: each factor is paired with a code of its own.

    Formula: $\frac{1}{k} \max_\pi \sum_{j=1}^{k} |\mathrm{corr}(z_{\pi(j)}, g_j)|$, $z$ the codes [n, d], $g$ the factors
    [n, k] as numbers, $\pi$ one-to-one (linear sum assignment).

    Traps:
    - Every factor is taken for a number: a value's index must mean its size. On dSprites, exchanging two of the three shapes in
      a perfect code gives 0.90 instead of 1, and a cosine and a sine of the orientation for its angle 0.955.
    - A code that is monotonic but not linear loses Pearson, not Spearman: the cube of a perfect code has 0.938 and 1.
    - Noise is not 0: ten codes of noise have 0.018 of 10,000 points and 0.18 of 100, the best of ten for each factor.
    - With fewer codes than factors icebeem averages over the pairs: three of the five codes of a perfect one have 1, not 0.6.
    - icebeem's function for torch tensors is another one: for ranks it takes argsort, the inverse permutation of ranks: a noisy
      code of dSprites has 0.035 instead of 0.902 (2,000 points), and its auction may stop 1/k short of the best pairs.
    """
    if convention == SLOW:
        _enough(draws)
    found: dict[str, float] = {}
    for name, ranked in (("mcc", False), ("mcc_spearman", True)):
        train, test = (correlations(sample, ranked) for sample in (draws.train, draws.test))
        pairs = _pairs(np.hstack([train, _rivals(draws, ranked)]) if convention == SLOW else train)
        found |= {
            name: _mean(train, pairs, convention),
            f"{name}_test": _mean(test, pairs, convention),
        }
    return found


def correlations(sample: Sample, ranked: bool = False) -> Matrix:
    """Absolute correlations [d, k] of codes and factors, of their ranks if ``ranked``; 0 for a column that does not vary."""
    return np.abs(unit(sample.codes, ranked).T @ unit(sample.factors, ranked))


def unit(columns: npt.NDArray[np.generic], ranked: bool) -> Matrix:
    """Columns, or their ranks, centred and of length 1; zero where all values are the same."""
    values = rankdata(columns, axis=0) if ranked else columns.astype(np.float64)
    centred = np.where(np.ptp(values, axis=0) > 0, values - values.mean(axis=0), 0.0)
    length = np.linalg.norm(centred, axis=0)
    return centred / np.where(length > 0, length, 1.0)


def _pairs(found: Matrix) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Codes and factors of the pairs, as many as there are of the fewer."""
    return linear_sum_assignment(found, maximize=True)


def _mean(
    found: Matrix, pairs: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]], convention: str
) -> float:
    codes, factors = pairs
    real = factors < found.shape[1]
    total = found[codes[real], factors[real]].sum()
    return min(1.0, float(total / (real.sum() if convention == ICEBEEM else found.shape[1])))


def _enough(draws: Draws) -> None:
    codes, factors = draws.train.codes.shape[1], draws.train.factors.shape[1]
    if codes < factors:
        raise ValueError(
            f"mcc by {SLOW} needs as many codes as factors, not {codes} for {factors}; use convention={PAPER!r}"
        )


def _rivals(draws: Draws, ranked: bool) -> Matrix:
    """Correlations [d, d - k] with noise, from the generator with which the reference drew the training points."""
    codes, factors = draws.train.codes, draws.train.factors
    random = np.random.RandomState(draws.seed)
    if draws.table is not None:
        draws.table.sample(len(codes), random)
    noise = random.normal(size=(codes.shape[1] - factors.shape[1], len(codes)))
    return np.abs(unit(codes, ranked).T @ unit(noise.T, ranked))
