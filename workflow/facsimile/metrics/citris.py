"""CITRIS's correlation matrices: what the latents of each factor tell of every factor, by a small network."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _network, mcc
from facsimile.metrics.base import mutual_information as information
from facsimile.metrics.base.draws import Codes, Draws

RANGE = (float("-inf"), 1.0)
BETTER = "higher"
HEADLINE = "r2_diag"
NEEDS = ("codes", "factors")
REFERENCE = (
    "Lippe et al. 2022, CITRIS: Causal identifiability from temporal intervened sequences, correlation metrics, "
    "as its released code has them"
)
CITRIS, BINNED = "citris", "binned"
CONVENTIONS = {
    CITRIS: "phlippe/CITRIS 2fca29b for models without an assignment of their own: a first network predicts all factors from "
    "each latent alone, and a latent belongs to the factor of its highest R2; every factor a number",
    BINNED: "a latent belongs to the factor of which it tells the largest share in 20 bins (mutual information over entropy): "
    "no first network, a quarter of the time for ten latents",
}
SCORES = {
    "r2_diag": "mean R2 of each factor predicted from its own latents",
    "r2_max_off_diag": "mean over sets of latents of the highest R2 of another factor; the published 'sep'; 0 is best",
    "r2_mean_off_diag": "mean R2 of the other factors, the 'sep' of some later papers; 0 is best",
    "spearman_diag": "as r2_diag, rank correlation of prediction and factor, in [-1, 1]",
    "spearman_max_off_diag": "as r2_max_off_diag, rank correlation, in [-1, 1]; 0 is best",
    "spearman_mean_off_diag": "as r2_mean_off_diag, rank correlation, in [-1, 1]; 0 is best",
}
LEAST = 1e-2  # a latent's standard deviation is taken for no less, so that dead ones stay near 0
# Predictions in [-1, 1] that vary by no more are constant: a code's last bit of float32 moves them
# by up to 3e-6.
FLAT = 1e-5
Matrix = npt.NDArray[np.float64]


def score(draws: Draws, convention: str = CITRIS) -> dict[str, float]:
    r"""Whether each factor can be predicted from its own latents (diagonal) and no other from them (off the diagonal).

    Formula: $R^2_{ij} = 1 - \sum (\hat g_j(z_{S_i}) - g_j)^2 / \sum (g_j - \bar g_j)^2$ over the test points, $\hat g_j$ by a
    network (two layers of 128 tanh, Adam 4e-3, 100 epochs, batches of 512) that sees the latents $S_i$ and which they are.

    Traps:
    - The assignment of latents to factors is part of the number. CITRIS learns one; without, the reference takes the factor of
      the highest R2, from the test points that it is then scored on. Both conventions give a dead latent to some factor, too.
    - Averages off the diagonal differ: 'sep' is the mean of the rows' maxima in the released code, of all elsewhere: 0.31
      and 0.07 for a perfect code of dSprites of which two pairs of latents are turned, by 30 and by 45 degrees.
    - The pair turned by 45 degrees ties: whether one factor gets both, or each one, moves spearman_diag from 0.75 to 0.83.
    - A factor that no latent is given to has an R2 of about 0, so the diagonal also counts what is missing.
    - Here every factor is a number, predicted within its range; the reference has angles and classes where a data set says so.
    - R2 is of new points, and below 0 where the network has learnt noise. A perfect code of dSprites has 0.986 with 2,000
      points, not 1: at the ends of its range the network cannot reach a factor's value.
    - Seeds move the diagonal by 0.003 and Spearman off it by 0.02 (the published network on three seeds, 2,000 points).
    - Ranks see what rounding does to predictions. Points with the same latents get one prediction
      here, and one that varies by 1e-5 or less is constant: without, a factor of no latents has a
      rank correlation of up to 0.05, a perfect code 0.995.

    The reference's split in halves is replaced by training and test points. A factor of one value in the test points has R2 0.
    """
    train, test = _scaled(draws)
    sets = _informed(draws) if convention == BINNED else _predicted(draws, train, test)
    squared, ranks = matrices(draws, train, test, sets)
    return _means("r2", squared) | _means("spearman", ranks)


def matrices(draws: Draws, train: Codes, test: Codes, sets: Codes) -> tuple[Matrix, Matrix]:
    """R2 and rank correlations [s, k] of predictions of the test points by each set [s, d] of latents."""
    factors = draws.train.factors
    low, width = factors.min(axis=0), np.ptp(factors, axis=0)
    targets, truth = (2 * (part - low) / width - 1 for part in (factors, draws.test.factors))
    random = np.random.RandomState(draws.seed)
    weights = _network.fit(train, sets, targets.astype(np.float32), random)
    predicted = _network.predict(weights, test, sets).astype(np.float64)
    error = ((predicted - truth[:, None]) ** 2).mean(axis=0)
    spread = truth.var(axis=0)
    squared = np.where(spread > 0, 1 - error / np.where(spread > 0, spread, 1), 0.0)
    varied = np.where(np.ptp(predicted, axis=0) > FLAT, predicted, 0.0)
    return squared, np.stack([_ranks(found, draws.test.factors) for found in varied.swapaxes(0, 1)])


def _scaled(draws: Draws) -> tuple[Codes, Codes]:
    """Training and test codes, centred and scaled by the training points."""
    train, test = draws.train.codes, draws.test.codes
    centre, width = train.mean(axis=0), np.maximum(train.std(axis=0), np.float32(LEAST))
    return (train - centre) / width, (test - centre) / width


def _predicted(draws: Draws, train: Codes, test: Codes) -> Codes:
    """Sets [k, d] of latents by the R2 of each alone."""
    alone = np.eye(train.shape[1], dtype=np.float32)
    return _assigned(matrices(draws, train, test, alone)[0])


def _informed(draws: Draws) -> Codes:
    """Sets [k, d] of latents by their mutual information with each factor, in units of its entropy."""
    found, entropies = information.matrix(draws)
    return _assigned(found / entropies)


def _assigned(told: Matrix) -> Codes:
    """One set for each factor [k, d] from what each latent tells of it [d, k]: a latent is in one set."""
    return np.eye(told.shape[1], dtype=np.float32)[told.argmax(axis=1)].T


def _ranks(predicted: Matrix, factors: npt.NDArray[np.int64]) -> Matrix:
    """Spearman's correlation [k] of each column of predictions with its factor; 0 where either does not vary."""
    return (mcc.unit(predicted, ranked=True) * mcc.unit(factors, ranked=True)).sum(axis=0)


def _means(name: str, matrix: Matrix) -> dict[str, float]:
    """Of a matrix [k, k]: the means of its diagonal, of its rows' maxima off the diagonal, and of all off the diagonal."""
    own = np.eye(len(matrix), dtype=bool)
    others = matrix[~own].reshape(len(matrix), -1) if len(matrix) > 1 else np.zeros((1, 1))
    return {
        f"{name}_diag": float(matrix[own].mean()),
        f"{name}_max_off_diag": float(others.max(axis=1).mean()),
        f"{name}_mean_off_diag": float(others.mean()),
    }
