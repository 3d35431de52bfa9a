"""Predictive densities: they are densities, and the exact distribution's masses are the optimum."""

import itertools
import math

import pytest
import torch
from scipy import integrate, stats

from facsimile.papers.pfn.models._densities import END, GaussianDensity, RiemannDensity
from facsimile.papers.pfn.models._exact import Normal

MEANS = torch.tensor([0.0, -1.2, 2.9], dtype=torch.float64)
VARIANCES = torch.tensor([1.0, 0.04, 0.3], dtype=torch.float64)
EXACT = Normal(MEANS, VARIANCES)
FAMILIES = [GaussianDensity(), RiemannDensity(2), RiemannDensity(12)]


def outputs(family):
    generator = torch.Generator().manual_seed(0)
    return torch.randn((3, family.parameters), generator=generator, dtype=torch.float64)


def breaks(family, index):
    """Points at which an integrand may jump, or is concentrated."""
    borders = getattr(family, "borders", torch.tensor([]))[1:-1].tolist()
    mean, deviation = MEANS[index].item(), VARIANCES[index].sqrt().item()
    return sorted([*borders, mean - 3 * deviation, mean, mean + 3 * deviation])


def integral(function, family, index):
    # With two buckets, the half-normals have a scale of 7.
    ends = [-80, -20, *breaks(family, index), 20, 80]
    pieces = itertools.pairwise(ends)
    return sum(integrate.quad(function, *piece, epsabs=1e-11)[0] for piece in pieces)


@pytest.mark.parametrize("family", FAMILIES, ids=["Gaussian", "2 buckets", "12 buckets"])
@pytest.mark.parametrize("index", range(3))
def test_it_integrates_to_one_and_its_divergence_is_that_of_quadrature(family, index):
    output = outputs(family)[index]
    exact = stats.norm(MEANS[index].item(), VARIANCES[index].sqrt().item())

    def log_q(y):
        return family.log_density(output, torch.tensor(y, dtype=torch.float64)).item()

    def integrand(y):
        return exact.pdf(y) * (exact.logpdf(y) - log_q(y))

    assert integral(lambda y: math.exp(log_q(y)), family, index) == pytest.approx(1, abs=1e-8)
    ours = family.kl(output, Normal(MEANS[index], VARIANCES[index])).item()
    assert ours == pytest.approx(integral(integrand, family, index), abs=1e-8)


def test_buckets_have_equal_masses_under_the_prior():
    family = RiemannDensity(50)
    masses = Normal(torch.zeros(1), torch.ones(1)).masses(family.borders[1:-1])
    torch.testing.assert_close(masses, torch.full_like(masses, 1 / 50))
    assert stats.norm.cdf(family.borders[0].item()) == pytest.approx(END)


def test_half_of_an_end_bucket_lies_within_its_border():
    family = RiemannDensity(10)
    output = torch.full((10,), -40.0, dtype=torch.float64)
    output[-1] = 0  # the whole mass is in the last bucket
    start, border = family.borders[-2:].tolist()

    def density(y):
        return family.log_density(output, torch.tensor(y, dtype=torch.float64)).exp().item()

    within, _ = integrate.quad(density, start, border)
    assert within == pytest.approx(0.5, abs=1e-9)


def test_the_masses_of_the_exact_posterior_are_the_optimum_of_the_loss():
    family = RiemannDensity(12)
    masses = EXACT.masses(family.borders[1:-1])
    best = masses.clamp(min=1e-300).log().requires_grad_()
    divergence = family.kl(best, EXACT)
    torch.testing.assert_close(divergence, family.least_kl(EXACT))
    # The expected loss is the divergence plus an entropy; it is convex in the log-masses.
    [gradient] = torch.autograd.grad(divergence.sum(), best)
    assert gradient.abs().max() < 1e-12
    elsewhere = family.kl(outputs(family), EXACT)
    assert (elsewhere > family.least_kl(EXACT)).all()


def test_the_loss_over_draws_is_least_at_the_exact_masses():
    """The same by the loss that is trained, and not by the closed form."""
    family = RiemannDensity(12)
    generator = torch.Generator().manual_seed(1)
    normals = torch.randn((100_000, 3), generator=generator, dtype=torch.float64)
    drawn = MEANS + VARIANCES.sqrt() * normals
    best = EXACT.masses(family.borders[1:-1]).clamp(min=1e-300).log()
    output = best.expand(100_000, 3, 12).clone().requires_grad_()
    loss = -family.log_density(output, drawn).mean(0).sum()
    [gradient] = torch.autograd.grad(loss, output)
    assert gradient.sum(0).abs().max() < 0.01


def test_more_buckets_have_a_smaller_least_divergence():
    least = [RiemannDensity(k).least_kl(EXACT) for k in (10, 100, 1000)]
    assert (least[0] > least[1]).all()
    assert (least[1] > least[2]).all()
    assert (least[2] > 0).all()


def test_the_gaussian_s_divergence_is_that_of_torch():
    family = GaussianDensity()
    output = outputs(family)
    mean, log_variance = output.unbind(-1)
    own = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    exact = torch.distributions.Normal(MEANS, VARIANCES.sqrt())
    expected = torch.distributions.kl_divergence(exact, own)
    torch.testing.assert_close(family.kl(output, EXACT), expected)
