"""BetaVAE score: whether a linear classifier can tell which factor a batch of pairs shares."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _linear
from facsimile.metrics.base.conventions import DLIB, DLIB_019, MODERN
from facsimile.metrics.base.conventions import REFERENCE as REFEREE
from facsimile.metrics.base.draws import Codes, Draws, Table

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "beta_vae_score"
NEEDS = ("codes", "factors", "table")
REFERENCE = "Higgins et al. 2017, beta-VAE: Learning basic visual concepts with a constrained variational framework, section 3"
CONVENTIONS = {
    DLIB: f"{REFEREE}: batches of 64 pairs, logistic regression by liblinear, one class against the rest",
    DLIB_019: "the same number: scikit-learn fitted alike up to 0.21",
    MODERN: "the same with scikit-learn since 0.22: multinomial logistic regression by L-BFGS",
}
LABELS = {
    "beta_vae_score": "BetaVAE score",
}
SCORES = {
    "beta_vae_score": "accuracy on the test batches; chance is one over the number of factors"
}


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    r"""Test accuracy of predicting, from the mean absolute difference of 64 pairs of codes, the factor in which pairs agree.

    Formula: $\frac{1}{m} \sum_b [h(x_b) = f_b]$ with $x_b = \frac{1}{64} \sum_{l=1}^{64} |z_{1l} - z_{2l}|$ [d], the pairs of
    test batch $b$ alike in factor $f_b$ and drawn apart in all others, and $h$ a logistic regression of as many such batches
    as there are training points.

    Traps:
    - It is at the top long before the latents are: eight of eleven kinds of latents on dSprites have 1.000, noisy and merged
      ones among them, and two pairs of factors turned by 40 degrees 0.997 (by 45 degrees 0.62).
    - One factor may be missing at no cost: that no latent stands still tells it. dSprites without its shape has 1.000
      (FactorVAE score 0.80), and a code of shape alone 0.41 instead of 0.2.
    - The number of pairs in a batch is part of it: a perfect code of dSprites with noise of twice its size has 0.25 with 4
      pairs, 0.35 with 16, 0.55 with 64 and 0.87 with 256.
    - Chance is one over the number of factors (0.200 for noise on dSprites), not 0.
    - The version of scikit-learn moves it by up to 0.014: logistic regression became multinomial in 0.22.
    - The classifier is penalised and sees the codes as they are, so their scale matters a little: 0.01 of a perfect code of
      dSprites still has 1.000.
    """
    table, random = draws.whole("beta_vae_score"), np.random.RandomState(draws.seed)
    n_train, n_test = draws.sizes
    points, labels = _batches(table, n_train, draws.batch, random)
    if table.width == 1:
        return {"beta_vae_score": 1.0}  # there is nothing to tell apart
    if len(np.unique(labels)) < 2:
        raise ValueError(
            f"beta_vae_score: {n_train} training points hold one factor only; give more (n_train)"
        )
    classifier = _linear.CLASSIFIERS[convention](points, labels)
    if convention != MODERN:
        random.randint(
            np.iinfo("i").max
        )  # liblinear takes its seed from the reference's generator, L-BFGS takes none
    points, labels = _batches(table, n_test, draws.batch, random)
    return {"beta_vae_score": float(np.mean(classifier.predict(points) == labels))}


def _batches(
    table: Table, n: int, size: int, random: np.random.RandomState
) -> tuple[Codes, npt.NDArray[np.int64]]:
    points, labels = np.empty((n, table.codes.shape[1]), np.float32), np.empty(n, np.int64)
    for i in range(n):
        labels[i] = random.randint(table.width)
        one, two = table.draw_pairs(size, int(labels[i]), random)
        points[i] = np.abs(table.codes[one] - table.codes[two]).mean(axis=0)
    return points, labels
