"""BetaVAE score: whether a linear classifier can tell which factor a batch of pairs shares."""

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _linear
from facsimile.metrics._conventions import DLIB, REFERENCE as REFEREE
from facsimile.metrics._draws import Codes, Draws, Table

RANGE = (0.0, 1.0)
BETTER = "higher"
HEADLINE = "beta_vae_score"
NEEDS = ("codes", "table")
REFERENCE = "Higgins et al. 2017, beta-VAE: Learning basic visual concepts with a constrained variational framework, section 3"
CONVENTIONS = {DLIB: f"{REFEREE}: batches of 64 pairs, logistic regression by liblinear, one class against the rest"}
BATCH = 64


def score(draws: Draws, convention: str = DLIB) -> dict[str, float]:
    """Test accuracy of predicting, from the mean absolute difference of 64 pairs of codes, the factor in which pairs agree.

    As many batches as there are training and test points. Chance is one over the number of factors.
    """
    table, random = draws.whole("beta_vae_score"), np.random.RandomState(draws.seed)
    n_train, n_test = draws.sizes
    points, labels = _batches(table, n_train, random)
    if len(np.unique(labels)) < 2:
        return {"beta_vae_score": 1.0}  # one factor: there is nothing to tell apart
    classifier = _linear.logistic(points, labels)
    random.randint(np.iinfo("i").max)  # the reference's classifier takes its seed from the same generator
    points, labels = _batches(table, n_test, random)
    return {"beta_vae_score": float(np.mean(classifier.predict(points) == labels))}


def _batches(table: Table, n: int, random: np.random.RandomState) -> tuple[Codes, npt.NDArray[np.int64]]:
    points, labels = np.empty((n, table.codes.shape[1]), np.float32), np.empty(n, np.int64)
    for i in range(n):
        labels[i] = random.randint(table.width)
        one, two = table.draw_pairs(BATCH, int(labels[i]), random)
        points[i] = np.abs(table.codes[one] - table.codes[two]).mean(axis=0)
    return points, labels
