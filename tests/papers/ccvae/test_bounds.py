"""The bounds of CCVAE and M2 where probabilities are known, and the gradients of the variants."""

import math

import pytest
import torch
from torch import distributions

from facsimile import models
from facsimile.papers.ccvae.models import _labels, ccvae
from facsimile.papers.ccvae.models._partly_labelled import network_of

SIZE, LATENTS, LABELS = 6, 7, 3
X = torch.tensor(1.3, dtype=torch.float64)
SLOPES = torch.tensor([0.8, -0.5], dtype=torch.float64)
NOISE = 0.7  # standard deviation of x given z
# Starting values of the prior: means -2 and 2, and one standard deviation.
SPREAD = math.log1p(math.e)


def made(name, labels=LABELS, latents=LATENTS, seed=0, **parameters):
    model = models.model(name, **parameters)
    shapes = {"images": (28, 28, 1), "targets": (labels,), "rank": ()}
    networks = model.networks(shapes, latents, "mlp")
    model.initialise(networks, seed)
    return model, networks, network_of(networks)


def batch(exclusive=True, seed=0):
    generator = torch.Generator().manual_seed(seed)
    targets = torch.randint(2, (SIZE, LABELS), generator=generator)
    if exclusive:
        targets = torch.eye(LABELS).long()[torch.arange(SIZE) % LABELS]
    return {
        "images": torch.rand((SIZE, 1, 28, 28), generator=generator),
        "targets": targets,
        "rank": (torch.arange(SIZE) + 0.5) / SIZE,
    }


def noise_of(model, seed=1):
    generator = torch.Generator().manual_seed(seed)
    draws = model.draws(SIZE, LATENTS)
    return {name: torch.randn(draw.shape, generator=generator) for name, draw in draws.items()}


def loss(model, networks, batch, noise):
    return model.losses(networks, batch, noise, 0).minimise["vae"]


@pytest.fixture(scope="module")
def toy():
    """Two exclusive labels, two latents and a number x = slopes · z + noise.

    p(y|z) is the classifier with the weights below, by Bayes' rule.
    """
    _, _, net = made("ccvae", labels=2, latents=2)
    net = net.double()
    with torch.no_grad():
        net.weight.fill_(4 / SPREAD**2)
    means = torch.tensor([[2.0, -2.0], [-2.0, 2.0]], dtype=torch.float64)  # of z, by label
    deviation = math.sqrt(float((SLOPES**2).sum()) * SPREAD**2 + NOISE**2)
    log_joint = distributions.Normal(means @ SLOPES, deviation).log_prob(X) - math.log(2)
    return net, means, log_joint


def expected_bounds(net, log_code, grid):
    """Expectations of the bounds by quadrature, and the largest error of log p(x) at a point.

    Returns the bound without a label, those with the first and the second label, and the range of
    the bound without a label over all codes that are not improbable.
    """
    codes, cell = grid
    weight = log_code.exp() * cell
    assert weight.sum().item() == pytest.approx(1, abs=1e-6)
    log_x_given = distributions.Normal(codes @ SLOPES, NOISE).log_prob(X)
    log_joint = log_x_given[:, None] + net.log_prior(codes)
    log_label = net.log_label(codes)
    without = _labels.over_labels(log_joint, log_label) - log_code
    bounds = [(weight * without).sum().item()]
    for label in range(2):
        of_label = log_label[:, label]
        of_image = (weight * of_label.exp()).sum().log()
        log_ratio = log_joint[:, label] - log_code
        bound = ccvae.labelled_bound(log_ratio, of_label, of_image)
        bounds.append((weight * bound).sum().item())
    spread = without[weight > 1e-12]
    return bounds, (spread.max() - spread.min()).item()


@pytest.fixture(scope="module")
def grid():
    """Codes [n, 2] on a square, and the area of a cell."""
    axis = torch.linspace(-12, 12, 241, dtype=torch.float64)
    return torch.cartesian_prod(axis, axis), 0.1**2


@torch.no_grad()
def test_bounds_touch_for_the_exact_posterior(toy, grid):
    net, means, log_xy = toy
    # p(z|x) is a mixture of two Gaussians with the same covariance.
    gain = SPREAD**2 * SLOPES / (SPREAD**2 * (SLOPES**2).sum() + NOISE**2)
    covariance = SPREAD**2 * (torch.eye(2) - torch.outer(gain, SLOPES))
    centres = means + gain * (X - means @ SLOPES)[:, None]
    component = distributions.MultivariateNormal(centres, covariance)
    log_components = component.log_prob(grid[0][:, None])
    log_code = (log_components + log_xy.log_softmax(0)).logsumexp(1)
    bounds, spread = expected_bounds(net, log_code, grid)
    exact = [log_xy.logsumexp(0).item(), *log_xy.tolist()]
    assert bounds == pytest.approx(exact, abs=1e-5)
    # Without a label it is log p(x) whatever the sample is.
    assert spread < 1e-8


@torch.no_grad()
def test_bounds_are_below_for_another_posterior(toy, grid):
    net, _, log_xy = toy
    guess = distributions.Normal(torch.tensor([0.5, -0.3], dtype=torch.float64), 1.5)
    bounds, _ = expected_bounds(net, guess.log_prob(grid[0]).sum(1), grid)
    exact = [log_xy.logsumexp(0).item(), *log_xy.tolist()]
    for bound, least in zip(bounds, exact, strict=True):
        assert bound < least - 0.1


@pytest.mark.parametrize("exclusive", [1, 0])
@torch.no_grad()
def test_classifier_of_the_prior_is_bayes_rule(exclusive):
    _, _, net = made("ccvae", exclusive=exclusive)
    net.weight.fill_(4 / SPREAD**2)
    codes = torch.randn((5, LATENTS), generator=torch.Generator().manual_seed(0))
    posterior = net.log_prior(codes).log_softmax(1)
    torch.testing.assert_close(net.log_label(codes[:, :LABELS]), posterior)
    if not exclusive:
        # Independent labels with these logits.
        logits = codes[:, :LABELS] * net.weight
        marginals = posterior.exp() @ net.vectors
        torch.testing.assert_close(marginals, logits.sigmoid())


@pytest.mark.parametrize("exclusive", [1, 0])
def test_without_a_classifier_the_labelled_bound_is_the_conditional_one(exclusive):
    model, networks, net = made("ccvae", exclusive=exclusive)
    rows, noise = batch(exclusive), noise_of(model)
    with torch.no_grad():
        net.weight.zero_()
        mean, scale = net.encode(rows["images"])
        codes = mean + scale * noise["z"]
        pixels = distributions.Bernoulli(logits=net.decoder(codes), validate_args=False)
        prior_mean = torch.zeros_like(codes)
        prior_mean[:, :LABELS] = 4.0 * rows["targets"] - 2
        prior_scale = torch.ones_like(codes)
        prior_scale[:, :LABELS] = SPREAD
        by_hand = pixels.log_prob(rows["images"]).flatten(1).sum(1)
        by_hand += distributions.Normal(prior_mean, prior_scale).log_prob(codes).sum(1)
        by_hand -= distributions.Normal(mean, scale).log_prob(codes).sum(1)
        number = LABELS if exclusive else 2**LABELS
        expected = math.log(number) - by_hand.mean()
        assert loss(model, networks, rows, noise).item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("ccvae", {}), ("m2_vae", {}), ("m2_vae", {"sampled": 1})],
)
def test_labels_outside_the_share_are_not_used(name, parameters):
    rows = batch()
    other = rows | {"targets": rows["targets"].roll(1, 1)}
    values = {}
    for share in (0, 0.5, 1):
        model, networks, _ = made(name, labelled=share, **parameters)
        noise = noise_of(model)
        first = loss(model, networks, rows, noise)
        second = loss(model, networks, other, noise)
        assert (first.item() == second.item()) == (share == 0)
        values[share] = first
        # Only the labels of labelled rows: those of the second half are changed.
        later = torch.cat((rows["targets"][:3], other["targets"][3:]))
        third = loss(model, networks, rows | {"targets": later}, noise)
        assert (first.item() == third.item()) == (share < 1)


def test_detached_classifier_does_not_train_the_encoder():
    rows = batch()
    gradients = []
    for detached in (0, 1):
        model, networks, net = made("ccvae", labelled=0, detached=detached)
        value = loss(model, networks, rows, noise_of(model))
        parameters = [net.weight, net.decoder[0].weight, net.posterior.mean.weight]
        gradients.append(torch.autograd.grad(value, parameters))
    for text, code in zip(*gradients, strict=True):
        # The classifier and the decoder have the same gradient; the encoder has not.
        is_encoder = text.shape[0] == LATENTS and text.dim() == 2
        assert torch.allclose(text, code, atol=1e-6) != is_encoder


@torch.no_grad()
def test_m2_without_labels_is_the_sum_over_all():
    model, networks, net = made("m2_vae", labelled=0)
    rows, noise = batch(), noise_of(model)
    hidden, log_label = net.encode(rows["images"])
    total = torch.zeros(SIZE)
    for label in range(LABELS):
        of_all = torch.full((SIZE,), label)
        bound = net.bound(rows["images"], hidden, of_all, noise["z"])
        probability = log_label[:, label].exp()
        total += probability * (bound - probability.log())
    value = loss(model, networks, rows, noise)
    assert value.item() == pytest.approx(-total.mean().item(), rel=1e-5)


@torch.no_grad()
def test_labels_are_drawn_with_their_probabilities():
    probability = torch.tensor([0.2, 0.5, 0.3])
    n = 20_000
    log_label = probability.log().expand(n, -1)
    drawn = models.model("m2_vae")._drawn(log_label, torch.randn(n).double())
    frequency = drawn.bincount(minlength=3) / n
    torch.testing.assert_close(frequency, probability, atol=0.015, rtol=0)


@torch.no_grad()
def test_exchanging_one_characteristic_changes_one_latent():
    model, _, net = made("ccvae", exclusive=0)
    images = batch()["images"]
    decoded = model.exchanged(net, images, [1])
    means, _ = net.encode(images)
    codes = means[2].clone()
    codes[1] = means[4, 1]
    torch.testing.assert_close(decoded[2, 4], net.decoder(codes[None])[0].sigmoid())
    own = net.decoder(means).sigmoid()
    torch.testing.assert_close(decoded.diagonal().movedim(-1, 0), own)


@pytest.mark.parametrize(
    ("name", "labels", "latents", "network", "error"),
    [
        ("ccvae", 3, 2, "mlp", "2 latents cannot hold a characteristic for each of 3"),
        ("ccvae", 3, 7, "dlib", "network 'dlib' does not take pictures of 28 × 28"),
        ("m2_vae", 9, 7, "mlp", "9 binary labels have 2\\^9 combinations"),
    ],
)
def test_impossible_networks_are_named(name, labels, latents, network, error):
    model = models.model(name, exclusive=0)
    shapes = {"images": (28, 28, 1), "targets": (labels,), "rank": ()}
    with pytest.raises(ValueError, match=error):
        model.networks(shapes, latents, network)
