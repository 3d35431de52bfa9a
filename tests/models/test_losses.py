"""Each loss against an independent float64 formula in NumPy, and the known faults of public ports."""

import numpy as np
import pytest
import torch
from torch import nn

from facsimile import models, networks
from facsimile.models import _vae, beta_tc_vae, factor_vae
from facsimile.models._vae import Posterior

B, D = 64, 10


@pytest.fixture
def q():
    """A posterior of random means, variances and samples, float64."""
    rng = np.random.default_rng(0)
    mean, log_variance = rng.normal(size=(B, D)), rng.normal(scale=0.5, size=(B, D)) - 1
    sample = mean + np.exp(log_variance / 2) * rng.normal(size=(B, D))
    arrays = [torch.from_numpy(a) for a in (mean, log_variance, sample)]
    return Posterior(*arrays, _vae.gaussian_kl(arrays[0], arrays[1]))


def numpy_kl(q):
    """Straight from the definition of the KL of two Gaussians, latent by latent."""
    total = 0.0
    for mean, variance in zip(q.mean.numpy().T, np.exp(q.log_variance.numpy()).T, strict=True):
        total += np.mean(np.log(1 / np.sqrt(variance)) + (variance + mean**2) / 2 - 0.5)
    return total


def numpy_dip(covariance, lambda_od, lambda_d):
    total = 0.0
    for i in range(D):
        for j in range(D):
            total += lambda_d * (covariance[i, i] - 1) ** 2 if i == j else lambda_od * covariance[i, j] ** 2
    return total


def numpy_total_correlation(q):
    """Log q(z) - Σ log q(z_j) with densities averaged over the batch by plain sums (without their constants)."""
    mean, variance, z = q.mean.numpy(), np.exp(q.log_variance.numpy()), q.sample.numpy()
    density = np.exp(-((z[:, None] - mean) ** 2) / (2 * variance)) / np.sqrt(
        2 * np.pi * variance
    )  # [sample, component, latent]
    return np.mean(np.log(density.prod(2).sum(1)) - np.log(density.sum(1)).sum(1))


def test_kl(q):
    assert q.kl.item() == pytest.approx(numpy_kl(q), rel=1e-12)
    assert _vae.gaussian_kl(torch.zeros(3, D), torch.zeros(3, D)).item() == 0
    # One latent of mean 2 and variance e: (4 + e - 1 - 1) / 2 nats, not divided by latents, pixels or data set size.
    one = _vae.gaussian_kl(torch.tensor([[2.0]]), torch.tensor([[1.0]]))
    assert one.item() == pytest.approx((4 + np.e - 2) / 2)


def test_reconstruction_is_summed_over_pixels_and_averaged_over_the_batch():
    images, logits = torch.rand(5, 1, 8, 8), torch.randn(5, 1, 8, 8)
    p = 1 / (1 + np.exp(-logits.double().numpy()))
    x = images.double().numpy()
    expected = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum((1, 2, 3)).mean()
    assert _vae.bernoulli_loss(logits, images).item() == pytest.approx(expected, rel=1e-6)
    # No entropy of the pixels is taken off: grey pixels cost log 2 each even when they are met exactly.
    half = _vae.bernoulli_loss(torch.zeros(2, 1, 8, 8), torch.full((2, 1, 8, 8), 0.5))
    assert half.item() == pytest.approx(64 * np.log(2), rel=1e-6)


def test_beta_vae(q):
    assert models.model("beta_vae", beta=4).regularizer(q, 0).item() == pytest.approx(4 * numpy_kl(q), rel=1e-12)


@pytest.mark.parametrize(("step", "capacity"), [(0, 0.0), (50_000, 12.5), (100_000, 25.0), (300_000, 25.0)])
def test_annealed_vae(q, step, capacity):
    model = models.model("annealed_vae", c_max=25, gamma=1000, iteration_threshold=100_000)
    assert model.regularizer(q, step).item() == pytest.approx(1000 * abs(numpy_kl(q) - capacity), rel=1e-6)
    assert model.regularizer(q, torch.tensor(step)).item() == pytest.approx(1000 * abs(numpy_kl(q) - capacity), rel=1e-6)


def test_dip_vae_i(q):
    model = models.model("dip_vae_i", lambda_od=5, lambda_d_factor=10)
    covariance = np.cov(q.mean.numpy().T, bias=True)
    assert model.regularizer(q, 0).item() == pytest.approx(numpy_kl(q) + numpy_dip(covariance, 5, 50), rel=1e-12)


def test_dip_vae_ii(q):
    model = models.model("dip_vae_ii", lambda_od=5, lambda_d_factor=1)
    covariance = np.cov(q.mean.numpy().T, bias=True) + np.diag(np.exp(q.log_variance.numpy()).mean(0))
    assert model.regularizer(q, 0).item() == pytest.approx(numpy_kl(q) + numpy_dip(covariance, 5, 5), rel=1e-12)


def test_dip_terms_by_construction():
    model = models.model("dip_vae_i", lambda_od=3, lambda_d_factor=2)
    assert model.distance(torch.eye(4)).item() == 0
    assert model.distance(2 * torch.eye(4)).item() == 4 * 3 * 2  # diagonal only: λ_d Σ (2 - 1)²
    off = torch.eye(4)
    off[0, 1] = off[1, 0] = 0.5
    assert model.distance(off).item() == 2 * 3 * 0.25  # both off-diagonal entries count


def test_beta_tc_vae(q):
    expected = numpy_kl(q) + 5 * numpy_total_correlation(q)
    assert models.model("beta_tc_vae", beta=6).regularizer(q, 0).item() == pytest.approx(expected, rel=1e-9)


def test_beta_tc_vae_of_beta_one_is_the_vae(q):
    assert models.model("beta_tc_vae", beta=1).regularizer(q, 0).item() == q.kl.item()


def test_total_correlation_estimate_of_independent_latents_is_that_of_the_convention():
    """With constants, minibatch-weighted sampling is off by (D - 1) log(B N); without, by the same less: published -29.9."""
    rng = np.random.default_rng(1)
    values = []
    for _ in range(30):
        # The posterior of a code with unit aggregate variance, most of it in the means.
        mean = torch.from_numpy(rng.normal(size=(B, D)) * np.sqrt(0.9))
        log_variance = torch.full((B, D), float(np.log(0.1)), dtype=torch.float64)
        sample = mean + np.sqrt(0.1) * torch.from_numpy(rng.normal(size=(B, D)))
        values.append(beta_tc_vae.total_correlation(Posterior(mean, log_variance, sample, torch.tensor(0.0))).item())
    with_constants = np.mean(values) + (D - 1) * np.log(B * 737_280)
    assert -33 < np.mean(values) < -27
    assert 126 < with_constants < 132


def factor(gamma=10.0):
    torch.manual_seed(0)
    model = models.model("factor_vae", gamma=gamma)
    nets = {name: net.double() for name, net in model.networks((64, 64, 1), D, "dlib").items()}
    for group, net in nets.items():
        networks.initialise(net, 0, group)
    images = torch.rand(8, 1, 64, 64, dtype=torch.float64)
    permutation = torch.stack([torch.randperm(8) for _ in range(D)], 1)
    noise = {"z": torch.randn(8, D, dtype=torch.float64), "permutation": permutation}
    return model, nets, images, noise


def test_factor_vae_against_the_formula():
    model, nets, images, noise = factor(gamma=7.0)
    losses = model.losses(nets, images, noise, 0)
    with torch.no_grad():
        mean, log_variance = nets["vae"].encode(images)
        z = mean + torch.exp(log_variance / 2) * noise["z"]
        logits = nets["discriminator"](z.to(torch.float64)).numpy()
        columns = [z.numpy()[noise["permutation"][:, j].numpy(), j] for j in range(D)]
        permuted = nets["discriminator"](torch.from_numpy(np.stack(columns, 1)).to(torch.float64)).numpy()
    tc = np.mean(logits[:, 0] - logits[:, 1])
    probability = lambda a: np.exp(a) / np.exp(a).sum(1, keepdims=True)  # noqa: E731
    expected = -(0.5 * np.log(probability(logits)[:, 0]).mean() + 0.5 * np.log(probability(permuted)[:, 1]).mean())
    assert losses.minimise["discriminator"].item() == pytest.approx(expected, rel=1e-5)
    assert losses.terms["total_correlation"].item() == pytest.approx(tc, rel=1e-4)
    added = losses.minimise["vae"] - losses.terms["reconstruction"] - losses.terms["kl"]
    assert added.item() == pytest.approx(7 * tc, rel=1e-3, abs=1e-3)


def test_the_discriminators_loss_does_not_reach_the_encoder():
    model, nets, images, noise = factor()
    losses = model.losses(nets, images, noise, 0)
    own = list(nets["vae"].parameters())
    right = torch.autograd.grad(losses.minimise["vae"], own, retain_graph=True)
    leaking = torch.autograd.grad(losses.minimise["vae"] + losses.minimise["discriminator"], own, retain_graph=True)
    # What public ports do (one backward through both) changes the encoder's gradient; the loop takes `right`.
    encoder = len(list(nets["vae"].encoder.parameters()))
    assert max((a - b).abs().max().item() for a, b in zip(right[:encoder], leaking[:encoder], strict=True)) > 0
    again = torch.autograd.grad(losses.minimise["discriminator"], list(nets["discriminator"].parameters()))
    assert all(g.abs().sum() > 0 for g in again)


def test_permuted_codes_are_the_batch_column_by_column():
    _, _, _, noise = factor()
    codes = torch.arange(8.0)[:, None] + 100 * torch.arange(D)
    permuted = codes.gather(0, noise["permutation"])
    assert torch.equal(permuted.sort(0)[0], codes)
    assert not torch.equal(permuted, codes)


def test_discriminator_loss_of_a_perfect_and_of_a_blind_discriminator():
    first, second = torch.tensor([[20.0, -20.0]] * 4), torch.tensor([[-20.0, 20.0]] * 4)
    assert factor_vae.discriminator_loss(first, second).item() == pytest.approx(0, abs=1e-6)
    assert factor_vae.discriminator_loss(torch.zeros(4, 2), torch.zeros(4, 2)).item() == pytest.approx(np.log(2))


CASES = {
    "beta_vae": {"beta": [1.0, 4.0, 16.0]},
    "annealed_vae": {"c_max": [5.0, 25.0, 100.0], "gamma": [1000.0] * 3, "iteration_threshold": [1e5] * 3},
    "dip_vae_i": {"lambda_od": [1.0, 5.0, 50.0], "lambda_d_factor": [10.0] * 3},
    "dip_vae_ii": {"lambda_od": [1.0, 5.0, 50.0], "lambda_d_factor": [1.0] * 3},
    "beta_tc_vae": {"beta": [1.0, 4.0, 10.0]},
    "factor_vae": {"gamma": [10.0, 30.0, 100.0]},
}


class Objective(nn.Module):
    """All losses of one model summed, as one module: what a packed execution maps over several models."""

    def __init__(self, nets):
        super().__init__()
        self.nets = nn.ModuleDict(nets)

    def forward(self, model, images, noise, step):
        return sum(model.losses(self.nets, images, noise, step).minimise.values())


@pytest.mark.parametrize("name", CASES)
def test_packed_gradients_equal_those_of_a_model_alone(name):
    """The losses are pure: mapped over three models with their own hyper-parameters they give each its own gradients."""
    torch.manual_seed(0)
    kinds = type(models.model(name, **{key: values[0] for key, values in CASES[name].items()}))
    made = [kinds(**{key: values[k] for key, values in CASES[name].items()}) for k in range(3)]
    draws = made[0].draws(4, 3)
    images = torch.rand(3, 4, 1, 64, 64, dtype=torch.float64)
    noise = {
        key: torch.randn(3, *d.shape, dtype=torch.float64) if d.kind == "normal" else torch.rand(3, *d.shape).argsort(1)
        for key, d in draws.items()
    }
    objectives = [Objective(m.networks((64, 64, 1), 3, "dlib")).double() for m in made]
    for seed, objective in enumerate(objectives):
        for group, net in objective.nets.items():
            networks.initialise(net, seed, group)
    parameters, _ = torch.func.stack_module_state(objectives)
    hyper = {key: torch.tensor(values, dtype=torch.float64) for key, values in CASES[name].items()}

    def loss(parameters, hyper, images, noise):
        return torch.func.functional_call(objectives[0], parameters, (kinds(**hyper), images, noise, torch.tensor(1234)))

    packed = torch.func.vmap(torch.func.grad(loss))(parameters, hyper, images, noise)
    for k, objective in enumerate(objectives):
        alone = torch.autograd.grad(
            objective(made[k], images[k], {key: value[k] for key, value in noise.items()}, 1234), list(objective.parameters())
        )
        for (parameter, _), gradient in zip(objective.named_parameters(), alone, strict=True):
            scale = gradient.abs().max().clamp(min=1e-12)
            assert ((packed[parameter][k] - gradient).abs().max() / scale).item() < 1e-10
