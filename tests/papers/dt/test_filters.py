"""Filters of Table 3: known answers of a linear sensor, the range finder, and bad input."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from facsimile import models
from facsimile.papers.dt import filters, range_finder
from facsimile.papers.dt.datasets.range_finder import RangeFinder
from facsimile.papers.dt.metrics import filter_likelihood

SERIES, STEPS = 4, 12


class Positions:
    """A sensor of both positions with independent noise, for which the Kalman filter is exact."""

    wraps = (False, False)
    variances = np.array([0.2, 0.4])
    places = (range_finder.FIRST, range_finder.SECOND)

    def log_likelihood(self, states, measured):
        residual = measured - states[..., self.places]
        constant = np.log(2 * np.pi * self.variances)
        return -0.5 * (residual**2 / self.variances + constant).sum(-1)

    def moments(self, states, measurement):
        place = self.places[measurement]
        gradient = np.zeros_like(states)
        gradient[:, place] = 1
        variance = np.full(len(states), self.variances[measurement])
        return states[:, place], variance, gradient


def linear_series():
    random = np.random.default_rng(0)
    states = range_finder.trajectories(SERIES, random)[:, :STEPS]
    noise = random.normal(size=(SERIES, STEPS, 2)) * np.sqrt(Positions.variances)
    return states, states[..., Positions.places] + noise


def joint_gaussian(steps):
    """Mean and covariance of all states up to a step, stacked, written without recursion."""
    size = 4 * (steps + 1)
    powers = [np.linalg.matrix_power(range_finder.TRANSITION, k) for k in range(steps + 1)]
    # Each state is a sum of the start and of all noise before it.
    of_start = np.concatenate(powers)
    covariance = of_start @ range_finder.START_COVARIANCE @ of_start.T
    noise = range_finder.NOISE @ range_finder.NOISE.T
    for source in range(1, steps + 1):
        of_noise = np.zeros((size, 4))
        of_noise[4 * source :] = np.concatenate(powers[: steps + 1 - source])
        covariance += of_noise @ noise @ of_noise.T
    return of_start @ range_finder.START_MEAN, covariance


def conditional_log_density(states, measured, step):
    """Log-density of one series' state, by conditioning the joint Gaussian of all of them."""
    mean, covariance = joint_gaussian(step)
    seen = np.concatenate([4 * k + np.array(Positions.places) for k in range(step + 1)])
    now = np.arange(4 * step, 4 * step + 4)
    noise = np.diag(np.tile(Positions.variances, step + 1))
    total = covariance[np.ix_(seen, seen)] + noise
    gain = np.linalg.solve(total, covariance[np.ix_(seen, now)]).T
    expected = mean[now] + gain @ (measured[: step + 1].ravel() - mean[seen])
    left = covariance[np.ix_(now, now)] - gain @ covariance[np.ix_(seen, now)]
    return stats.multivariate_normal.logpdf(states[step], expected, left)


def test_for_a_linear_sensor_the_extended_kalman_filter_is_exact():
    states, measured = linear_series()
    ours = filters.kalman(Positions(), states, measured).own
    for step in (0, 1, 5):
        expected = conditional_log_density(states[1], measured[1], step)
        assert ours[1, step] == pytest.approx(expected, abs=1e-9)


def test_for_a_linear_sensor_particles_approach_the_exact_density():
    states, measured = linear_series()
    expected = filters.kalman(Positions(), states, measured).own
    errors = []
    for number in (4000, 40000):
        ours = filters.exact(Positions(), states, measured, number, np.random.default_rng(1))
        errors.append(np.stack(ours) - expected)
    few, many = (np.sqrt((error**2).mean((1, 2))) for error in errors)
    # Ten times as many particles have an error 3.2 times smaller, but for chance.
    assert (many < few / 1.5).all()
    assert (many < 0.1).all()
    np.testing.assert_allclose(errors[1].mean((1, 2)), 0, atol=0.03)


def test_kernels_approach_it_from_above_as_they_become_narrower():
    states, measured = linear_series()
    expected = filters.kalman(Positions(), states, measured).own.mean()
    excess = []
    for number in (100, 4000):
        random = np.random.default_rng(1)
        ours = filters.particles(Positions(), states, measured, number, random)
        excess.append(expected - ours.own.mean())
    assert excess[0] > excess[1] > 0
    # Kernels of that width make the covariance larger by the factor 1 + width.
    width = 1.06 * 4000**-0.2
    # A Gaussian of such a covariance in four dimensions has this divergence.
    of_width = 2 * (np.log1p(width) - width / (1 + width))
    assert excess[1] == pytest.approx(of_width, abs=0.15)


@pytest.mark.parametrize("setting", [0, 1])
def test_the_likelihood_of_a_range_is_a_distribution(setting):
    sensor = range_finder.sensor_of(setting)
    state = np.array([[0.3, 0.0, 0.4, 0.0]])  # some of the normal ranges are cut off at 0
    angle = np.arctan2(0.3, 0.4)

    def density(value):
        [of_both] = sensor.log_likelihood(state, np.array([value, angle]))
        return np.exp(of_both) / stats.norm.pdf(0, 0, range_finder.ANGLE_ERROR)

    between, _ = integrate.quad(density, 1e-9, sensor.largest - 1e-9, points=[0.5, 1], limit=200)
    assert between + density(0.0) + density(sensor.largest) == pytest.approx(1, abs=1e-6)
    drawn = sensor.sample(np.tile(state, (20000, 1)), np.random.default_rng(2))[:, 0]
    assert np.mean(drawn == 0) == pytest.approx(density(0.0), abs=4 * 0.5 / 20000**0.5)
    below, _ = integrate.quad(density, 1e-9, 0.6, limit=200)
    share = np.mean((drawn > 0) & (drawn < 0.6))
    assert share == pytest.approx(below, abs=4 * 0.5 / 20000**0.5)


def test_the_likelihood_of_an_angle_is_wrapped():
    sensor = range_finder.sensor_of(0)
    below = np.array([[-0.01, 0.0, -1.0, 0.0]])  # angles of almost -π and π
    own = np.arctan2(-0.01, -1.0)
    at_own, near, far = (
        sensor.log_likelihood(below, np.array([1.0, angle]))[0] for angle in (own, 3.13, 0.0)
    )
    assert at_own - far > 100
    residual = 2 * np.pi - 3.13 + own
    assert at_own - near == pytest.approx(residual**2 / (2 * 0.1**2), abs=1e-9)


@pytest.mark.parametrize("measurement", [0, 1])
def test_gradients_are_those_of_finite_differences(measurement):
    sensor = range_finder.sensor_of(1)
    states = np.array([[0.7, 0.1, -1.2, 0.3], [2.0, 0.0, 0.5, 0.0]])
    _, _, gradient = sensor.moments(states, measurement)
    for place in range(4):
        step = np.zeros(4)
        step[place] = 1e-6
        above, below = (sensor.moments(states + sign * step, measurement)[0] for sign in (1, -1))
        np.testing.assert_allclose(gradient[:, place], (above - below) / 2e-6, atol=1e-7)


def test_moments_of_a_range_are_those_of_its_draws_before_the_cut():
    sensor = range_finder.sensor_of(0)
    state = np.array([[2.0, 0.0, 2.0, 0.0]])  # so far that the normal part is hardly cut
    mean, variance, _ = sensor.moments(state, 0)
    drawn = sensor.sample(np.tile(state, (40000, 1)), np.random.default_rng(3))[:, 0]
    assert drawn.mean() == pytest.approx(mean[0], abs=4 * drawn.std() / 200)
    assert drawn.var() == pytest.approx(variance[0], rel=0.03)


def test_the_released_likelihood_exchanges_two_probabilities():
    state = np.array([[3.0, 0.0, 4.0, 0.0]])
    near_0 = np.array([0.1, np.arctan2(3.0, 4.0)])
    own, released = (
        range_finder.sensor_of(0, exchanged).log_likelihood(state, near_0)[0]
        for exchanged in (False, True)
    )
    # No normal range is this near; exponential ones have the density exp(-0.1), uniform ones 0.1.
    expected = np.log(0.2 * np.exp(-0.1) + 0.1 * 0.1) - np.log(0.1 * np.exp(-0.1) + 0.2 * 0.1)
    assert own - released == pytest.approx(expected, abs=1e-6)


def data(setting=0, rows=8):
    random = np.random.default_rng(4)
    states = range_finder.trajectories(rows, random)
    measured = range_finder.sensor_of(setting).sample(states, random)
    arrays = {"state": states, "measured": measured, "setting": np.full(rows, setting)}
    return {name: torch.from_numpy(values) for name, values in arrays.items()}


def test_runs_of_other_seeds_have_other_series():
    model = models.model("extended_kalman", series=4)
    whole = data()
    first, second = (model.learned({}, whole, seed)["log_density"] for seed in (0, 1))
    assert first.shape == second.shape == (4, 100)
    assert not torch.equal(first, second)
    last = {name: values[4:] for name, values in whole.items()}
    assert torch.equal(second, model.learned({}, last, 0)["log_density"])


def test_a_seed_without_series_is_an_error():
    with pytest.raises(ValueError, match="seed 2 is tested on series 8 to 12, but there are 8"):
        models.model("extended_kalman", series=4).learned({}, data(), 2)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("extended_kalman", {"series": 1}, "series must be a whole number from 2"),
        ("extended_kalman", {"wraps": 2}, "wraps must be 0 or 1"),
        ("extended_kalman", {"squared_noise": 0.5}, "squared_noise must be 0 or 1"),
        ("particle_filter", {"particles": 10.5}, "particles must be a whole number from 2"),
        ("particle_filter", {"exchanged": -1}, "exchanged must be 0 or 1"),
        ("exact_filter", {"particles": 1}, "particles must be a whole number from 2"),
    ],
)
def test_bad_hyper_parameters_are_errors(name, settings, message):
    with pytest.raises(ValueError, match=message):
        models.model(name, **settings).check()


def test_wrapping_angles_helps_where_they_pass_a_half_turn():
    angles = torch.full((2, 100, 4), 0.0)
    angles[..., 2] = -2.0  # behind the sensor, where angles are π or -π
    angles[..., 0] = 0.01 * (-1.0) ** torch.arange(100)
    measured = np.stack(range_finder.polar(angles.double().numpy()), -1)
    whole = {"state": angles, "measured": torch.from_numpy(measured), "setting": torch.zeros(2)}
    usual, released = (
        models.model("extended_kalman", series=2, wraps=wraps).learned({}, whole, 0)
        for wraps in (1, 0)
    )
    assert usual["log_density"].mean() > released["log_density"].mean() + 1


def test_half_widths_are_over_series_and_over_steps():
    of_series = np.array([0.0, 1.0, 2.0, 3.0])
    log_density = -np.repeat(of_series[:, None], 25, axis=1)
    inferred = {"log_density": log_density, "log_density_of_moments": 2 * log_density}
    scores = filter_likelihood.score(SimpleNamespace(inferred=inferred))
    assert (scores["nll"], scores["nll_median"], scores["nll_of_moments"]) == (1.5, 1.5, 3.0)
    assert scores["nll_half_width"] == pytest.approx(1.96 * of_series.std(ddof=1) / 2)
    # Steps of a series are equal here, so that 25 times as many are taken for independent.
    assert scores["nll_half_width_of_steps"] < scores["nll_half_width"] / 5


def test_the_data_set_has_series_of_both_settings():
    for setting, largest in ((0, 10), (1, 30)):
        RangeFinder.setting = setting
        arrays = RangeFinder.generate(None)
        del RangeFinder.setting
        ranges = arrays["measured"][..., 0]
        assert ranges.min() == 0
        assert largest / 2 < ranges.max() <= largest
        # The first state is (1, 0, 1, 0) plus standard normal numbers.
        start = arrays["state"][:, 0]
        np.testing.assert_allclose(start.mean(0), [1, 0, 1, 0], atol=0.15)
        # Velocities tend to the variance 0.04 / (1 - 0.3679²).
        speed = arrays["state"][:, -1, 1]
        assert speed.var() == pytest.approx(0.04 / (1 - 0.3679**2), rel=0.2)
