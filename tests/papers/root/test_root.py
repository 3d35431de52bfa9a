"""ROOT: processes and dense algebra, the bridge and draws, the sampler and exact laws."""

import itertools
import types

import numpy as np
import pytest
import torch

from facsimile import models
from facsimile.datasets.base.letter_logits import LetterLogits
from facsimile.models.base import algorithm
from facsimile.papers.root.models import _bridge_network, _letter_process, _pairs
from facsimile.papers.root.models._bridge import TIMES, Bridge, visited
from facsimile.papers.root.models._letter_process import Kernel, LetterGrid, PosteriorMean

KERNEL = Kernel(2.5, 3.0, 0.01)


@pytest.fixture(scope="module")
def data():
    """All 256 sequences of length 4, of which the lower half of a smooth score is offline."""
    sequences = np.array(list(itertools.product(range(4), repeat=4)))
    drawn = np.random.default_rng(0)
    score = drawn.normal(size=(4, 4))[np.arange(4), sequences].sum(1)
    offline = (score <= np.median(score)).astype(int)
    encoding = LetterLogits.of(sequences[offline == 1], 4)
    seen = score[offline == 1]
    y = (score - seen.mean()) / seen.std()
    return {"sequence": sequences, "offline": offline, "x": encoding.encode(sequences), "y": y}


@pytest.fixture(scope="module")
def offline(data):
    return _pairs.Offline.of(data)


def dense(x, other, kernel=KERNEL):
    squares = ((x[:, None] - other[None]) ** 2).sum(-1)
    return kernel.variance * np.exp(-squares / (2 * kernel.length**2))


@pytest.mark.parametrize("direct", [0, 4_000])
def test_the_posterior_mean_is_that_of_dense_algebra(offline, monkeypatch, direct):
    """By conjugate gradients and by a factorisation, also where a sequence is observed twice."""
    monkeypatch.setattr(_letter_process, "DIRECT", direct)
    rows = np.array([*range(40), 7])
    posterior = offline.posterior(rows, KERNEL)
    points = np.random.default_rng(1).normal(size=(9, 12))
    matrix = dense(offline.x[rows], offline.x[rows]) + KERNEL.noise * np.eye(len(rows))
    expected = dense(points, offline.x[rows]) @ np.linalg.solve(matrix, offline.y[rows])
    found = posterior(torch.from_numpy(points)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_with_little_noise_the_mean_meets_the_observations(offline):
    rows = np.arange(0, 128, 3)
    posterior = offline.posterior(rows, Kernel(1.0, 3.0, 1e-8))
    found = posterior(torch.from_numpy(offline.x[rows])).numpy()
    np.testing.assert_allclose(found, offline.y[rows], atol=1e-5)


def test_the_gradient_of_the_mean_is_that_of_finite_differences(offline):
    posterior = offline.posterior(np.arange(50), KERNEL)
    x = torch.from_numpy(np.random.default_rng(2).normal(size=(3, 12)))
    assert torch.autograd.gradcheck(posterior, x.requires_grad_(), atol=1e-6)


def test_a_solver_that_does_not_converge_says_so(offline, monkeypatch):
    monkeypatch.setattr(_letter_process, "DIRECT", 0)
    monkeypatch.setattr(_letter_process, "ITERATIONS", 2)
    with pytest.raises(ArithmeticError, match=r"did not converge in 2 iterations; the noise 0\.01"):
        offline.posterior(np.arange(50), KERNEL)


def test_the_grid_has_the_coordinates_of_every_sequence(data, offline):
    places = offline.grid.places
    for row in (0, 77, 255):
        sequence = data["sequence"][row]
        np.testing.assert_allclose(places[np.arange(4), sequence].ravel(), data["x"][row])
        assert offline.grid.index(sequence[None])[0] == row


def test_searches_raise_high_ends_and_lower_low_ends(offline):
    posterior = offline.posterior(np.arange(100), KERNEL)
    starts = offline.x[offline.starts(_pairs.HIGHEST)[:20]]
    pairs = _pairs.searched(posterior, starts, 10)
    before = posterior(torch.from_numpy(starts)).numpy()
    assert len(pairs.y_high) == 20
    assert (pairs.y_high > before).all()
    assert (pairs.y_low < before).all()
    np.testing.assert_allclose(posterior(torch.from_numpy(pairs.high)), pairs.y_high)


def test_pairs_of_equal_values_are_left_out(offline):
    flat = PosteriorMean.of(offline.grid, KERNEL, np.zeros(offline.grid.halves))
    assert len(_pairs.searched(flat, offline.x[:5], 3).y_high) == 0


def test_start_points_are_the_highest_the_lowest_or_all(offline, monkeypatch):
    monkeypatch.setattr(_pairs, "CANDIDATES", 3)
    ordered = np.sort(offline.y)
    np.testing.assert_allclose(offline.y[offline.starts(_pairs.HIGHEST)], ordered[:-4:-1])
    np.testing.assert_allclose(offline.y[offline.starts(_pairs.LOWEST)], ordered[:3])
    assert len(offline.starts(_pairs.RANDOM)) == len(offline.y)


@pytest.mark.parametrize("factor", [1, 2])
def test_the_noised_points_have_the_moments_of_the_bridge(factor):
    bridge, time = Bridge(factor), 300
    drawn = np.random.default_rng(3)
    ends = np.ones((100_000, 2)) * [1.0, -2.0], np.ones((100_000, 2)) * [4.0, 0.5]
    times = np.full(100_000, time)
    x, offset = bridge.noised(*ends, times, drawn.normal(size=(100_000, 2)))
    m = bridge.mixing[time]
    variance = factor * m * (1 - m)
    mean = (1 - m) * ends[0][0] + m * ends[1][0]
    np.testing.assert_allclose(x.mean(0), mean, atol=5 * np.sqrt(variance / 100_000))
    np.testing.assert_allclose(np.cov(x.T), variance * np.eye(2), atol=0.015)
    np.testing.assert_allclose(x - offset, ends[0])


@pytest.mark.parametrize("factor", [1, 2])
def test_the_conditional_variance_is_that_of_two_jointly_gaussian_times(factor):
    """Cov(x_t, x_s) = (1 - m_t) / (1 - m_s) Var(x_s); Var(x_s | x_t) by the Schur complement."""
    bridge = Bridge(factor)
    m, variances = bridge.mixing, bridge.variances
    for time, earlier in ((999, 998), (600, 200), (1, 0)):
        covariance = (1 - m[time]) / (1 - m[earlier]) * variances[earlier]
        exact = variances[earlier] - covariance**2 / variances[time]
        assert bridge.conditional_variance(time, earlier) == pytest.approx(exact, rel=1e-9)
        assert exact > 0


def test_the_variance_of_the_code_is_positive_between_all_neighbouring_times():
    bridge = Bridge(2)
    assert min(bridge.conditional_variance(t, t - 1) for t in range(1, TIMES)) > 0


def test_with_a_known_high_end_the_sampler_arrives_there():
    """Whatever the noise: the last step returns the estimate of the high end."""
    high, low = np.full((5, 3), 2.0), np.zeros((5, 3))
    random = np.random.default_rng(0)
    found = Bridge(2).sampled(low, lambda x, time: x - high, 50, 1.0, random)
    np.testing.assert_allclose(found, high, atol=1e-12)


def test_with_exact_estimates_of_a_gaussian_the_sampler_returns_its_mean_and_variance():
    """High ends N(1, 0.5²) independent of the low end 0: E[x_high | x_t] is linear in x_t.

    For eta = 1 a step is an exact draw of the bridge given the estimate in place of the high end.
    """
    bridge, mean, variance = Bridge(2), 1.0, 0.25
    m, s2 = bridge.mixing, bridge.variances

    def estimate(x, time):
        gain = (1 - m[time]) * variance / ((1 - m[time]) ** 2 * variance + s2[time])
        return x - (mean + gain * (x - (1 - m[time]) * mean))

    errors = []
    for steps in (10, 500):
        found = bridge.sampled(
            np.zeros((20_000, 1)), estimate, steps, 1.0, np.random.default_rng(4)
        )
        assert found.mean() == pytest.approx(mean, abs=0.03)
        errors.append(abs(found.var() - variance))
    assert errors[1] < errors[0]
    assert errors[1] < 0.02


def test_the_sampler_visits_evenly_spaced_times_and_then_1_and_0():
    times = visited(200)
    assert len(times) == 200
    assert times[0] == 999
    assert times[-2:] == [1, 0]
    assert all(a > b for a, b in itertools.pairwise(times))
    with pytest.raises(ValueError, match="sampling steps must be from 3 to 1000, not 2"):
        visited(2)


def test_guidance_of_minus_one_ignores_the_scores_so_that_exchanging_them_does_nothing(data):
    """(1 + w) conditional - w unconditional is the unconditional estimate for w = -1."""
    results = []
    for exchanged in (0, 1):
        model = created(guidance=-1, exchanged=exchanged)
        problem, progress = ran(model, data)
        results.append(model.result(problem, progress.state)["designs"])
    np.testing.assert_array_equal(*results)


def test_designs_start_from_the_best_offline_ones(data):
    model = created()
    problem, progress = ran(model, data)
    found = model.result(problem, progress.state)
    rows = np.argsort(-problem.y, kind="stable")[:128]
    expected = data["sequence"][data["offline"] == 1][rows]
    np.testing.assert_array_equal(found["first_designs"], expected)
    assert found["designs"].shape == expected.shape


def test_shared_draws_leave_the_network_and_the_rows_to_the_seed(data, monkeypatch):
    """Kernels are then those of any other seed; they differ if they are not shared."""
    for shared, is_equal in ((1, True), (0, False)):
        kernels = []
        monkeypatch.setattr(
            _pairs,
            "drawn_kernel",
            lambda random, kernels=kernels: kernels.append(random.uniform()) or KERNEL,
        )
        first, second = (ran(created(shared=shared), data, seed=seed)[1] for seed in (0, 1))
        half = len(kernels) // 2
        assert (kernels[:half] == kernels[half:]) == is_equal
        assert not np.array_equal(first.state["weights.0.weight"], second.state["weights.0.weight"])


def test_a_trained_epoch_continues_from_its_arrays():
    """Two epochs with a store between them are two epochs without one, in all arrays."""
    drawn = np.random.default_rng(5)
    state = _bridge_network.started(2, 4, drawn)
    batches = drawn.normal(size=(8, 6, 5)), drawn.normal(size=(8, 6, 2))
    whole = _bridge_network.Trainer.of(state, 1)
    half = _bridge_network.Trainer.of(state, 1)
    for index, (inputs, target) in enumerate(zip(*batches, strict=True)):
        whole.batch(inputs, target)
        if index == 4:
            half = _bridge_network.Trainer.of(half.arrays(), 1)
        half.batch(inputs, target)
    whole, half = whole.arrays(), half.arrays()
    assert whole["updates"] == half["updates"] == 4
    for name, values in whole.items():
        np.testing.assert_array_equal(values, half[name], err_msg=name)
    assert not np.array_equal(whole["weights.0.weight"], state["weights.0.weight"])


def test_the_average_is_a_copy_at_first_and_then_moves_slowly(monkeypatch):
    monkeypatch.setattr(_bridge_network, "AVERAGED_EVERY", 2)
    drawn = np.random.default_rng(6)
    trainer = _bridge_network.Trainer.of(_bridge_network.started(2, 4, drawn), 4)
    history = []
    for _ in range(4):
        trainer.batch(drawn.normal(size=(6, 5)), drawn.normal(size=(6, 2)))
        weight = trainer.network[0].weight.detach().clone()
        history.append((weight, trainer.average["0.weight"].clone()))
    assert torch.equal(history[1][0], history[1][1])
    expected = 0.995 * history[1][1] + 0.005 * history[3][0]
    torch.testing.assert_close(history[3][1], expected)


def test_ascent_on_a_process_raises_the_prediction(data):
    model = models.model("process_ascent", rows=100)
    problem = model.problem(data)
    progress = algorithm.begin(model, problem, 0)
    for _ in algorithm.advance(model, problem, 0, 20, progress):
        pass
    predicted = [row["predicted"] for row in progress.history]
    assert all(a < b for a, b in itertools.pairwise(predicted))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rows": 0}, "rows must be a whole number of 1 or more, not 0"),
        ({"starts": 3}, "starts must be 0, 1 or 2, not 3"),
        ({"masked": 2}, "masked is a probability, not 2"),
        ({"factor": 0}, "factor must be above 0, not 0"),
        ({"exchanged": 0.5}, "exchanged must be 0 or 1, not 0.5"),
        ({"sampling_steps": 2}, "sampling_steps must be from 3 to 1000, not 2"),
    ],
)
def test_impossible_hyper_parameters_are_named(values, message):
    with pytest.raises(ValueError, match=message):
        created(**values)


def test_data_without_offline_rows_are_refused(data):
    with pytest.raises(ValueError, match="no offline rows"):
        _pairs.Offline.of(data | {"offline": np.zeros(256, int)})


def created(**values):
    sizes = {"functions": 2, "rows": 50, "points": 40, "climbs": 3, "width": 8}
    return models.model("root", **(sizes | {"sampling_steps": 5} | values))


def ran(model, data, seed=0, steps=1):
    problem = model.problem(data)
    progress = algorithm.begin(model, problem, seed)
    for _ in algorithm.advance(model, problem, seed, steps, progress):
        pass
    return problem, progress


def test_a_grid_of_an_odd_length_has_unequal_halves():
    encoding = types.SimpleNamespace(letters=4, encode=lambda rows: np.zeros((4, 15)))
    assert LetterGrid.of(encoding, 5).halves == (16, 64)
