"""Voronoi with edges in the same frame: graphs, interventions, and pictures that show them."""

from itertools import pairwise

import numpy as np
import pytest

from facsimile.datasets import voronoi
from facsimile.datasets.base.sequences import Sequences
from facsimile.foundation import discover
from facsimile.papers.icitris.datasets import instantaneous_voronoi as instantaneous

STEPS = 400


def loaded(name):
    return discover.load_class("datasets", name, Sequences)


@pytest.fixture(scope="module")
def chain():
    return loaded("voronoi_chain_4_1k")


@pytest.fixture(scope="module")
def many(chain):
    """Many independent states, and those one frame later, some after interventions."""
    random = np.random.default_rng(0)
    before = chain.sample(5000, random)
    targets = (random.uniform(size=before.shape) < voronoi.INTERVENED).astype(int)
    noise = random.normal(size=before.shape)
    after = instantaneous.next_states(chain.world(), before, targets, noise)
    return before, targets, noise, after


def test_graphs_have_the_edges_of_their_kind_and_no_cycle(chain):
    assert chain.instantaneous_edges().sum() == 3
    order = chain.world().order
    for cause, effect in pairwise(order):
        assert chain.instantaneous_edges()[cause, effect] == 1
    assert chain.temporal_edges().any(axis=0).all()
    random = np.random.default_rng(0)
    assert instantaneous._ordered_edges(6, "full", random).sum() == 15
    edges = [instantaneous._ordered_edges(9, "random", random) for _ in range(50)]
    assert all((np.tril(graph) == 0).all() for graph in edges)
    assert np.mean(edges) * 81 / 36 == pytest.approx(0.5, abs=0.05)


def test_variables_follow_their_causes_in_both_frames_unless_intervened_on(chain, many):
    before, targets, noise, after = many
    world = chain.world()
    values = 2 * voronoi.unsquashed(after)
    # tanh is cut off where it is nearly 1.
    usual = (abs(after) < 0.98 * voronoi.LIMIT).all(axis=1)
    for j in range(4):
        seen = instantaneous.inputs(world, j, before, values)
        mean = instantaneous.network(world.networks[j], seen)
        expected = np.where(targets[:, j], 0.75 * noise[:, j], mean + 0.3 * noise[:, j])
        np.testing.assert_allclose(values[usual, j], expected[usual], atol=1e-6)
    assert usual.mean() > 0.9


def test_an_intervention_reaches_effects_in_the_same_frame_alone(chain, many):
    before, targets, noise, _ = many
    for cause in range(4):
        forced = np.zeros_like(targets)
        forced[:, cause] = 1
        free = instantaneous.next_states(chain.world(), before, 0 * targets, noise)
        changed = instantaneous.next_states(chain.world(), before, forced, noise)
        is_changed = (free != changed).any(axis=0)
        order = chain.world().order
        # In a chain, the variable and all that come after it.
        assert {*np.flatnonzero(is_changed)} == {*order[order.index(cause) :]}


def test_networks_are_normalised(chain, many):
    before, _, _, after = many
    world = chain.world()
    values = 2 * voronoi.unsquashed(after)
    for j in range(4):
        mean = instantaneous.network(
            world.networks[j], instantaneous.inputs(world, j, before, values)
        )
        assert mean.std() == pytest.approx(1, abs=0.5)


def test_a_sequence_has_targets_pictures_and_both_graphs(chain):
    random = np.random.default_rng(1)
    states, targets = chain.simulate(STEPS, random)
    assert states.shape == targets.shape == (STEPS, 4)
    assert abs(targets.mean() - 0.15) < 4 * np.sqrt(0.15 * 0.85 / targets.size)
    pictures = chain.draw(states[:20])
    assert pictures.shape == (20, 32, 32, 3)
    inside = chain.world().masks.argmax(axis=1)
    colours = pictures.reshape(20, -1, 3)[:, inside]
    assert len(np.unique(colours, axis=0)) == 20
    assert (chain.variables, chain.independent) == (("c0", "c1", "c2", "c3"), 250)
