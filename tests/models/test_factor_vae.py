"""FactorVAE: two losses from one batch, each of which reaches its own group only."""

import math

import numpy as np
import pytest
import torch

from facsimile.models.factor_vae import CLIP, FactorVAE, discriminator_loss

GAMMA = 10.0


@pytest.fixture
def step(initialised, batch):
    """Networks, images, noise and losses of one float64 batch with fresh networks."""
    model = FactorVAE(GAMMA)
    nets = initialised(model, dtype=torch.float64)
    images, noise = batch(model, size=16, dtype=torch.float64)
    return nets, images, noise, model.losses(nets, images, noise, 0)


def gradient(loss, network):
    """Return the gradient of all parameters as one vector."""
    parts = torch.autograd.grad(
        loss, list(network.parameters()), retain_graph=True, materialize_grads=True
    )
    return torch.cat([part.flatten() for part in parts])


def test_both_losses_against_the_formula(step):
    nets, images, noise, losses = step
    with torch.no_grad():
        mean, log_variance = nets["vae"].encode(images)
        z = (mean + torch.exp(log_variance / 2) * noise["z"]).numpy()
        order = noise["permutation"].numpy()
        permuted = np.stack([z[order[:, j], j] for j in range(z.shape[1])], 1)
        of_codes = nets["discriminator"](torch.from_numpy(z)).numpy()
        of_permuted = nets["discriminator"](torch.from_numpy(permuted)).numpy()
    p_codes, p_permuted = (
        np.exp(logits) / np.exp(logits).sum(1, keepdims=True) for logits in (of_codes, of_permuted)
    )
    expected = -(0.5 * np.log(p_codes[:, 0]).mean() + 0.5 * np.log(p_permuted[:, 1]).mean())
    assert losses.minimise["discriminator"].item() == pytest.approx(expected, rel=1e-12)
    tc = np.mean(of_codes[:, 0] - of_codes[:, 1])
    assert losses.terms["total_correlation"].item() == pytest.approx(tc, rel=1e-9)
    vae = losses.terms["reconstruction"].item() + losses.terms["kl"].item() + GAMMA * tc
    assert losses.minimise["vae"].item() == pytest.approx(vae, rel=1e-12)


def test_each_group_steps_on_its_own_loss_alone(step):
    """The gradient is the same as with codes that are detached by hand."""
    nets, images, noise, losses = step
    mean, log_variance = nets["vae"].encode(images)
    codes = (mean + torch.exp(log_variance / 2) * noise["z"]).detach()
    cut = discriminator_loss(
        nets["discriminator"](codes), nets["discriminator"](codes.gather(0, noise["permutation"]))
    )
    theirs = gradient(cut, nets["discriminator"])
    torch.testing.assert_close(
        gradient(losses.minimise["discriminator"], nets["discriminator"]),
        theirs,
        rtol=1e-10,
        atol=0,
    )
    assert not gradient(cut, nets["vae"]).any()


def test_one_backward_on_the_sum_would_push_the_encoder_against_the_objective(step):
    """One backward on the sum of both losses adds −¼∇TC to γ∇TC, as in some public ports.

    The derivative of log p₀ = log σ(ℓ₀ − ℓ₁) is 1 − p₀, which is ½ for a fresh discriminator. Times
    the −½ of the loss it is −¼.
    """
    nets, images, noise, losses = step
    logits = nets["discriminator"](_codes(nets, images, noise))
    towards = gradient((logits[:, 0] - logits[:, 1]).mean(), nets["vae"])
    leak = gradient(
        losses.minimise["vae"] + losses.minimise["discriminator"], nets["vae"]
    ) - gradient(losses.minimise["vae"], nets["vae"])
    assert leak.norm() > 0
    assert torch.cosine_similarity(leak, towards, 0).item() < -0.95
    assert (leak.norm() / towards.norm()).item() == pytest.approx(0.25, rel=0.1)


def _codes(nets, images, noise):
    mean, log_variance = nets["vae"].encode(images)
    return mean + torch.exp(log_variance / 2) * noise["z"]


def test_declared_permutations_are_of_the_batch_and_differ_between_latents(batch):
    model = FactorVAE(GAMMA)
    order = batch(model, size=64)[1]["permutation"]
    assert torch.equal(order.sort(0)[0], torch.arange(64)[:, None].expand(order.shape))
    assert all((order[:, 0] != order[:, j]).any() for j in range(1, order.shape[1]))
    assert all((order[:, j] != torch.arange(64)).any() for j in range(order.shape[1]))


def test_the_loss_is_log_two_without_information_and_clipped_with_certainty():
    uninformed = torch.zeros(4, 2)
    assert discriminator_loss(uninformed, uninformed).item() == pytest.approx(math.log(2))
    certain = torch.tensor([[20.0, -20.0]] * 4, dtype=torch.float64)
    assert discriminator_loss(certain, certain.flip(1)).item() == pytest.approx(
        -math.log1p(-CLIP), rel=1e-9
    )
    assert discriminator_loss(certain.flip(1), certain).item() == pytest.approx(
        -math.log(CLIP), rel=1e-9
    )


@pytest.mark.parametrize(
    ("logit", "learns"), [(6.0, True), (6.8, True), (7.0, False), (-6.8, True), (-7.0, False)]
)
def test_there_is_no_gradient_beyond_the_clip(logit, learns):
    """disentanglement_lib clips probabilities to [1e-6, 1 − 1e-6].

    The limit is at logits ±x with σ(2x) = 1 − 1e-6, x = 6.908.
    """
    logits = torch.tensor([[logit, -logit]], dtype=torch.float64, requires_grad=True)
    discriminator_loss(logits, torch.zeros(1, 2, dtype=torch.float64)).backward()
    assert bool(logits.grad.any()) is learns
