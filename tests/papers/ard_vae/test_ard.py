"""ARD-VAE's divergence, its networks and RAE's loss, against independently computed values."""

import numpy as np
import pytest
import torch

from facsimile import models
from facsimile.papers.ard_vae.models import _ard
from facsimile.papers.ard_vae.models.rae import LOG_VARIANCE

B, D = 64, 5


@pytest.fixture
def posterior():
    """Means and log-variances of very different scales, float64, that require gradients."""
    rng = np.random.default_rng(0)
    scale = np.array([0.01, 0.3, 1, 4, 50])
    mean = rng.normal(size=(B, D)) * scale
    log_variance = rng.normal(scale=0.5, size=(B, D)) + 2 * np.log(scale) - 1
    return torch.from_numpy(mean).requires_grad_(), torch.from_numpy(log_variance).requires_grad_()


def second_moment(mean, log_variance):
    return (mean.detach().numpy() ** 2 + np.exp(log_variance.detach().numpy())).mean(0)


def test_the_divergence_is_that_of_two_gaussians_at_the_best_variance(posterior):
    """With v = E[z²] the quadratic part is ½ per latent, which leaves ½ (log v - E log σ²)."""
    mean, log_variance = posterior
    expected = (
        0.5 * (np.log(second_moment(*posterior)) - log_variance.detach().numpy().mean(0)).sum()
    )
    assert _ard.divergence(mean, log_variance).item() == pytest.approx(expected, rel=1e-12)


def test_the_variance_of_the_prior_has_no_gradient(posterior):
    mean, log_variance = posterior
    _ard.divergence(mean, log_variance).backward()
    v = second_moment(mean, log_variance)
    np.testing.assert_allclose(mean.grad.numpy(), mean.detach().numpy() / v / B, rtol=1e-12)
    np.testing.assert_allclose(
        log_variance.grad.numpy(),
        0.5 * (np.exp(log_variance.detach().numpy()) / v - 1) / B,
        rtol=1e-9,
        atol=1e-15,
    )


def test_the_scale_of_a_latent_does_not_matter(posterior):
    mean, log_variance = posterior
    moved = _ard.divergence(mean * 7, log_variance + 2 * np.log(7))
    assert moved.item() == pytest.approx(_ard.divergence(mean, log_variance).item(), rel=1e-12)


def test_a_latent_without_information_costs_nothing():
    """If all posteriors are equal and centred on zero, they equal their prior."""
    alike = torch.full((B, 1), -3.0, dtype=torch.float64)
    assert _ard.divergence(torch.zeros_like(alike), alike).item() == pytest.approx(0, abs=1e-12)


def test_the_squared_error_is_not_halved_and_the_weight_is_beta():
    """With zero networks, means are 0, variances 1 and reconstructions 0.

    The KL is then 0, and the error is the sum of squares.
    """
    model = models.model("ard_vae_linear", beta=3.0)
    networks = model.networks({"x": (4,)}, 2, "own")
    for parameter in networks["vae"].parameters():
        torch.nn.init.zeros_(parameter)
    x = torch.tensor([[1.0, 2, 0, 0], [0, 0, 3, 1]])
    losses = model.losses(networks, {"x": x}, {"z": torch.ones(2, 2)}, 0)
    assert losses.minimise["vae"].item() == pytest.approx((5 + 10) / 2)
    # Means 1, log-variances 1: v = 1 + e.
    torch.nn.init.constant_(networks["vae"].encoder.body.bias, 1.0)
    kl = 2 * 0.5 * (np.log(1 + np.e) - 1)
    assert model.losses(networks, {"x": x}, {"z": torch.ones(2, 2)}, 0).minimise[
        "vae"
    ].item() == pytest.approx(7.5 + 3 * kl)


def test_the_convolutions_have_the_released_widths_and_keep_the_size_of_the_images():
    model = models.model("ard_vae_conv", beta=0.5)
    networks = model.networks({"images": (28, 28, 1)}, 16, "own")
    vae = networks["vae"].eval()
    convolutions = [
        layer
        for layer in vae.modules()
        if isinstance(layer, torch.nn.Conv2d | torch.nn.ConvTranspose2d)
    ]
    assert [layer.out_channels for layer in convolutions] == [64, 128, 256, 512, 256, 128, 64, 1]
    decoded = model.decode(networks, torch.zeros(3, 16))
    assert decoded.shape == (3, 1, 28, 28)
    assert ((decoded >= 0) & (decoded <= 1)).all()
    inferred = model.infer(networks, {"images": torch.rand(300, 1, 28, 28)})
    assert {name: tuple(values.shape) for name, values in inferred.items()} == {
        "mean": (300, 16),
        "log_variance": (300, 16),
    }
    with pytest.raises(ValueError, match=r"a whole number of channels, 1 or more, not 0\.5"):
        models.model("ard_vae_conv", beta=0.5, width=0.5).check()


def test_rae_weighs_codes_and_decoder_as_its_paper(initialised, batch):
    model = models.model("rae", beta=0.2, decoder_weight=0.03)
    networks, (images, noise) = initialised(model), batch(model)
    assert noise == {}
    vae = networks["vae"]
    codes, log_variance = vae.encode(images)
    assert (log_variance == LOG_VARIANCE).all()
    logits = vae.decode(codes).detach().double().numpy()
    x = images.double().numpy()
    p = 1 / (1 + np.exp(-logits))
    error = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum((1, 2, 3)).mean()
    norm = 0.5 * (codes.detach().double().numpy() ** 2).sum(1).mean()
    decoder = sum(
        (parameter.detach().double().numpy() ** 2).sum() for parameter in vae.decoder.parameters()
    )
    loss = model.losses(networks, images, noise, 0).minimise["vae"].item()
    assert loss == pytest.approx(error + 0.2 * norm + 0.03 * decoder, rel=1e-6)


def test_rae_has_no_parameter_for_a_variance():
    networks = models.model("rae", beta=1e-4, decoder_weight=1e-6).networks((64, 64, 1), 4, "dlib")
    assert not [name for name, _ in networks["vae"].named_parameters() if "log_variance" in name]
