"""Laws of samples: by hand, by impulses, and by distances that are known."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from facsimile.papers.diffusion_book import gaussian_law, laws, methods, tilted
from facsimile.papers.diffusion_book.metrics import gaussian_law as metric
from facsimile.papers.diffusion_book.metrics import guidance, mixture_law
from facsimile.papers.diffusion_book.models.diffusion_network import DiffusionNetwork
from facsimile.papers.diffusion_book.models.exact_sampler import ExactSampler
from facsimile.papers.diffusion_book.models.guided_flow import GuidedFlow
from facsimile.statistics.diffusion.schedules import SCHEDULES

# Sampler, schedule, grid.
PAIRS = [(number, 0, 0) for number in range(6)] + [(4, 0, 1), (2, 4, 0), (3, 4, 0), (1, 3, 0)]


@pytest.mark.parametrize(("sampler", "schedule", "grid"), PAIRS)
def test_impulses_and_factors_agree(sampler, schedule, grid):
    model = ExactSampler(sampler, schedule, grid, longest=11)
    model.check()
    inferred = model.learned({}, {"x": torch.zeros(1, 64)}, 0)
    params = {"sampler": sampler, "schedule": schedule, "grid": grid}
    arrays = {name: values.numpy() for name, values in inferred.items()}
    scores = metric.score(SimpleNamespace(inferred=arrays, params=params))
    for n in (5, 11):
        assert scores[f"w2_{n}"] == pytest.approx(scores[f"w2_{n}_theory"], abs=1e-9)
        assert scores[f"w2_{n}"] > 0.01


def test_two_steps_of_ddim_by_hand():
    """The formula with cumulative alphas, for one variance, from t = 1 over 0.5 to 0."""
    schedule, variance = SCHEDULES["variance_preserving"], 0.3
    alphas = [schedule.a(t) ** 2 for t in (1.0, 0.5, 0.0)]
    expected = schedule.s(1.0) ** 2
    for before, after in pairwise(alphas):
        mixed = np.sqrt(after * before) * variance + np.sqrt((1 - after) * (1 - before))
        expected *= (mixed / (before * variance + 1 - before)) ** 2
    factors = gaussian_law.Factors(schedule, np.array([variance]))
    [ours] = gaussian_law.variance("ddim", factors, [1.0, 0.5, 0.0])
    assert ours == pytest.approx(expected, rel=1e-12)


def test_a_shift_has_half_of_its_square_as_sliced_distance():
    draws = laws.planar().sample(4000, np.random.default_rng(0))[0]
    shift = np.array([3.0, -4.0])
    noise = mixture_law.sliced(draws)
    assert noise < 2e-3
    assert mixture_law.sliced(draws + shift) == pytest.approx(12.5, rel=0.02)


def test_draws_from_the_law_have_the_modes_weights():
    model = ExactSampler(-1, longest=5, points=4000)
    inferred = model.learned({}, {"x": torch.zeros(1, 2)}, 0)
    arrays = {name: values.numpy() for name, values in inferred.items()}
    scores = mixture_law.score(SimpleNamespace(inferred=arrays))
    assert scores["mode_error"] < 0.03
    with pytest.raises(ValueError, match="sampler -1 is for gaussian_mixture_2d"):
        model.learned({}, {"x": torch.zeros(1, 64)}, 0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sampler": 7}, "sampler must be one of 0 ancestral, 1 ddim"),
        ({"sampler": 1, "longest": 7}, "longest must be one of"),
        ({"sampler": 4, "schedule": 4}, "use another schedule, such as 0"),
        ({"sampler": 1, "schedule": 3, "grid": 1}, "nothing is left of the data"),
        ({"sampler": 1, "points": 0.5}, "points must be a whole number"),
    ],
)
def test_impossible_samplers_are_errors(values, message):
    with pytest.raises(ValueError, match=message):
        ExactSampler(**values).check()


@pytest.mark.slow
def test_guidance_without_weight_samples_the_class_and_with_weight_misses_the_tilted_density():
    whole = {"x": torch.zeros(1, 2)}
    scores = {}
    for weight in (0, 2):
        quantiles = GuidedFlow(weight).learned({}, whole, 0)["quantiles"].numpy()
        outputs = SimpleNamespace(params={"weight": weight}, inferred={"quantiles": quantiles})
        scores[weight] = guidance.score(outputs)
    assert scores[0]["w2"] < 1e-4
    assert max(scores[0][f"score_gap_{t}"] for t in guidance.TIMES) < 1e-8
    assert scores[2]["score_gap_0"] < 1e-8 < 0.1 < scores[2]["score_gap_20"]
    assert scores[2]["w2"] > 0.1


def test_the_tilted_density_of_one_gaussian_pair_is_gaussian(monkeypatch):
    """N(1, ½)^(1+w) N(0, 1)^-w has precision 2 (1 + w) - w and mean 2 (1 + w) / precision."""
    both = [
        laws.GaussianMixture(np.ones(1), np.full((1, 1), mean), np.full((1, 1, 1), variance))
        for mean, variance in ((0.0, 1.0), (1.0, 0.5))
    ]
    monkeypatch.setattr(tilted, "both", lambda: both)
    weight = 1.5
    precision = 2 * (1 + weight) - weight
    density = tilted.tilted(weight)
    mean = np.trapezoid(density * tilted.GRID, tilted.GRID)
    variance = np.trapezoid(density * (tilted.GRID - mean) ** 2, tilted.GRID)
    assert mean == pytest.approx(2 * (1 + weight) / precision, abs=1e-6)
    assert variance == pytest.approx(1 / precision, abs=1e-6)


def test_times_are_even_in_the_variable_of_the_grid():
    schedule, sampler = SCHEDULES["variance_preserving"], methods.sampler_of(4)
    times = methods.times(sampler, schedule, 1, 11)
    assert len(times) == 7
    assert times[-1] == 0
    lengths = np.diff([schedule.half_log_snr(t) for t in times[:-1]])
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-6)


@pytest.mark.parametrize("prediction", range(4))
def test_the_loss_of_a_network_is_that_of_its_target(prediction):
    """A network that returns 0 has the mean square of what it should predict as its loss."""
    model = DiffusionNetwork(prediction)
    model.check()
    networks = model.networks({"x": (2,)}, 2, "own")
    for parameter in networks["network"].parameters():
        torch.nn.init.zeros_(parameter)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn((500, 2), generator=generator)
    batch = {"x": torch.randn((500, 2), generator=generator)}
    # A time of one half for all rows, but for the first times that are left out.
    losses = model.losses(networks, batch, {"noise": noise, "time": torch.zeros(500, 1)}, 0)
    schedule, t = SCHEDULES["variance_preserving"], 0.5025
    a, s = schedule.a(t), schedule.s(t)
    targets = (noise, batch["x"], a * noise - s * batch["x"], -noise / s)
    expected = targets[prediction].square().mean().item()
    assert losses.minimise["network"].item() == pytest.approx(expected, rel=1e-4)
