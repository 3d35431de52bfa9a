"""Fréchet distance in own features: decoded images against real ones, as a classifier sees them."""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from facsimile.metrics.base import draws as base_draws
from facsimile.metrics.base import gaussian
from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.draws import Draws, Factors
from facsimile.papers.beta_vae_repro.metrics import _frechet
from facsimile.papers.beta_vae_repro.metrics._frechet import Matrix

RANGE = (0.0, float("inf"))
BETTER = "lower"
HEADLINE = "reconstructions"
NEEDS = ("codes", "factors", "table", "log_variances", "images", "decoder")
REFERENCE = (
    "Dowson and Landau 1982, The Fréchet distance between multivariate normal distributions, "
    "eq. 4; of reconstructions as in Fil et al. 2021 (jonaswildberger/BetaVAE, utils/fid.py)"
)
CONVENTIONS = {
    PAPER: "one z is sampled from q(z|x) for each image and decoded, as the authors' code does; "
    "features are those of a network trained here, not Inception's"
}
SECONDS = 4.0
LABELS = {
    "reconstructions": "Fréchet, reconstructions",
    "samples": "Fréchet, samples",
    "accuracy": "Accuracy of the features' classifier",
}
SCORES = {
    "reconstructions": "squared distance of features of images and of their reconstructions, in "
    "squared units of a feature, in [0, inf)",
    "samples": "the same of images and of as many decoded samples of the prior",
    "accuracy": "test accuracy of the classifier whose features are used, mean over factors, in "
    "[0, 1]",
}
FEATURES = 64
EPOCHS = 30
MINIBATCH = 200
DECODED = 256  # codes that are decoded at once
Images = npt.NDArray[np.float32]


def score(draws: Draws, convention: str = PAPER) -> dict[str, float]:
    r"""Distance of decoded images from real ones, as a classifier of the factors sees them.

    A network with one hidden layer of 64 ReLU units is trained to tell the values of all factors
    from the training points' images; its hidden units are the features. The distance is that of two
    Gaussians with the means and covariances of the features.

    Formula: $\lVert m - m' \rVert^2 + \operatorname{Tr}\big(C + C' - 2 (C C')^{1/2}\big)$ with the
    means $m$, $m'$ and covariances $C$, $C'$ of the features of images and decoded images.

    Traps:
    - It is not FID: FID has the features of Inception, trained on photographs. Numbers of the two
      cannot be compared, and those of two data sets cannot be compared either.
    - The authors measure reconstructions of sampled codes against the images themselves, not
      samples of the prior: a model that ignores its prior does well. ``samples`` is of the prior.
    - It depends on the number of images: two samples of one distribution are at a distance above 0,
      which falls with their size.
    - On data that are drawn again at every read, the network is trained on other images for each
      seed of a run.
    """
    rows = gaussian.rows_of(draws, "frechet_distance")
    q = gaussian.posterior(draws, "frechet_distance")
    images = draws.outputs.of("images", "frechet_distance")
    decoder = draws.outputs.of("decoder", "frechet_distance")
    real = _flat(images[rows])
    network = _trained(real, draws.train.factors, draws.seed)
    prior = np.random.default_rng(draws.seed).standard_normal(q.means.shape)
    features = network.features(real)
    reconstructed = network.features(_decoded(decoder, gaussian.sample(q, draws.seed)))
    sampled = network.features(_decoded(decoder, prior))
    test = draws.test
    return {
        "reconstructions": _frechet.of_samples(features, reconstructed),
        "samples": _frechet.of_samples(features, sampled),
        "accuracy": network.accuracy(_flat(images[test.rows]), test.factors),
    }


class Network(NamedTuple):
    """A classifier of the factors; ``values`` are the values of each, in the order of its outputs.

    The outputs of all factors stand side by side.
    """

    classifier: MLPClassifier
    values: list[npt.NDArray[Any]]

    def features(self, pixels: Images) -> Matrix:
        """The hidden units [n, 64] of images [n, p]."""
        weights, biases = self.classifier.coefs_[0], self.classifier.intercepts_[0]
        hidden = pixels @ weights + biases
        return np.maximum(hidden, 0).astype(np.float64)

    def accuracy(self, pixels: Images, factors: Factors) -> float:
        """Share of the factors [n, k] of images [n, p] that are predicted."""
        outputs = self.classifier.predict_proba(pixels)
        sizes = [len(values) for values in self.values]
        ends = np.cumsum(sizes)[:-1]
        correct = []
        for j, part in enumerate(np.split(outputs, ends, axis=1)):
            predicted = self.values[j][part.argmax(axis=1)]
            correct.append(np.mean(predicted == factors[:, j]))
        return float(np.mean(correct))


def _trained(pixels: Images, factors: Factors, seed: int) -> Network:
    """The classifier of the factors [n, k] of images [n, p]."""
    numbered, values = base_draws.numbered(factors)
    targets = []
    for j, of_factor in enumerate(values):
        targets.append(np.eye(len(of_factor), dtype=np.int64)[numbered[:, j]])
    classifier = MLPClassifier(
        (FEATURES,),
        activation="relu",
        solver="adam",
        alpha=1e-4,
        batch_size=min(MINIBATCH, len(pixels)),
        learning_rate_init=1e-2,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        max_iter=EPOCHS,
        n_iter_no_change=EPOCHS,
        tol=0.0,
        shuffle=True,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # All epochs are made, whether the loss still falls or not.
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(pixels, np.concatenate(targets, axis=1))
    return Network(classifier, values)


def _decoded(decoder: Callable[[Any], Any], codes: Matrix) -> Images:
    """Decoded codes, float32 [n, p]."""
    blocks = []
    for first in range(0, len(codes), DECODED):
        block = codes[first : first + DECODED].astype(np.float32)
        blocks.append(_flat(decoder(block)))
    return np.concatenate(blocks)


def _flat(images: npt.ArrayLike) -> Images:
    """Images as float32 [n, p]."""
    array = np.asarray(images, np.float32)
    return array.reshape(len(array), -1)
