"""BetaVAE score: whether a linear classifier can tell which factor a batch of pairs shares."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _linear
from facsimile.metrics._conventions import DLIB, DLIB_019, MODERN
from facsimile.metrics._conventions import REFERENCE as REFEREE
from facsimile.metrics._draws import Codes, Draws, Table

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


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    """Test accuracy of predicting, from the mean absolute difference of 64 pairs of codes, the factor in which pairs agree.

    As many batches as there are training and test points. Chance is one over the number of factors.
    """
    table, random = draws.whole("beta_vae_score"), np.random.RandomState(draws.seed)
    n_train, n_test = draws.sizes
    points, labels = _batches(table, n_train, draws.batch, random)
    if table.width == 1:
        return {"beta_vae_score": 1.0}  # there is nothing to tell apart
    if len(np.unique(labels)) < 2:
        raise ValueError(f"beta_vae_score: {n_train} training points hold one factor only; give more (n_train)")
    classifier = _linear.CLASSIFIERS[convention](points, labels)
    if convention != MODERN:
        random.randint(np.iinfo("i").max)  # liblinear takes its seed from the reference's generator, L-BFGS takes none
    points, labels = _batches(table, n_test, draws.batch, random)
    return {"beta_vae_score": float(np.mean(classifier.predict(points) == labels))}


def _batches(table: Table, n: int, size: int, random: np.random.RandomState) -> tuple[Codes, npt.NDArray[np.int64]]:
    points, labels = np.empty((n, table.codes.shape[1]), np.float32), np.empty(n, np.int64)
    for i in range(n):
        labels[i] = random.randint(table.width)
        one, two = table.draw_pairs(size, int(labels[i]), random)
        points[i] = np.abs(table.codes[one] - table.codes[two]).mean(axis=0)
    return points, labels
