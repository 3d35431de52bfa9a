"""Evidence lower bound: Bernoulli reconstruction loss and KL to the prior, in nats per image."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from facsimile.metrics.base import gaussian
from facsimile.metrics.base.draws import Codes, Draws
from facsimile.metrics.base.gaussian import Matrix

RANGE = (float("-inf"), 0.0)
BETTER = "higher"
HEADLINE = "elbo"
NEEDS = ("codes", "log_variances", "images", "decoder")
REFERENCE = (
    "Kingma and Welling 2014, Auto-encoding variational Bayes, eq. 3 and appendix B; "
    "disentanglement_lib 1.5, vae.py"
)
SAMPLED, MEAN = "sampled", "mean"
CONVENTIONS = {
    SAMPLED: "one z is sampled from q(z|x) for each image and decoded, as disentanglement_lib logs "
    "it; the sample is seeded",
    MEAN: "the mean of q(z|x) is decoded in place of a sample: no noise, but not a lower bound of "
    "anything",
}
SECONDS = 5.0
LABELS = {
    "elbo": "ELBO",
    "reconstruction_loss": "Reconstruction loss",
    "kl": "KL",
}
SCORES = {
    "elbo": "minus the sum of reconstruction_loss and kl; nats per image",
    "reconstruction_loss": "Bernoulli cross entropy of image and decoded mean, summed over pixels; "
    "nats per image, in [0, inf)",
    "kl": "KL of q(z|x) from the standard normal, summed over latents; nats per image, in [0, inf)",
    "kl_{j}": "the KL of latent j alone; nats per image, in [0, inf)",
    "clipped": "share of pixels whose decoded mean was moved away from 0 or 1 before its logarithm "
    "was taken, in [0, 1]",
}
# The last digit of a float32 near 1; decoded means are at least this far from 0 and from 1.
CLIP = float(np.finfo(np.float32).eps)
BATCH = 256


def score(draws: Draws, convention: str = SAMPLED) -> dict[str, float]:
    r"""How well images are decoded from their codes, minus what the codes cost.

    Both are means over the training points.

    Formula: $-\mathrm{ELBO} = \mathbb{E}_x\big[-\sum_i x_i \log p_i + (1 - x_i) \log(1 -
    p_i)\big] + \mathbb{E}_x \sum_j \tfrac12 (\mu_j^2 + \sigma_j^2 - \log \sigma_j^2 - 1)$ with
    images $x$ in $[0, 1]$, decoded means $p = f(z)$ of the pixels,
    $z \sim \mathcal{N}(\mu(x), \sigma^2(x))$ or $z = \mu(x)$.

    Traps:
    - Signs: disentanglement_lib logs ``reconstruction_loss`` and ``kl_loss`` as losses and ``elbo``
      as the bound, as here; its ``elbo`` gives weight 1 to the KL whatever the model's β.
    - It logs sampled z, over 1,000 batches of 64 images. Decoding means instead changed the bound
      by +7 (β-VAE), +4 (FactorVAE), -1 (DIP-VAE-II) and -64 nats (AnnealedVAE), for models of
      dSprites trained for 1,000 steps.
    - It works on logits, which do not saturate. Means of exactly 0 or 1 are clipped at 1.2e-7
      (float32's last digit): a wrong saturated pixel costs 15.9 nats, where
      torch.nn.functional.binary_cross_entropy has 100 and a plain logarithm infinity. On the same
      models, float32 means that are clipped this way are within 3e-4 nats of the logits' 200 to 600
      nats.
    - Pixels between 0 and 1 keep a loss even if they are decoded perfectly, log 2 for a grey one:
      compare models on the same images only.
    """
    q = gaussian.posterior(draws, "elbo")
    z = gaussian.sample(q, draws.seed) if convention == SAMPLED else q.means
    images = draws.outputs.of("images", "elbo")
    decoder = draws.outputs.of("decoder", "elbo")
    per_batch = []
    for x, codes in _batches(images, q.rows, z):
        per_batch.append(_losses(x, decoder(codes)))
    loss, clipped, pixels = np.sum(per_batch, axis=0)
    kl = gaussian.divergence(q).mean(axis=0)
    reconstruction = float(loss / len(z))
    total_kl = float(kl.sum())
    scores = {
        "elbo": -(reconstruction + total_kl),
        "reconstruction_loss": reconstruction,
        "kl": total_kl,
    }
    for j, value in enumerate(kl):
        scores[f"kl_{j}"] = float(value)
    scores["clipped"] = float(clipped / pixels)
    return scores


def _batches(
    images: Any, rows: npt.NDArray[np.int64], z: Matrix
) -> Iterator[tuple[npt.NDArray[Any], Codes]]:
    """Images and the codes to decode for them, in batches: not all images need to fit in memory."""
    for start in range(0, len(rows), BATCH):
        part = slice(start, start + BATCH)
        yield images[rows[part]], z[part].astype(np.float32)


def _losses(images: npt.ArrayLike, means: npt.ArrayLike) -> tuple[float, int, int]:
    """Cross entropy of a batch, summed; number of its means that were clipped; number of pixels."""
    x, p = _pixels(images, "images"), _pixels(means, "the decoder's means")
    if x.shape != p.shape:
        raise ValueError(
            f"images have {list(x.shape)} images and pixels, the decoder gives {list(p.shape)}"
        )
    inside = np.clip(p, CLIP, 1 - CLIP)
    return cross_entropy(x, inside), int(np.count_nonzero(inside != p)), p.size


def cross_entropy(images: Matrix, means: Matrix) -> float:
    """Bernoulli cross entropy of images in [0, 1] and means in (0, 1), summed over pixels; nats."""
    log_likelihood = images * np.log(means) + (1 - images) * np.log1p(-means)
    return float(-log_likelihood.sum())


def _pixels(images: npt.ArrayLike, name: str) -> Matrix:
    """Images as float64 [n, pixels]; raises ValueError unless all values are in [0, 1]."""
    values = np.asarray(images)
    values = values.reshape(len(values), -1).astype(np.float64)
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= 1):  # NaN fails too
        raise ValueError(
            f"{name} must be in [0, 1], not {low:.4g} to {high:.4g}: "
            "divide bytes by 255, take the sigmoid of logits"
        )
    return values
