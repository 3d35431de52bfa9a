"""BetaVAE score: whether a linear classifier can tell which factor the pairs of a batch share."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _linear
from facsimile.metrics.base.conventions import DLIB, DLIB_019, MODERN
from facsimile.metrics.base.conventions import REFERENCE as DLIB_REFERENCE
from facsimile.metrics.base.draws import Codes, Draws, Table

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "beta_vae_score"
SECONDS = 1.6
NEEDS = ("codes", "factors", "table")
REFERENCE = (
    "Higgins et al. 2017, beta-VAE: Learning basic visual concepts with a constrained variational "
    "framework, section 3"
)
CONVENTIONS = {
    DLIB: f"{DLIB_REFERENCE}: batches of 64 pairs, one-vs-rest logistic regression by liblinear",
    DLIB_019: "the same number: scikit-learn fitted the same models up to 0.21",
    MODERN: "the same with scikit-learn since 0.22: multinomial logistic regression by L-BFGS",
}
LABELS = {
    "beta_vae_score": "BetaVAE score",
}
SCORES = {
    "beta_vae_score": "accuracy on the test batches; chance is one over the number of factors"
}


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""Accuracy of predicting which factor 64 pairs of points share from their codes.

    The prediction uses the mean absolute difference of the two codes of a pair.

    Formula: $\frac{1}{m} \sum_b [h(x_b) = f_b]$ with
    $x_b = \frac{1}{64} \sum_{l=1}^{64} |z_{1l} - z_{2l}|$ [d], where the pairs of test batch $b$
    agree in factor $f_b$ and are sampled independently in all others, and $h$ is a logistic
    regression trained on as many such batches as there are training points.

    Traps:
    - It reaches its maximum long before the latents are disentangled: eight of eleven kinds of
      latents on dSprites score 1.000, noisy and merged ones among them, and two pairs of factors
      rotated by 40 degrees 0.997 (by 45 degrees 0.62).
    - One factor may be missing at no cost: the classifier recognises it because no latent stays
      constant. dSprites without its shape scores 1.000 (FactorVAE score 0.80), and a code of the
      shape alone 0.41 in place of 0.2.
    - The number of pairs in a batch matters: a perfect code of dSprites with noise of twice its
      size scores 0.25 with 4 pairs, 0.35 with 16, 0.55 with 64 and 0.87 with 256.
    - Chance is one over the number of factors (0.200 for noise on dSprites), not 0.
    - The version of scikit-learn changes it by up to 0.014: logistic regression became multinomial
      in 0.22.
    - The classifier is penalised and sees the codes without standardisation, so their scale matters
      a little: a perfect code of dSprites multiplied by 0.01 still scores 1.000.
    """
    train_table, test_table = draws.sides("beta_vae_score")
    random = np.random.RandomState(draws.seed)
    n_train, n_test = draws.sizes
    points, labels = _batches(train_table, n_train, draws.batch, random)
    if train_table.width == 1:
        return {"beta_vae_score": 1.0}  # a single factor cannot be confused with another
    if len(np.unique(labels)) < 2:
        raise ValueError(
            f"beta_vae_score: the batches of {n_train} training points all hold the same factor "
            "fixed; give more points (n_train)"
        )
    classifier = _linear.CLASSIFIERS[convention](points, labels)
    if convention != MODERN:
        # liblinear takes its seed from the reference's generator; L-BFGS takes none.
        random.randint(np.iinfo("i").max)
    points, labels = _batches(test_table, n_test, draws.batch, random)
    return {"beta_vae_score": float(np.mean(classifier.predict(points) == labels))}


def _batches(
    table: Table, n: int, size: int, random: np.random.RandomState
) -> tuple[Codes, npt.NDArray[np.int64]]:
    """Mean absolute differences [n, d] of ``n`` batches of ``size`` pairs, and labels [n]."""
    points = np.empty((n, table.codes.shape[1]), np.float32)
    labels = np.empty(n, np.int64)
    for i in range(n):
        labels[i] = random.randint(table.width)
        first, second = table.draw_pairs(size, int(labels[i]), random)
        difference = table.codes[first] - table.codes[second]
        points[i] = np.abs(difference).mean(axis=0)
    return points, labels
