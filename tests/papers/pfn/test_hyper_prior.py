"""Predictive distributions with hyper-priors, beside long MCMC and other known answers."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import integrate, special, stats

from facsimile import models
from facsimile.datasets import DataFile
from facsimile.foundation import discover
from facsimile.models.base import rng
from facsimile.papers.pfn import hyper_prior
from facsimile.papers.pfn.hyper_prior import Gamma, HyperPrior, Mixture
from facsimile.papers.pfn.models import _exact as exact_answers
from facsimile.papers.pfn.models._densities import RiemannDensity
from facsimile.papers.pfn.models._exact import Mixtures, Normal

# Written by benchmarks/hyper_prior_nuts.py.
NUTS = pd.read_csv(Path(__file__).parent / "nuts.csv").to_dict("records")
TWO = Mixture(np.array([0.3, 0.7]), np.array([-1.0, 0.4]), np.array([0.04, 1.2]))
NEARLY_KNOWN = 1e8  # shape of a gamma distribution with a coefficient of variation of 1e-4


@pytest.fixture(scope="module")
def data():
    made = discover.load_class("datasets", "gp_hyper_prior", DataFile).generate(None)
    return {name: values.astype(float) for name, values in made.items()}


def predictive(data, row, n, **settings):
    prior = hyper_prior.hyper_prior_of(data["hyper_prior"][row])
    x, y = data["x"][row, :n], data["y"][row, :n]
    return hyper_prior.predictive(x, y, data["query"][row], prior, **settings)


@pytest.mark.parametrize("chain", NUTS, ids=lambda chain: f"set {chain['row']:.0f}")
def test_predictions_are_those_of_a_long_chain(data, chain):
    row = int(chain["row"])
    mixture = predictive(data, row, int(chain["observed"]))
    mean, variance = exact_answers.moments(mixture)
    ours = {
        "mean": mean,
        "second_moment": variance + mean**2,
        "density": exact_answers.density(mixture, data["target"][row]),
    }
    for name, value in ours.items():
        assert abs(value - chain[name]) < 4 * chain[f"{name}_error"]


def test_a_finer_grid_gives_the_same_density(data):
    at = data["target"][3]
    ours = exact_answers.density(predictive(data, 3, 10), at)
    finer = exact_answers.density(predictive(data, 3, 10, spacings=(0.1, 0.25, 0.25)), at)
    assert ours == pytest.approx(finer, rel=2e-3)


def test_known_hyper_parameters_give_the_conditional_of_the_joint_distribution():
    length, variance, noise = 0.4, 1.7, 0.3
    gammas = (Gamma(NEARLY_KNOWN, NEARLY_KNOWN / value) for value in (length, variance, noise))
    prior = HyperPrior(*gammas, upper=1.0)
    random = np.random.default_rng(0)
    x, y = random.random((4, 2)), random.standard_normal(4)
    mixture = hyper_prior.predictive(x[:3], y[:3], x[3], prior, (1e-4, 1e-4, 1e-4))
    joint = variance * hyper_prior.correlation(x, x, length) + noise * np.eye(4)
    weights = np.linalg.solve(joint[:3, :3], joint[:3, 3])
    mean, spread = exact_answers.moments(mixture)
    assert mean == pytest.approx(weights @ y[:3], rel=1e-3)
    assert spread == pytest.approx(joint[3, 3] - weights @ joint[:3, 3], rel=1e-3)


def test_correlations_are_matern_s():
    distance, length = 0.7, 0.4
    scaled = np.sqrt(5) * distance / length
    # By its definition with a Bessel function (Rasmussen and Williams 2006, equation 4.14).
    expected = 2**-1.5 / special.gamma(2.5) * scaled**2.5 * special.kv(2.5, scaled)
    ours = hyper_prior.correlation(np.array([[0.0]]), np.array([[distance]]), length)
    assert ours.item() == pytest.approx(expected)


@pytest.mark.slow
def test_targets_are_calibrated(data):
    transformed = []
    for row, target in enumerate(data["target"]):
        weights, means, variances = predictive(data, row, 5)
        transformed.append(weights @ special.ndtr((target - means) / np.sqrt(variances)))
    assert stats.kstest(transformed, "uniform").pvalue > 0.01


def test_a_mixture_of_one_component_is_a_gaussian():
    mean, variance = torch.tensor([0.4, -2.0]), torch.tensor([0.3, 1.7])
    parts = zip(mean.numpy().astype(float), variance.numpy().astype(float), strict=True)
    mixtures = Mixtures([Mixture(np.ones(1), np.array([m]), np.array([v])) for m, v in parts])
    normal = Normal(mean, variance)
    borders, y = torch.tensor([-1.0, 0.1, 2.0]).double(), torch.tensor([0.2, 0.5])
    torch.testing.assert_close(mixtures.mean, normal.mean)
    torch.testing.assert_close(mixtures.variance, normal.variance)
    torch.testing.assert_close(mixtures.entropy(), normal.entropy())
    torch.testing.assert_close(mixtures.log_density(y), normal.log_density(y))
    torch.testing.assert_close(mixtures.masses(borders), normal.masses(borders))
    for sign in (1, -1):
        ours = mixtures.squared_excess(borders[1], sign)
        torch.testing.assert_close(ours, normal.squared_excess(borders[1], sign))


def test_divergence_from_a_mixture_is_that_of_quadrature():
    family = RiemannDensity(12)
    output = torch.randn((1, 12), generator=torch.Generator().manual_seed(0)).double()

    def integrand(y):
        at = torch.tensor([y], dtype=torch.float64)
        p = exact_answers.density(TWO, y)
        return p * (np.log(p) - family.log_density(output, at).item())

    ends = [-9, *family.borders[1:-1].tolist(), 9]
    expected = sum(integrate.quad(integrand, *piece)[0] for piece in itertools.pairwise(ends))
    assert family.kl(output, Mixtures([TWO])).item() == pytest.approx(expected, abs=1e-6)


def test_buckets_have_equal_masses_under_the_hyper_prior(data):
    model = models.model("hyper_prior_network", buckets=20, features=1)
    batch = {name: torch.from_numpy(values[:1]) for name, values in data.items()}
    prior = hyper_prior.hyper_prior_of(data["hyper_prior"][0])
    exact, of_prior = model.exact(batch | {"observed": batch["observed"].long()}, 0)
    masses = exact.masses(model.density(batch).borders[1:-1])
    torch.testing.assert_close(masses, torch.full_like(masses, 1 / 20), rtol=1e-3, atol=0)
    assert of_prior.item() == pytest.approx(0, abs=1e-9)
    noise = {}
    for name, draw in model.draws(4000, 1).items():
        noise[name] = rng.normals_for(0, 0, name, draw.shape)
    _, y = model.sets(batch, noise | {"x": noise["x"][:, :1], "y": noise["y"][:, :1]})
    counts = np.bincount(
        np.searchsorted(model.density(batch).borders[1:-1].numpy(), y[:, 0].numpy()),
        minlength=20,
    )
    assert stats.chisquare(counts).pvalue > 0.01
    assert exact.variance.item() == pytest.approx(1, rel=1e-3)
    assert prior.scale == pytest.approx(np.sqrt(2 / 0.15 + 1.1 / 0.05), rel=1e-6)
