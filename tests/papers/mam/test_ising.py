"""Exact results for the Ising model on a torus, against enumeration and known values."""

import itertools

import numpy as np
import pytest
import torch

from facsimile.papers.mam.ising import Torus
from facsimile.papers.mam.models import _spins

INTERACTION, BIAS = 0.1, 0.2


@pytest.fixture(scope="module")
def torus():
    return Torus(3, INTERACTION, BIAS)


@pytest.fixture(scope="module")
def everything(torus):
    """All 512 configurations of 3 x 3 sites, and their log-probabilities."""
    spins = np.array(list(itertools.product((-1.0, 1.0), repeat=torus.sites)))
    weights = torus.log_weight(spins)
    return spins, weights - np.logaddexp.reduce(weights)


def random_query(spins, known, seed=0):
    """Return a configuration of which only some sites are known."""
    drawn = np.random.default_rng(seed)
    query = spins[drawn.integers(len(spins))].copy()
    query[drawn.permutation(query.size)[known:]] = 0
    return query


def test_log_weight_counts_both_orders_of_neighbours(torus):
    spins = np.random.default_rng(0).choice([-1.0, 1.0], (5, torus.sites))
    sites = [divmod(site, 3) for site in range(9)]
    distances = np.array(
        [
            [min((a - c) % 3, (c - a) % 3) + min((b - d) % 3, (d - b) % 3) for c, d in sites]
            for a, b in sites
        ]
    )
    adjacency = distances == 1
    expected = INTERACTION * np.einsum("ni,ij,nj->n", spins, adjacency, spins)
    expected = expected + BIAS * spins.sum(1)
    np.testing.assert_allclose(torus.log_weight(spins), expected)
    in_torch = _spins.log_weight(torch.tensor(spins), torch.tensor([INTERACTION, BIAS]).double())
    np.testing.assert_allclose(in_torch.numpy(), expected, rtol=1e-6)


def test_partition_function_and_entropy_are_those_of_enumeration(torus, everything):
    spins, log_p = everything
    log_z = torus.log_weight(spins) - log_p
    assert torus.log_z == pytest.approx(log_z[0], abs=1e-12)
    entropy = -(np.exp(log_p) * log_p).sum()
    assert torus.entropy == pytest.approx(entropy, abs=1e-6)


@pytest.mark.parametrize(("side", "log_z"), [(4, 12.598502597390), (10, 78.688056)])
def test_partition_functions_of_the_published_settings(side, log_z):
    """The first by enumeration of 65,536 states, the second by another transfer matrix."""
    assert Torus(side, INTERACTION, BIAS).log_z == pytest.approx(log_z, rel=1e-8)


@pytest.mark.parametrize("known", [0, 1, 4, 8, 9])
def test_marginals_are_those_of_enumeration(torus, everything, known):
    spins, log_p = everything
    query = random_query(spins, known, seed=known)
    agrees = ((spins == query) | (query == 0)).all(1)
    expected = np.logaddexp.reduce(log_p[agrees])
    assert torus.log_marginal(query) == pytest.approx(expected, abs=1e-12)


def test_marginals_add_up_and_have_the_symmetries_of_the_model():
    torus = Torus(5, INTERACTION, BIAS)
    spins = np.random.default_rng(0).choice([-1.0, 1.0], (20, torus.sites))
    query = random_query(spins, 10)
    site = np.flatnonzero(query == 0)[0]
    both = []
    for spin in (-1, 1):
        more = query.copy()
        more[site] = spin
        both.append(torus.log_marginal(more))
    assert np.logaddexp(*both) == pytest.approx(torus.log_marginal(query), abs=1e-12)
    moved = np.roll(query.reshape(5, 5), (2, 3), (0, 1)).ravel()
    assert torus.log_marginal(moved) == pytest.approx(torus.log_marginal(query), abs=1e-12)
    unbiased = Torus(5, INTERACTION, 0)
    assert unbiased.log_marginal(-query) == pytest.approx(unbiased.log_marginal(query), abs=1e-12)


def test_samples_have_the_frequencies_of_the_model(torus, everything):
    spins, log_p = everything
    n = 50_000
    drawn = torus.draw(np.random.default_rng(0).random((n, torus.side)))
    place = 2 ** np.arange(torus.sites)[::-1]
    counts = np.bincount((drawn > 0) @ place, minlength=len(spins))
    expected = n * np.exp(log_p)
    assert expected.min() > 1
    chi_squared = ((counts - expected) ** 2 / expected).sum()
    # 511 degrees of freedom: mean 511, standard deviation 32.
    assert chi_squared < 511 + 4.5 * 32


def test_a_torus_with_double_neighbours_is_refused():
    with pytest.raises(ValueError, match="side must be 3 or more, not 2"):
        Torus(2, INTERACTION, BIAS)
