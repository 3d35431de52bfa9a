"""Reconstruction, KL and each regulariser against an independent float64 formula in NumPy."""

import numpy as np
import pytest
import torch

from facsimile import models
from facsimile.models.base import vae
from facsimile.models.base.vae import Posterior

B, D = 64, 10


@pytest.fixture
def q():
    """A posterior of random means, variances and samples, float64."""
    rng = np.random.default_rng(0)
    mean, log_variance = rng.normal(size=(B, D)), rng.normal(scale=0.5, size=(B, D)) - 1
    sample = mean + np.exp(log_variance / 2) * rng.normal(size=(B, D))
    arrays = [torch.from_numpy(a) for a in (mean, log_variance, sample)]
    return Posterior(*arrays, vae.gaussian_kl(arrays[0], arrays[1]))


def numpy_kl(q):
    """Compute the KL from the definition for two Gaussians, latent by latent."""
    total = 0.0
    for mean, variance in zip(q.mean.numpy().T, np.exp(q.log_variance.numpy()).T, strict=True):
        total += np.mean(np.log(1 / np.sqrt(variance)) + (variance + mean**2) / 2 - 0.5)
    return total


def numpy_dip(covariance, lambda_od, lambda_d):
    total = 0.0
    for i in range(D):
        for j in range(D):
            total += (
                lambda_d * (covariance[i, i] - 1) ** 2
                if i == j
                else lambda_od * covariance[i, j] ** 2
            )
    return total


def test_kl(q):
    assert q.kl.item() == pytest.approx(numpy_kl(q), rel=1e-12)
    assert vae.gaussian_kl(torch.zeros(3, D), torch.zeros(3, D)).item() == 0
    # One latent of mean 2 and variance e: (4 + e - 1 - 1) / 2 nats, not divided by latents, pixels
    # or the size of the data set.
    one = vae.gaussian_kl(torch.tensor([[2.0]]), torch.tensor([[1.0]]))
    assert one.item() == pytest.approx((4 + np.e - 2) / 2)


def test_reconstruction_is_summed_over_pixels_and_averaged_over_the_batch():
    images, logits = torch.rand(5, 1, 8, 8), torch.randn(5, 1, 8, 8)
    p = 1 / (1 + np.exp(-logits.double().numpy()))
    x = images.double().numpy()
    expected = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum((1, 2, 3)).mean()
    assert vae.bernoulli_loss(logits, images).item() == pytest.approx(expected, rel=1e-6)
    # The entropy of pixels is not subtracted: grey pixels cost log 2 even if they match exactly.
    half = vae.bernoulli_loss(torch.zeros(2, 1, 8, 8), torch.full((2, 1, 8, 8), 0.5))
    assert half.item() == pytest.approx(64 * np.log(2), rel=1e-6)


def test_beta_vae(q):
    assert models.model("beta_vae", beta=4).regularizer(q, 0).item() == pytest.approx(
        4 * numpy_kl(q), rel=1e-12
    )


@pytest.mark.parametrize(
    ("step", "capacity"), [(0, 0.0), (50_000, 12.5), (100_000, 25.0), (300_000, 25.0)]
)
def test_annealed_vae(q, step, capacity):
    model = models.model("annealed_vae", c_max=25, gamma=1000, iteration_threshold=100_000)
    assert model.regularizer(q, step).item() == pytest.approx(
        1000 * abs(numpy_kl(q) - capacity), rel=1e-6
    )
    assert model.regularizer(q, torch.tensor(step)).item() == pytest.approx(
        1000 * abs(numpy_kl(q) - capacity), rel=1e-6
    )


def test_dip_vae_i(q):
    model = models.model("dip_vae_i", lambda_od=5, lambda_d_factor=10)
    covariance = np.cov(q.mean.numpy().T, bias=True)
    assert model.regularizer(q, 0).item() == pytest.approx(
        numpy_kl(q) + numpy_dip(covariance, 5, 50), rel=1e-12
    )


def test_dip_vae_ii(q):
    model = models.model("dip_vae_ii", lambda_od=5, lambda_d_factor=1)
    covariance = np.cov(q.mean.numpy().T, bias=True) + np.diag(
        np.exp(q.log_variance.numpy()).mean(0)
    )
    assert model.regularizer(q, 0).item() == pytest.approx(
        numpy_kl(q) + numpy_dip(covariance, 5, 5), rel=1e-12
    )


def test_dip_terms_by_construction():
    model = models.model("dip_vae_i", lambda_od=3, lambda_d_factor=2)
    assert model.distance(torch.eye(4)).item() == 0
    assert model.distance(2 * torch.eye(4)).item() == 4 * 3 * 2  # diagonal only: λ_d Σ (2 - 1)²
    off = torch.eye(4)
    off[0, 1] = off[1, 0] = 0.5
    assert model.distance(off).item() == 2 * 3 * 0.25  # both off-diagonal entries count


def test_a_regulariser_is_as_exact_under_autocast(q, make_model, trained):
    """The training loop computes losses under autocast, where a matrix product is in bfloat16."""
    single = Posterior(*(part.float() for part in q))
    model = make_model(trained)
    with torch.autocast("cpu", torch.bfloat16):
        value = model.regularizer(single, 7)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(model.regularizer(q, 7).item(), rel=1e-4)


def test_dip_leaves_a_diagonal_covariance_its_diagonal_term_alone():
    """Codes ±a along each axis in turn have the covariance diag(a² / d), exactly uncorrelated."""
    axes = 3.0 * torch.cat((torch.eye(D), -torch.eye(D))).double()
    zero = torch.zeros_like(axes)
    q = Posterior(axes, zero, axes, torch.tensor(0.0, dtype=torch.float64))
    variance = 3.0**2 / D
    one = models.model("dip_vae_i", lambda_od=1, lambda_d_factor=0)
    assert one.regularizer(q, 0).item() == pytest.approx(0, abs=1e-15)
    both = models.model("dip_vae_i", lambda_od=2, lambda_d_factor=10)
    assert both.regularizer(q, 0).item() == pytest.approx(20 * D * (variance - 1) ** 2, rel=1e-12)
    # DIP-VAE-II adds the posterior's own variance, here exp(0) = 1, to each entry of the diagonal.
    second = models.model("dip_vae_ii", lambda_od=2, lambda_d_factor=10)
    assert second.regularizer(q, 0).item() == pytest.approx(20 * D * variance**2, rel=1e-12)


def test_the_history_holds_the_terms_of_the_loss(q):
    """The bound is logged with its sign, as in disentanglement_lib: higher is better.

    It does not depend on the regulariser.
    """
    rest, extra = torch.tensor(100.0, dtype=torch.float64), 3 * q.kl
    losses = vae.vae_losses(q, rest, extra)
    kl = numpy_kl(q)
    assert losses.minimise["vae"].item() == pytest.approx(100 + 3 * kl)
    terms = {name: term.item() for name, term in losses.terms.items()}
    assert terms == pytest.approx(
        {"reconstruction": 100, "kl": kl, "regularizer": 3 * kl, "elbo": -(100 + kl)}
    )
