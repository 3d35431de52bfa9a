"""VAEs with squared errors: the terms of the loss, what a pair shares, and the blurred error."""

import numpy as np
import pytest
import torch

from facsimile import models
from facsimile.papers.overlap.models import _mean_squared
from facsimile.papers.overlap.models.ada_gvae import divergence
from facsimile.training import batches

FOUR = ["beta_vae_mse", "beta_vae_box_blur", "ada_gvae", "ada_gvae_box_blur"]


def test_every_term_is_a_mean(initialised, batch):
    model = models.model("beta_vae_mse", beta=0.5, pixel_mean=0.25, pixel_std=0.5)
    nets, (images, noise) = initialised(model), batch(model)
    losses = model.losses(nets, images, noise, 0)
    standardised = (images - 0.25) / 0.5
    mean, log_variance = nets["vae"].encode(standardised)
    decoded = (
        nets["vae"]
        .decode(mean + (log_variance / 2).exp() * noise["z"])
        .detach()
        .numpy()
        .astype(float)
    )
    error = np.mean((decoded - standardised.numpy()) ** 2)
    kl = np.mean(0.5 * (mean**2 + log_variance.exp() - log_variance - 1).detach().numpy())
    assert losses.terms["reconstruction"].item() == pytest.approx(error, rel=1e-5)
    assert losses.minimise["vae"].item() == pytest.approx(error + 0.5 * kl, rel=1e-5)


@pytest.mark.parametrize("name", FOUR)
def test_images_come_back_in_their_own_units(name, initialised, batch):
    """Decoding undoes the standardisation."""
    model = models.model(name, beta=1, pixel_mean=0.25, pixel_std=0.5)
    images, _ = batch(model)
    standardised = (images - 0.25) / 0.5

    class Perfect:
        def decode(self, codes):
            return standardised

    torch.testing.assert_close(model.decode({"vae": Perfect()}, None), images)


def test_the_blurred_error_is_that_of_blurred_images():
    """By definition, it is the mean over boxes of 63 × 63 pixels of zero-padded images."""
    first, second = torch.rand(2, 2, 3, 64, 64, dtype=torch.float64)

    def blurred(images):
        padded = np.pad(images.numpy(), ((0, 0), (0, 0), (31, 31), (31, 31)))
        sums = np.cumsum(
            np.cumsum(np.pad(padded, ((0, 0), (0, 0), (1, 0), (1, 0))), axis=2), axis=3
        )
        return (
            sums[:, :, 63:, 63:]
            - sums[:, :, :-63, 63:]
            - sums[:, :, 63:, :-63]
            + sums[:, :, :-63, :-63]
        ) / 63**2

    expected = ((first - second) ** 2).mean().item() + 7 * (
        (blurred(first) - blurred(second)) ** 2
    ).mean()
    assert _mean_squared.box_blur_error(first - second, 7).item() == pytest.approx(
        expected, rel=1e-10
    )
    model = models.model("beta_vae_box_blur", beta=1, blur=7)
    assert model.error(first - second).item() == pytest.approx(expected, rel=1e-10)


def test_the_blurred_error_grows_with_distance_where_the_plain_one_does_not():
    """Of two squares that do not overlap, only the blurred error grows with the distance."""

    def square(left):
        image = torch.zeros(1, 1, 64, 64, dtype=torch.float64)
        image[..., 24:32, left : left + 8] = 1
        return image

    differences = [square(0) - square(left) for left in (8, 16, 24, 32)]
    errors = [_mean_squared.box_blur_error(images, 3969).item() for images in differences]
    plain = [_mean_squared.box_blur_error(images, 0).item() for images in differences]
    assert errors == sorted(errors)
    assert len(set(errors)) == 4
    assert len(set(plain)) == 1


def test_divergence_is_the_mean_of_both_kls():
    torch.manual_seed(0)
    means = torch.randn(2, 5, 3, dtype=torch.float64)
    logs = torch.randn(2, 5, 3, dtype=torch.float64)
    first, second = (
        torch.distributions.Normal(m, (v / 2).exp()) for m, v in zip(means, logs, strict=True)
    )
    kl = torch.distributions.kl_divergence
    torch.testing.assert_close(
        divergence(tuple(means), tuple(logs)), (kl(first, second) + kl(second, first)) / 2
    )


def test_a_pair_shares_what_differs_least():
    """For means 0 and (0.1, 1, 4) and variances 1, divergences d²/2 are 0.005, 0.5 and 8.

    Their midpoint is 4.
    """
    model = models.model("ada_gvae", beta=1)
    mean = torch.tensor([[0.0, 0.0, 0.0], [0.1, 1.0, 4.0]])
    log_variance = torch.zeros(2, 3)
    shared, logs = model.shared(mean, log_variance)
    torch.testing.assert_close(shared, torch.tensor([[0.05, 0.5, 0.0], [0.05, 0.5, 4.0]]))
    torch.testing.assert_close(logs, log_variance)
    released, _ = models.model("ada_gvae", beta=1, first=0).shared(mean, log_variance)
    torch.testing.assert_close(released, torch.tensor([[0.1, 1.0, 0.0], [0.1, 1.0, 4.0]]))


def test_variances_are_averaged_not_deviations():
    model = models.model("ada_gvae", beta=1)
    mean, variance = torch.tensor([[0.0, 0.0], [0.0, 9.0]]), torch.tensor([[1.0, 1.0], [3.0, 1.0]])
    _, logs = model.shared(mean, variance.log())
    torch.testing.assert_close(logs.exp(), torch.tensor([[2.0, 1.0], [2.0, 1.0]]))


def test_partners_differ_in_one_to_all_factors_each_as_often_and_never_keep_a_value():
    sizes, n = (2, 3, 8, 5), 40_000
    seeds, steps = torch.tensor([3]), torch.tensor([0, 1])
    rows = batches.rows(seeds, steps, n, sizes, paired=True)
    assert rows.shape == (2, 1, 2 * n)
    assert torch.equal(rows[..., :n], batches.rows(seeds, steps, n, sizes))
    assert not torch.equal(rows[0, 0, n:], rows[1, 0, n:])
    first, second = (
        np.stack(np.unravel_index(part.numpy(), sizes)) for part in rows[0, 0].split(n)
    )
    differing = (first != second).sum(axis=0)
    # k is uniform on 1 to 4: each share is 1/4, with a standard error of 0.0022.
    assert np.bincount(differing, minlength=5)[1:] / n == pytest.approx([0.25] * 4, abs=0.01)
    assert (differing == 0).sum() == 0
    # Each factor is as likely to differ as another: k/4 on average, 0.625.
    assert (first != second).mean(axis=1) == pytest.approx([0.625] * 4, abs=0.01)
    moved = (second[2] - first[2])[first[2] != second[2]] % 8
    assert np.bincount(moved, minlength=8)[1:] / len(moved) == pytest.approx([1 / 7] * 7, abs=0.01)
