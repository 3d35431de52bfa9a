"""Schedules, samplers, predictions and mixtures, against derivatives, integrals and known laws."""

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from facsimile.statistics.diffusion import predictions
from facsimile.statistics.diffusion.gaussian_mixture import GaussianMixture
from facsimile.statistics.diffusion.predictions import PREDICTIONS
from facsimile.statistics.diffusion.samplers import SAMPLERS, Process, posterior, sample
from facsimile.statistics.diffusion.schedules import SCHEDULES

TIMES = np.array([0.05, 0.4, 0.93])
MIXTURE = GaussianMixture(
    np.array([0.3, 0.7]),
    np.array([[-1.0], [0.5]]),
    np.array([[[0.04]], [[0.25]]]),
)


@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_are_derivatives(name):
    schedule, step = SCHEDULES[name], 1e-6
    for function, rate in ((schedule.a, schedule.a_rate), (schedule.s, schedule.s_rate)):
        slope = (function(TIMES + step) - function(TIMES - step)) / (2 * step)
        np.testing.assert_allclose(rate(TIMES), slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", SCHEDULES)
def test_variance_follows_the_stochastic_equation(name):
    """The variance of the noise, s², has the rate 2 f s² + g²."""
    schedule = SCHEDULES[name]
    s = schedule.s(TIMES)
    rate = 2 * schedule.drift(TIMES) * s**2 + schedule.squared_diffusion(TIMES)
    np.testing.assert_allclose(rate, 2 * s * schedule.s_rate(TIMES), rtol=1e-12)


def test_schedules_start_and_end_where_they_should():
    ends = {name: (schedule.s(0.0), schedule.a(1.0)) for name, schedule in SCHEDULES.items()}
    assert ends["cosine"] == ends["straight"] == (0, 0)
    assert ends["variance_preserving"][0] == ends["sub_variance_preserving"][0] == 0
    # exp(-(0.1 + 20) / 4)
    assert ends["variance_preserving"][1] == pytest.approx(0.0065717, abs=1e-6)
    assert ends["variance_exploding"] == pytest.approx((0.01, 1))


@pytest.mark.parametrize("name", SCHEDULES)
def test_time_of_inverts_log_snr(name):
    schedule = SCHEDULES[name]
    for t in TIMES.tolist():
        assert schedule.time_of(schedule.half_log_snr(t)) == pytest.approx(t, abs=1e-9)


def test_a_time_outside_is_an_error():
    schedule = SCHEDULES["cosine"]
    with pytest.raises(ValueError, match=r"no time from 0\.5 to 1 has log"):
        schedule.time_of(schedule.half_log_snr(0.2), 0.5, 1.0)


def test_a_mixture_is_a_density_with_its_moments():
    def integrand(x, power):
        return x**power * np.exp(MIXTURE.log_density(np.array([[x]])))[0]

    moments = [
        integrate.quad(integrand, -6, 6, args=(power,), points=[-1])[0] for power in range(3)
    ]
    expected = [1, MIXTURE.mean[0], MIXTURE.second_moment]
    np.testing.assert_allclose(moments, expected, atol=1e-8)


def test_quantiles_invert_the_distribution_function():
    shares = np.array([1e-4, 0.3, 0.31, 0.9999])
    values = MIXTURE.quantiles(shares)
    np.testing.assert_allclose(MIXTURE.cumulative(values), shares, atol=1e-12)
    normal = GaussianMixture(np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1)))
    np.testing.assert_allclose(normal.quantiles(shares), stats.norm.ppf(shares), atol=1e-9)


def test_the_denoiser_is_the_mean_of_the_posterior_by_quadrature():
    a, s, x = 0.8, 0.6, 0.3
    grid = np.linspace(-4, 4, 4001)
    joint = np.exp(MIXTURE.log_density(grid[:, None])) * stats.norm.pdf(x, a * grid, s)
    expected = (joint @ grid) / joint.sum()
    [[ours]] = MIXTURE.denoise(np.array([[x]]), a, s)
    assert ours == pytest.approx(expected, abs=1e-10)


def test_draws_have_the_mixture_s_moments():
    mixture = GaussianMixture(
        np.array([0.5, 0.5]),
        np.array([[1.0, 0.0], [-1.0, 2.0]]),
        np.array([[[1.0, 0.6], [0.6, 1.0]], [[0.2, 0.0], [0.0, 0.4]]]),
    )
    draws, components = mixture.sample(40_000, np.random.default_rng(0))
    correlation = np.cov(draws[components == 0].T)
    np.testing.assert_allclose(correlation, mixture.covariances[0], atol=0.04)
    np.testing.assert_allclose(draws.mean(0), mixture.mean, atol=0.03)
    direction = np.array([0.6, 0.8])
    along = mixture.along(direction)
    np.testing.assert_allclose(
        along.quantiles(np.array([0.5])), np.median(draws @ direction), atol=0.05
    )


@pytest.mark.parametrize(
    ("weights", "message"),
    [([0.5, 0.6], "sum up to 1, not 1.1"), ([1.0], r"has weights \(2,\)")],
)
def test_impossible_mixtures_are_errors(weights, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(np.array(weights), MIXTURE.means, MIXTURE.covariances)


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_predictions_convert_and_have_the_stated_weight(prediction):
    a, s = 0.7, 0.5  # no schedule that preserves variance
    data, noise, off = torch.tensor([[0.3, -1.0], [0.5, 2.0], [0.1, 0.2]]).double()
    x = a * data + s * noise
    target = predictions.target(prediction, data, noise, a, s)
    torch.testing.assert_close(predictions.denoised(prediction, target, x, a, s), data)
    # Another denoised point, and the noise that goes with it.
    wrong = predictions.target(prediction, data + off, (x - a * (data + off)) / s, a, s)
    weight = predictions.loss_weight(prediction, a, s)
    torch.testing.assert_close((wrong - target).square(), weight * off.square())


def test_an_unknown_prediction_is_an_error():
    with pytest.raises(ValueError, match="'x0': a prediction is one of noise, data"):
        predictions.target("x0", 0, 0, 1, 1)


def test_the_posterior_is_that_of_bayes_rule():
    """The joint of x_u and x_t given x_0 = 0 is normal; condition it."""
    schedule = SCHEDULES["cosine"]
    t, u = 0.6, 0.35
    ratio = schedule.a(t) / schedule.a(u)
    covariance = ratio * schedule.s(u) ** 2
    step = posterior(schedule, t, u)
    assert step.of_noisy == pytest.approx(covariance / schedule.s(t) ** 2)
    variance = schedule.s(u) ** 2 - covariance**2 / schedule.s(t) ** 2
    assert step.deviation**2 == pytest.approx(variance)
    # The mean of x_u given x_0 alone is a(u) x_0.
    assert step.of_noisy * schedule.a(t) + step.of_data == pytest.approx(schedule.a(u))


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers_take_tensors_and_come_close_to_the_law(name):
    """Of N(0.5, 0.3²) by 100 steps, with 4,000 samples; all samplers by one denoiser."""
    schedule = SCHEDULES["variance_preserving"]
    law = GaussianMixture(np.ones(1), np.full((1, 1), 0.5), np.full((1, 1, 1), 0.09))

    def denoise(x, t):
        return torch.from_numpy(law.denoise(x.numpy(), schedule.a(t), schedule.s(t)))

    generator = torch.Generator().manual_seed(0)

    def normals(step):
        return torch.randn((4000, 1), generator=generator, dtype=torch.float64)

    times = np.linspace(1, 0, 101)
    samples = sample(SAMPLERS[name], normals(0), Process(schedule, denoise), times, normals)
    assert samples.mean().item() == pytest.approx(0.5, abs=0.03)
    assert samples.std().item() == pytest.approx(0.3, abs=0.03)


def test_what_samplers_need_is_said():
    process = Process(SCHEDULES["straight"], lambda x, t: x)
    with pytest.raises(ValueError, match="give it a function draw"):
        sample(SAMPLERS["ancestral"], np.zeros(1), process, [1, 0])
    with pytest.raises(ValueError, match=r"a\(1\) is 0: start at an earlier time"):
        sample(SAMPLERS["dpm_solver_2"], np.zeros(1), process, [1, 0.5])
    assert [SAMPLERS[name].steps(11) for name in ("ddim", "heun")] == [11, 6]
