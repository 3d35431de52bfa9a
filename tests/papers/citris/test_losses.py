"""CITRIS's losses against closed forms, and what must not change them."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch.distributions import Normal, kl_divergence

from facsimile import models
from facsimile.models.base import latent_assignment as _assignment
from facsimile.models.base import rng
from facsimile.models.base.frame_vae import Pair, normal_entropy, normal_kl
from facsimile.papers.citris.models.slow_vae import laplace_cross_entropy

ROWS, K = 7, 3
SHAPES = {"images": (32, 32, 3), "targets": (K,)}
KINDS = {"perfect": {}, "imperfect": {"imperfect": 1}}


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def built(**parameters):
    """A model with one latent per variable, and its prior, whose weights are not small."""
    model = models.model("citris_vae", width=4, **parameters)
    networks = model.networks(SHAPES, K, "own")
    model.initialise(networks, 0)
    return model, networks["vae"]["prior"]


def one_hot(prior):
    """Latent i belongs to variable i, as nearly as the softmax can."""
    with torch.no_grad():
        prior["psi"].values.fill_(-1e6)
        prior["psi"].values[range(K), range(K)] = 0


def pair(requires_grad=False):
    mean = drawn(ROWS, 2, K, seed=1).requires_grad_(requires_grad)
    return Pair(mean, 0.3 * drawn(ROWS, 2, K, seed=2), drawn(ROWS, 2, K, seed=3))


@pytest.fixture
def targets():
    return (drawn(ROWS, K, seed=4) > 0.3).float()


def kl_of(model, prior, posterior, targets):
    return model.divergence(prior, posterior, targets, {})["kl"]


def normal(mean, log_deviation):
    return Normal(mean, log_deviation.exp())


def test_kl_of_normals_is_torchs():
    numbers = drawn(4, 9)
    expected = kl_divergence(normal(*numbers[:2]), normal(*numbers[2:]))
    torch.testing.assert_close(normal_kl(*numbers), expected)
    standard = kl_divergence(normal(*numbers[:2]), Normal(0.0, 1.0))
    torch.testing.assert_close(normal_kl(*numbers[:2]), standard)
    entropy = normal(*numbers[:2]).entropy()
    torch.testing.assert_close(normal_entropy(numbers[1]), entropy)


def test_with_a_certain_assignment_the_kl_is_that_of_the_variables_own_prior(targets):
    model, prior = built()
    one_hot(prior)
    q = pair()
    before = q.mean[:, 0]
    context = prior["context"](before).unflatten(1, (K, -1))
    natural = prior["output"](context + prior["input"](before[..., None]))
    intervened = prior["intervened"].values
    expected = torch.zeros(ROWS)
    for row in range(ROWS):
        for i in range(K):
            intervention = targets[row, i] == 1
            p = intervened[i, i] if intervention else natural[row, i]
            posterior = normal(q.mean[row, 1, i], q.log_deviation[row, 1, i])
            expected[row] += kl_divergence(posterior, normal(*p))
    torch.testing.assert_close(kl_of(model, prior, q, targets), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_only_imperfect_interventions_leave_the_frame_before_in_the_loss(kind):
    model, prior = built(**KINDS[kind])
    one_hot(prior)
    q = pair(requires_grad=True)
    kl = kl_of(model, prior, q, torch.ones(ROWS, K))
    [gradient] = torch.autograd.grad(kl.sum(), [q.mean])
    assert bool((gradient[:, 0] == 0).all()) == (kind == "perfect")
    assert (gradient[:, 1] != 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_latent_depends_on_the_target_of_its_own_variable_alone(kind, targets):
    model, prior = built(**KINDS[kind])
    one_hot(prior)
    other = targets.clone()
    other[:, 2] = 1 - other[:, 2]
    # Changing target 2 changes the KL by that of latent 2, and by nothing of latents 0 and 1.
    q = pair(requires_grad=True)
    first, second = (kl_of(model, prior, q, values).sum() for values in (targets, other))
    [change] = torch.autograd.grad(second - first, [q.mean])
    assert (change[:, 1, :2] == 0).all()
    assert (change[:, 1, 2] != 0).any()


def test_latents_of_no_variable_pay_less(targets):
    full, prior = built(unassigned=0.25)
    with torch.no_grad():
        prior["psi"].values.fill_(-1e6)
        prior["psi"].values[:, K] = 0
    q = pair()
    kl = kl_of(full, prior, q, targets)
    same, _ = built(unassigned=1e-9)
    torch.testing.assert_close(kl, 0.75 * kl_of(same, prior, q, targets))


def test_without_them_every_latent_belongs_to_a_variable():
    model, prior = built()
    probabilities = torch.softmax(model.logits(prior), 1)
    assert (probabilities[:, K] == 0).all()
    torch.testing.assert_close(probabilities[:, :K], torch.full((K, K), 1 / K))


def test_sampled_assignments_are_one_hot_and_have_the_softmaxs_frequencies():
    logits = torch.tensor([[0.0, 1.0, -1.0], [2.0, 0.0, 0.0]], requires_grad=True)
    n = 20_000
    normals = rng.normals_for(0, 0, "assignment", (n, 2, 3))
    samples = _assignment.sampled(logits, normals)
    assert torch.equal(samples.sum(-1).round(), torch.ones(n, 2))
    expected = torch.softmax(logits, -1)
    torch.testing.assert_close(samples.mean(0), expected, atol=4 * 0.5 / math.sqrt(n), rtol=0)
    [gradient] = torch.autograd.grad(samples[:, 0, 0].sum(), [logits])
    assert gradient[0, 0] > 0 > gradient[0, 1]


def test_sets_are_those_of_each_variable_of_none_and_all():
    assignment = torch.tensor([[[0.0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]]])
    expected = [[0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0], [1, 1, 1, 1]]
    assert _assignment.sets(assignment)[0].tolist() == expected


def test_losses_of_targets_are_those_of_a_classifier_that_knows_nothing(targets):
    nothing = torch.zeros(ROWS, K + 2, K)
    sets = K + 2
    assert _assignment.model_loss(nothing, targets).item() == pytest.approx(sets * math.log(2))
    # Own targets, K of the variables and K of all latents, weigh K; the others 1.
    weight = (2 * K * K + (sets * K - 2 * K)) / (sets * K)
    expected = sets * weight * math.log(2)
    assert _assignment.latent_loss(nothing, targets).item() == pytest.approx(expected)


def test_the_latent_loss_is_least_where_each_set_shows_its_own_target_and_rates_of_the_others(
    targets,
):
    rate = targets.mean(0)
    best = torch.logit(rate).expand(ROWS, K + 2, K).clone()
    certain = 20 * (2 * targets - 1)
    best[:, range(K), range(K)] = certain
    best[:, K + 1] = certain
    best.requires_grad_()
    [gradient] = torch.autograd.grad(_assignment.latent_loss(best, targets), [best])
    assert gradient.abs().max() < 1e-6


@pytest.mark.parametrize(("mean", "log_deviation"), [(0.0, 0.0), (1.3, -0.7), (-2.0, 0.5)])
def test_laplace_cross_entropy_is_the_integral(mean, log_deviation):
    density = stats.norm(mean, math.exp(log_deviation)).pdf
    expected, _ = integrate.quad(
        lambda v: -density(v) * stats.laplace(scale=0.5).logpdf(v), -30, 30, points=[0, mean]
    )
    ours = laplace_cross_entropy(torch.tensor(mean), torch.tensor(log_deviation), 2.0)
    assert ours.item() == pytest.approx(expected, rel=1e-4)


def test_frames_of_another_size_and_too_many_variables_are_named():
    for name in ("citris_vae", "target_ivae", "slow_vae"):
        with pytest.raises(ValueError, match="takes frames of 32 × 32 or 64 × 64, not 64 × 32"):
            models.model(name).networks(SHAPES | {"images": (64, 32, 3)}, K, "own")
    with pytest.raises(ValueError, match="fewer than 16 causal variables, not 16"):
        models.model("citris_vae").networks(SHAPES | {"targets": (16,)}, K, "own")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"imperfect": 2}, "must be 0 or 1"), ({"unassigned": 1}, "less than 1")],
)
def test_impossible_hyper_parameters_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        models.model("citris_vae", **wrong)


def test_the_classifier_and_the_latents_do_not_learn_from_each_others_loss():
    model = models.model("citris_vae", width=2)
    networks = model.networks(SHAPES, 4, "own")
    model.initialise(networks, 0)
    batch = {
        "images": torch.rand(ROWS, 2, 3, 32, 32),
        "targets": torch.ones(ROWS, 2, K, dtype=torch.int64),
    }
    noise = {name: drawn(*declared.shape) for name, declared in model.draws(ROWS, 4).items()}
    minimise = model.losses(networks, batch, noise, 0).minimise
    encoder = list(networks["vae"]["encoder"].parameters())
    unused = torch.autograd.grad(
        minimise["classifier"], encoder, allow_unused=True, retain_graph=True
    )
    assert unused == (None,) * len(encoder)
    assert np.isfinite(minimise["vae"].item())
