"""The Koopman VAE: closed forms of its KL and operator, and its two priors."""

import numpy as np
import pytest
import torch

from facsimile import models
from facsimile.papers.kovae.datasets.harmonic import FREQUENCY, Harmonic
from facsimile.papers.kovae.models import _continuous as continuous
from facsimile.papers.kovae.models import _networks as koopman
from facsimile.papers.kovae.models._networks import Normals
from facsimile.studies.training import Training

LATENTS = 3
SHAPES = {"x": (6, 2), "observed": (6,)}


def built(**params):
    model = models.model("koopman_vae", **params)
    networks = model.networks(SHAPES, LATENTS, "own")
    model.initialise(networks, 0)
    return model, networks


def batch(rows=5):
    x = torch.rand(rows, *SHAPES["x"], generator=torch.Generator().manual_seed(1))
    return {"x": x, "observed": torch.ones(rows, 6, dtype=torch.int64)}


def noise(rows=5, seed=2):
    generator = torch.Generator().manual_seed(seed)
    shape = (rows, 6, LATENTS)
    return {name: torch.randn(shape, generator=generator) for name in ("posterior", "prior")}


def random_series(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def test_the_network_of_sines_has_the_parameters_of_the_released_one():
    """42,109 by the released code."""
    model = models.model("koopman_vae", length=24, hidden=20, layers=3)
    networks = model.networks({"x": (24, 5)}, 16, "own")
    assert sum(parameter.numel() for parameter in networks["network"].parameters()) == 42_109


def test_the_kl_of_two_autoregressive_processes_is_that_of_joint_normals():
    """z_t = a z_{t-1} + s e under the prior; the posterior has independent steps.

    The sum over steps of the conditional divergences, averaged over the posterior's draws, is the
    divergence of two joint normals, which torch has in closed form.
    """
    steps, a, s, n = 6, 0.7, 0.5, 200_000
    torch.manual_seed(0)
    mean = torch.linspace(-1, 1, steps, dtype=torch.float64)
    log_variance = torch.linspace(-2, 0, steps, dtype=torch.float64)
    sample = mean + torch.randn(n, steps, dtype=torch.float64) * (0.5 * log_variance).exp()
    before = torch.cat([torch.zeros(n, 1, dtype=torch.float64), sample[:, :-1]], 1)
    q = Normals(*(values[..., None] for values in (mean.expand(n, -1), log_variance, sample)))
    of_prior = torch.full((n, steps), 2 * np.log(s), dtype=torch.float64)
    p = Normals((a * before)[..., None], of_prior[..., None], sample[..., None])
    by_conditionals = koopman.kl(q, p).mean()

    # Without noise, z = L^-1 s e with ones on the diagonal of L and -a below it.
    inverse = torch.eye(steps, dtype=torch.float64)
    inverse += torch.diag(torch.full((steps - 1,), -a, dtype=torch.float64), -1)
    root = s * torch.linalg.inv(inverse)
    joint = torch.distributions.MultivariateNormal(
        torch.zeros(steps, dtype=torch.float64), root @ root.T
    )
    own = torch.distributions.MultivariateNormal(mean, torch.diag(log_variance.exp()))
    expected = torch.distributions.kl_divergence(own, joint)
    assert by_conditionals.item() == pytest.approx(expected.item(), rel=5e-3)


def test_a_prior_that_ignores_its_input_is_the_same_with_and_without_teacher_forcing():
    _, networks = built()
    network = koopman.network_of(networks)
    given = noise(seed=5)["posterior"]
    of_noise = noise()["prior"]
    own, forced = network.prior(of_noise), network.prior(of_noise, given)
    assert not torch.allclose(own.mean[:, 1:], forced.mean[:, 1:])
    with torch.no_grad():
        network.cell.weight_ih.zero_()
    own, forced = network.prior(of_noise), network.prior(of_noise, given)
    for left, right in zip(own, forced, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-5, atol=1e-6)


def test_a_prior_given_its_own_draws_is_rolled_out_on_them():
    _, networks = built()
    network = koopman.network_of(networks)
    own = network.prior(noise()["prior"])
    again = network.prior(noise()["prior"], own.sample)
    torch.testing.assert_close(own.mean, again.mean, rtol=1e-5, atol=1e-6)


def test_a_prior_that_varies_with_its_own_draws_has_a_larger_kl_than_one_that_does_not():
    """The released KL is convex in natural parameters (1 / s², m / s²), by Jensen's inequality.

    The posterior is the same for all draws of the prior, which are independent of it.
    """
    generator = torch.Generator().manual_seed(0)
    q_mean, q_log_variance, mean, log_variance = (
        torch.randn(rows, 6, 3, generator=generator, dtype=torch.float64) for rows in (1, 1, 50, 50)
    )
    q = Normals(q_mean, q_log_variance, q_mean)
    precision = (-log_variance).exp()
    shared = precision.mean(0, keepdim=True)
    without_memory = Normals(
        (precision * mean).mean(0, keepdim=True) / shared,
        -shared.log(),
        q_mean,
    )
    with_memory = Normals(mean, log_variance, mean)
    assert koopman.kl(q, without_memory).item() < koopman.kl(q, with_memory).mean().item()


def test_the_loss_is_the_sum_of_its_weighted_terms():
    for params in ({}, {"linear": 0}, {"teacher_forced": 1}, {"kl": 2.0, "linear": 3.0}):
        model, networks = built(**params)
        losses = model.losses(networks, batch(), noise(), 0)
        terms = losses.terms
        expected = terms["error"] + model.kl * terms["kl"]
        if model.linear:
            expected = expected + model.linear * terms["nonlinearity"]
        assert ("nonlinearity" in terms) == bool(model.linear)
        torch.testing.assert_close(losses.minimise["network"], expected)


def test_the_posterior_is_normalised_over_batch_and_steps():
    """By hand: torch's GRU, then each unit with mean 0 and variance 1."""
    _, networks = built()
    network = koopman.network_of(networks)
    states, _ = network.encoder(batch()["x"])
    flat = states.reshape(-1, states.shape[-1])
    normalised = (flat - flat.mean(0)) / (flat.var(0, correction=0) + 1e-5).sqrt()
    expected = network.mean(normalised).view(5, 6, LATENTS)
    found = network.posterior(batch()["x"], noise()["posterior"])
    torch.testing.assert_close(found.mean, expected, rtol=1e-4, atol=1e-5)


def test_the_operator_of_a_linear_system_is_recovered_and_its_error_is_zero():
    matrix = torch.linalg.qr(random_series(4, 4))[0]
    z = [random_series(8, 4, seed=1)]
    for _ in range(9):
        z.append(z[-1] @ matrix)
    series = torch.stack(z, 1)
    torch.testing.assert_close(koopman.operator(series), matrix)
    assert koopman.prediction_error(series).item() < 1e-25


def test_the_operator_is_that_of_lstsq_and_the_error_is_over_the_norm():
    z = random_series(7, 5, 3)
    past, future = z[:, :-1].reshape(-1, 3), z[:, 1:].reshape(-1, 3)
    expected = np.linalg.lstsq(past.numpy(), future.numpy(), rcond=None)[0]
    np.testing.assert_allclose(koopman.operator(z).numpy(), expected, atol=1e-12)
    predicted = past.numpy() @ expected
    error = ((predicted - future.numpy()) ** 2).mean() / np.linalg.norm(predicted)
    assert koopman.prediction_error(z).item() == pytest.approx(error)


def test_too_few_steps_do_not_determine_an_operator():
    with pytest.raises(ValueError, match="4 pairs of steps do not determine an operator of 5"):
        koopman.operator(random_series(2, 3, 5))


def test_sine_waves_of_one_frequency_have_eigenvalues_on_the_unit_circle():
    whole = {name: torch.from_numpy(values) for name, values in Harmonic.generate(None).items()}
    learned = models.model("delay_operator").learned({}, whole, 0)
    values = np.linalg.eigvals(learned["operator"].numpy())
    expected = np.exp([1j * FREQUENCY, -1j * FREQUENCY])
    for value in values:
        assert np.abs(value - expected).min() < 1e-6
    assert learned["nonlinearity"].item() < 1e-12


def test_generated_series_are_decoded_roll_outs_of_the_prior():
    model, networks = built(generated=3)
    learned = model.learned(networks, batch(), 4)
    assert learned["generated"].shape == (3, 6, 2)
    assert 0 < learned["generated"].min() < learned["generated"].max() < 1
    again = model.learned(networks, batch(rows=9), 4)
    torch.testing.assert_close(learned["generated"], again["generated"], rtol=0, atol=0)
    other = model.learned(networks, batch(), 5)
    assert not torch.equal(learned["generated"], other["generated"])


def test_the_data_set_in_place_of_generated_series_has_rows_of_it_alone():
    x = torch.arange(40.0).view(10, 2, 2)
    generated = models.model("data_again").learned({}, {"x": x}, 0)["generated"]
    assert generated.shape == x.shape
    rows = {tuple(row.flatten().tolist()) for row in x}
    assert {tuple(row.flatten().tolist()) for row in generated} < rows


def test_series_of_another_length_or_with_gaps_are_refused():
    model = models.model("koopman_vae", length=5)
    with pytest.raises(ValueError, match="the series have 6 steps, but the model 5; set length"):
        model.networks(SHAPES, LATENTS, "own")
    model, networks = built()
    gaps = batch() | {"observed": torch.zeros(5, 6, dtype=torch.int64)}
    with pytest.raises(ValueError, match="values of this data set are missing"):
        model.losses(networks, gaps, noise(), 0)
    with pytest.raises(ValueError, match="choose a data set without gaps"):
        models.model("delay_operator").learned({}, gaps, 0)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"kl": -1}, "kl must be 0 or more"),
        ({"hidden": 2.5}, "hidden must be a whole number from 1"),
        ({"length": 1}, "length must be a whole number from 2"),
        ({"teacher_forced": 2}, "teacher_forced must be 0 or 1"),
    ],
)
def test_impossible_hyper_parameters_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        models.model("koopman_vae", **params)


def test_a_study_without_adam_is_refused():
    training = Training.model_validate(
        {"steps": 3, "batch_size": 2, "latents": 2, "sgd": {"lr": 0.01}}
    )
    with pytest.raises(ValueError, match="koopman_vae needs adam"):
        models.model("koopman_vae").optimisers(training)


def irregular(**params):
    model = models.model("irregular_koopman_vae", **params)
    networks = model.networks(SHAPES, LATENTS, "own")
    model.initialise(networks, 0)
    return model, networks


def gaps(rows=5):
    observed = torch.ones(rows, 6, dtype=torch.int64)
    observed[0, 0] = observed[1, 2] = observed[2, 4:] = 0
    observed[3, 1:] = 0
    observed[4] = 0
    return batch(rows) | {"observed": observed}


def test_slopes_of_lines_with_gaps_are_their_slopes_and_0_outside_of_the_observed_times():
    """Between observed times natural splines of lines are lines; at the ends they are constant."""
    line = np.arange(6.0)[None, :, None] * [2.0, -1.0]
    starts, slopes = continuous.derivatives(line, np.array([[1, 0, 1, 1, 0, 1]]) > 0)
    np.testing.assert_allclose(starts, [[0, 0]])
    np.testing.assert_allclose(slopes, np.broadcast_to([2.0, -1.0], (1, 5, 4, 2)), atol=1e-12)
    starts, slopes = continuous.derivatives(line, np.array([[0, 0, 1, 0, 0, 0]]) > 0)
    np.testing.assert_array_equal(starts, [[4, -2]])
    np.testing.assert_array_equal(slopes, 0)
    starts, slopes = continuous.derivatives(line, np.zeros((1, 6)) > 0)
    assert not starts.any()
    assert not slopes.any()


def test_a_constant_field_integrates_the_spline_exactly():
    """With F constant, h(t) = h(0) + F (X(t) - X(0)), and the rule is exact for cubics."""
    _, networks = irregular()
    network = continuous.network_of(networks).double()
    for layer in network.field:
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.zeros_(layer.weight)
    x = batch()["x"].double()
    start, slopes = map(torch.from_numpy, continuous.derivatives(x.numpy(), np.ones((5, 6)) > 0))
    constant = network.field[-2].bias.tanh().view(-1, 2)
    h = network.start(x[:, 0])[:, None] + (x - x[:, :1]) @ constant.T
    expected = network.embedding(h).sigmoid()
    torch.testing.assert_close(network.embedded(start, slopes), expected)


def test_missing_values_are_not_read():
    model, networks = irregular()
    data = gaps()
    is_missing = data["observed"] == 0
    other = data | {"x": torch.where(is_missing[..., None], 100.0, data["x"])}
    losses = [model.losses(networks, each, noise(), 0) for each in (data, other)]
    assert losses[0].minimise["network"] == losses[1].minimise["network"]
    assert losses[0].terms == losses[1].terms


def test_the_released_loss_divides_by_the_number_of_observed_values():
    """13 of 30 times with 2 features are observed in 5 series; P is not divided."""
    data = gaps()
    values = 2 * data["observed"].sum().item() / 5
    for weight in (0.0, 3.0):
        model, networks = irregular(linear=weight)
        released = model.losses(networks, data, noise(), 0)
        text, networks = irregular(linear=weight, per_value=0)
        of_text = text.losses(networks, data, noise(), 0)
        linear = weight * released.terms.get("nonlinearity", torch.tensor(0.0))
        expected = (of_text.minimise["network"] - linear) / values + linear
        torch.testing.assert_close(released.minimise["network"], expected)
        assert released.terms == of_text.terms


def test_per_value_is_0_or_1():
    with pytest.raises(ValueError, match="per_value must be 0 or 1"):
        models.model("irregular_koopman_vae", per_value=2)
