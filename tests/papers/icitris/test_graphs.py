"""Graphs of latents: distances, gradients, and a chain that ENCO finds."""

import numpy as np
import pytest
import torch

from facsimile.papers.icitris.metrics import _enco, temporal_graphs
from facsimile.papers.icitris.metrics._enco import Pairs
from facsimile.papers.icitris.metrics._networks import Networks, negative_log_likelihoods

K = 4
CHAIN = np.eye(K, k=1, dtype=np.int64)


def test_a_reversed_edge_counts_once():
    assert temporal_graphs.distance(CHAIN, CHAIN) == 0
    assert temporal_graphs.distance(0 * CHAIN, CHAIN) == 3
    turned = CHAIN.copy()
    turned[0, 1], turned[1, 0] = 0, 1
    assert temporal_graphs.distance(turned, CHAIN) == 1
    loop = CHAIN.copy()
    loop[2, 2] = 1
    assert temporal_graphs.distance(loop, CHAIN) == 1
    both = CHAIN + CHAIN.T
    assert temporal_graphs.distance(both, CHAIN) == 3
    # Edges in both directions between variables that have none.
    assert temporal_graphs.distance(both, 0 * CHAIN) == 6


def test_gradients_are_those_of_autograd():
    random = np.random.RandomState(0)
    k, n, m, d = 2, 5, 6, 3
    networks = Networks.drawn(k, (m, 7, 7, 2 * d), random)
    inputs = random.normal(size=(k, n, m))
    targets = random.normal(size=(n, d))
    counts = random.uniform(size=(k, n, d))
    arrays = []
    for weights, biases in zip(networks.weights, networks.biases, strict=True):
        arrays += [torch.tensor(weights.astype(float)), torch.tensor(biases.astype(float))]
    parameters = [array.requires_grad_() for array in arrays]
    values = torch.tensor(inputs)
    for layer in range(3):
        sums = values @ parameters[2 * layer] + parameters[2 * layer + 1]
        values = torch.nn.functional.silu(sums)
    mean, log_deviation = sums.chunk(2, -1)
    distribution = torch.distributions.Normal(mean, log_deviation.exp())
    losses = -distribution.log_prob(torch.tensor(targets))
    expected = torch.autograd.grad((torch.tensor(counts) * losses).sum(), parameters)
    outputs = networks.outputs(inputs)
    np.testing.assert_allclose(
        negative_log_likelihoods(outputs, targets), losses.detach().numpy(), rtol=1e-5
    )
    gradients = networks.gradients(inputs, targets, counts)
    for ours, theirs in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-5, atol=1e-7)


def chain_of_normals(n):
    """Pairs of a chain in the same frame, each variable of which also causes its next value."""
    random = np.random.RandomState(0)
    targets = (random.uniform(size=(n + 1, K)) < 0.15).astype(np.float32)
    values = np.zeros((n + 1, K))
    for t in range(1, n + 1):
        for j in range(K):
            mean = 0.7 * values[t - 1, j] + (values[t, j - 1] if j else 0)
            natural = mean + 0.3 * random.normal()
            values[t, j] = 0.75 * random.normal() if targets[t, j] else natural
    codes = ((values - values.mean(axis=0)) / values.std(axis=0)).astype(np.float32)
    return Pairs(codes[:-1], codes[1:], targets[1:])


@pytest.fixture
def few_steps(monkeypatch):
    """Fewer graphs per step and smaller batches, so that the search takes seconds."""
    monkeypatch.setattr(_enco, "GRAPHS", 16)
    monkeypatch.setattr(_enco, "BATCH", 128)
    monkeypatch.setattr(_enco, "GRAPH_BATCH", 64)
    monkeypatch.setattr(_enco, "STEPS", 40)
    monkeypatch.setattr(_enco, "HIDDEN", 16)


@pytest.mark.slow
def test_enco_finds_the_graphs_of_a_linear_chain(few_steps):
    found = _enco.search(chain_of_normals(2000), np.arange(K), None, np.random.RandomState(1))
    assert found.instantaneous.tolist() == CHAIN.tolist()
    # So few steps leave edges that are not true to the next frame, but none is missing.
    assert found.temporal.diagonal().tolist() == [1] * K
    assert found.temporal.sum() < 2 * K


def test_enco_keeps_learned_directions_and_adds_no_edge(few_steps, monkeypatch):
    monkeypatch.setattr(_enco, "EPOCHS", 2)
    pairs = chain_of_normals(300)
    known = np.zeros((K, K), np.int64)
    found = _enco.search(pairs, np.arange(K), known, np.random.RandomState(1))
    assert (found.instantaneous == 0).all()
    reversed_chain = CHAIN.T
    found = _enco.search(pairs, np.arange(K), reversed_chain, np.random.RandomState(1))
    assert (found.instantaneous <= reversed_chain).all()


def test_directions_stay_opposite_and_latents_belong_to_the_likest_variable(few_steps):
    random = np.random.RandomState(0)
    networks = Networks.drawn(K, (16, 4, 4, 8), random)
    state = _enco.Search(np.arange(K), np.zeros((2 * K, K)), np.zeros((K, K)), networks, random)
    for _ in range(3):
        graphs = state.sampled(16)
        targets = (random.uniform(size=(9, K)) < 0.5).astype(np.float32)
        state.step(random.normal(size=(9, 16, K)), graphs, targets)
    assert (state.theta != 0).any()
    np.testing.assert_allclose(state.theta, -state.theta.T, atol=1e-12)
