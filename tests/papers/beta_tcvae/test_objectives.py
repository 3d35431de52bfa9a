"""β-TCVAE's objective: the authors' values, and its estimators of q(z) enumerated on a toy."""

import itertools

import numpy as np
import pytest
import torch
from project import GOLDENS

from facsimile import models
from facsimile.models.base import dense_vae
from facsimile.models.base.vae import Posterior, gaussian_kl
from facsimile.papers.beta_tcvae.models.chen_tc_vae_stratified import (
    released_weights,
    stratified_weights,
)

WIDTH = 2
IMAGES = 6
LATENTS = 2


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDENS / "beta_tcvae" / "objective.npz", allow_pickle=False) as file:
        return dict(file)


@pytest.fixture(scope="module")
def toy():
    """The means and the log-variances of the posteriors of a data set of six images."""
    rng = np.random.default_rng(1)
    mean = torch.from_numpy(rng.normal(scale=2, size=(IMAGES, LATENTS)))
    log_variance = torch.from_numpy(rng.normal(scale=0.5, size=(IMAGES, LATENTS)))
    return mean, log_variance


def posterior(mean, log_variance, noise):
    parts = [torch.as_tensor(part) for part in (mean, log_variance, noise)]
    sample = parts[0] + (parts[1] / 2).exp() * parts[2]
    return Posterior(parts[0], parts[1], sample, gaussian_kl(*parts[:2]))


def regularizer(name, golden, beta, **settings):
    q = posterior(golden["mean"], golden["log_variance"], golden["noise"])
    if name != "chen_beta_vae":
        settings["images"] = float(golden["n_images"])
    model = models.model(name, width=WIDTH, beta=beta, **settings)
    return model.regularizer(q, 0).item()


@pytest.mark.parametrize("beta", [1, 2, 6])
@pytest.mark.parametrize(
    ("name", "settings", "released"),
    [
        ("chen_beta_vae", {}, "bvae_mws"),
        ("chen_tc_vae", {}, "tcvae_mws"),
        ("chen_tc_vae_stratified", {"released": 1}, "tcvae_mss"),
    ],
)
def test_the_objective_is_that_of_the_released_code(name, settings, released, beta, golden):
    ours = regularizer(name, golden, float(beta), **settings)
    assert ours == pytest.approx(float(golden[f"{released}_{beta}"]), abs=2e-6)


def test_stratified_weights_of_the_paper_change_the_objective(golden):
    released = regularizer("chen_tc_vae_stratified", golden, 6.0, released=1)
    paper = regularizer("chen_tc_vae_stratified", golden, 6.0)
    assert abs(paper - released) > 0.1


def test_at_beta_1_both_methods_are_the_vae_with_the_sampled_kl(golden):
    """The released code takes log q(z|x) − log p(z) there, too, and no closed form."""
    sampled = regularizer("chen_beta_vae", golden, 1.0)
    assert regularizer("chen_tc_vae", golden, 1.0) == sampled
    assert regularizer("chen_tc_vae_stratified", golden, 1.0) == sampled
    closed = regularizer("chen_beta_vae", golden, 1.0, sampled=0)
    q = posterior(golden["mean"], golden["log_variance"], golden["noise"])
    assert closed == q.kl.item()
    assert abs(closed - sampled) > 0.02


def test_the_sampled_kl_has_the_expectation_of_the_closed_form(toy):
    rng = np.random.default_rng(2)
    mean, log_variance = (part.repeat(2000, 1) for part in toy)
    q = posterior(mean, log_variance, rng.normal(size=tuple(mean.shape)))
    # The standard deviation of a sample is below 4, of the mean of 12,000 below 0.037.
    assert dense_vae.sampled_kl(q).item() == pytest.approx(q.kl.item(), abs=0.11)


def test_closed_form_and_no_constants_are_the_loss_of_disentanglement_lib(golden):
    """They differ by the constants alone, (d − 1) log(N·M) in the estimate of the TC."""
    q = posterior(golden["mean"], golden["log_variance"], golden["noise"])
    ours = regularizer("chen_tc_vae", golden, 6.0, sampled=0)
    theirs = models.model("beta_tc_vae", beta=6.0).regularizer(q, 0).item()
    batch, latents = golden["mean"].shape
    constants = (latents - 1) * np.log(batch * float(golden["n_images"]))
    assert ours == pytest.approx(theirs + 5 * constants, rel=1e-9)


def densities(toy, z):
    """The densities q(z|x) of one point under the six posteriors, [6]."""
    mean, log_variance = toy
    return dense_vae.log_normal(z, mean, log_variance).sum(1).exp()


def samples(toy):
    """One sample of each image's posterior, all by the same noise: [6, d]."""
    mean, log_variance = toy
    noise = torch.tensor([0.4, -0.7], dtype=torch.float64)
    return mean + (log_variance / 2).exp() * noise


def own_densities(toy):
    """The density of each image's sample under its own posterior, [6]."""
    points = samples(toy)
    return np.array([densities(toy, z)[image].item() for image, z in enumerate(points)])


def estimates_of_density(toy, weights, batch):
    """Mean estimate of q(z) and its exact value at each image's sample, [6] each.

    The mean is over all ordered batches without repetition that contain the image.
    """
    means, exact = [], []
    for image, z in enumerate(samples(toy)):
        density = densities(toy, z)
        exact.append(density.mean().item())
        others = [k for k in range(IMAGES) if k != image]
        per_batch = []
        for rest in itertools.permutations(others, batch - 1):
            for place in range(batch):
                order = [*rest[:place], image, *rest[place:]]
                per_batch.append((weights[place] * density[order]).sum().item())
        means.append(np.mean(per_batch))
    return np.array(means), np.array(exact)


@pytest.mark.parametrize("batch", [2, 3, 4])
def test_stratified_sampling_is_unbiased_over_all_batches(toy, batch):
    weights = stratified_weights(batch, torch.tensor(float(IMAGES), dtype=torch.float64))
    assert weights.sum(1).tolist() == pytest.approx([1.0] * batch)
    means, exact = estimates_of_density(toy, weights, batch)
    np.testing.assert_allclose(means, exact, rtol=1e-10)


@pytest.mark.parametrize("batch", [2, 3, 4])
def test_the_released_matrix_is_biased(toy, batch):
    weights = released_weights(batch, torch.tensor(float(IMAGES), dtype=torch.float64))
    means, exact = estimates_of_density(toy, weights, batch)
    assert np.abs(means / exact - 1).max() > 0.1


def test_one_row_of_the_released_matrix_does_not_add_up_to_1():
    weights = released_weights(5, torch.tensor(100.0, dtype=torch.float64))
    sums = weights.sum(1).tolist()
    # M = 4: (N − M)/(N·M) = 0.24 takes the place of 1/N = 0.01 in the first column.
    assert sums == pytest.approx([1, 1, 1, 1.23, 1])


@pytest.mark.parametrize("batch", [2, 3, 6])
def test_weighted_sampling_gives_the_own_image_too_much_weight(toy, batch):
    """Times N it is the mean density of the batch: the own posterior has 1/M and not 1/N.

    Over all batches its mean is (own + (M − 1) · mean of the others) / M, so that only a batch of
    all images is exact.
    """
    weights = torch.full((batch, batch), 1 / batch, dtype=torch.float64)
    means, exact = estimates_of_density(toy, weights, batch)
    own = own_densities(toy)
    others = (IMAGES * exact - own) / (IMAGES - 1)
    np.testing.assert_allclose(means, (own + (batch - 1) * others) / batch, rtol=1e-10)
    assert np.allclose(means, exact) == (batch == IMAGES)


def test_a_batch_of_all_images_is_exact_up_to_the_constant(toy):
    """It is then the sum over the data set, and N·M is N times as much as it should be."""
    q = posterior(*toy, np.zeros((IMAGES, LATENTS)))
    model = models.model("chen_tc_vae", width=WIDTH, beta=2.0, images=float(IMAGES))
    estimate = (model.regularizer(q, 0) - dense_vae.sampled_kl(q)).item()
    per_latent = dense_vae.pairwise_log_density(q).exp()
    joint = per_latent.prod(2).mean(1).log()
    marginals = per_latent.mean(1).log().sum(1)
    exact = (joint - marginals).mean().item()
    assert estimate == pytest.approx(exact + (LATENTS - 1) * np.log(IMAGES), rel=1e-10)


@pytest.mark.parametrize("name", ["chen_beta_vae", "chen_tc_vae", "chen_factor_vae"])
def test_the_networks_are_the_authors(name):
    required = {"gamma": 1.0} if name == "chen_factor_vae" else {}
    model = models.model(name, width=1200, **required)
    vae = model.networks((64, 64, 1), 10, "own")["vae"]
    count = sum(parameter.numel() for parameter in vae.parameters())
    encoder = 4096 * 1200 + 1200 + 1200 * 1200 + 1200 + 1200 * 20 + 20
    decoder = 10 * 1200 + 1200 + 2 * (1200 * 1200 + 1200) + 1200 * 4096 + 4096
    assert count == encoder + decoder


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("chen_beta_vae", {"width": 0.5}, "width must be a whole number of units, 1 or more"),
        ("chen_beta_vae", {"width": 2, "sampled": 2}, "sampled must be 0 or 1, not 2"),
        ("chen_tc_vae", {"width": 2, "images": 1}, "images must be the number of images"),
        ("chen_tc_vae_stratified", {"width": 2, "released": 3}, "released must be 0 or 1, not 3"),
        ("chen_factor_vae", {"gamma": 1, "width": 1.5}, "width must be a whole number"),
    ],
)
def test_impossible_hyper_parameters_raise(name, settings, message):
    with pytest.raises(ValueError, match=message):
        models.model(name, **settings).check()
