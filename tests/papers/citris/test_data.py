"""Pong and the Voronoi benchmark: rules, symmetries, and variables read back from pictures."""

from dataclasses import replace

import numpy as np
import pytest

from facsimile.datasets import voronoi
from facsimile.datasets.base import voronoi_cells as _cells
from facsimile.datasets.base.sequences import Sequences
from facsimile.foundation import discover
from facsimile.papers.citris.datasets import _pong_drawing
from facsimile.papers.citris.datasets import interventional_pong as pong

STEPS = 4000


def loaded(name):
    return discover.load_class("datasets", name, Sequences)


@pytest.fixture(scope="module")
def game():
    """States and targets of a long game, scores included."""
    random = np.random.default_rng(0)
    return loaded("interventional_pong").simulate(STEPS, random)


@pytest.fixture(scope="module")
def cells():
    random = np.random.default_rng(0)
    return loaded("voronoi_6").simulate(STEPS, random)


def within(share, probability, n, deviations=4):
    return abs(share - probability) < deviations * np.sqrt(probability * (1 - probability) / n)


def test_pong_intervenes_on_one_variable_or_none_as_often_as_the_rules_say(game):
    _, targets = game
    assert targets.sum(axis=1).max() == 1
    share = 1 - 0.85**5
    assert share == pytest.approx(0.556, abs=5e-4)
    assert within(targets.any(axis=1).mean(), share, STEPS)
    assert all(within(rate, share / 5, STEPS) for rate in targets.mean(axis=0))


def test_variables_stay_within_the_field(game):
    states, _ = game
    low, high = states.min(axis=0), states.max(axis=0)
    assert low[0] >= 0
    assert high[0] < 2 * np.pi
    assert (low[1], high[1]) >= (2, 2)
    assert high[1] <= 30
    assert low[2] >= 3.2
    assert high[2] <= 28.8
    assert low[3:5].min() >= 2
    assert high[3:5].max() <= 30
    assert set(states[:, 5]) == set(states[:, 6]) == {0, 1, 2, 3, 4}


def test_the_ball_moves_at_its_speed_unless_something_happens(game):
    states, targets = game
    before, after = states[:-1], states[1:]
    no_intervention = ~targets[1:, :3].any(axis=1)
    inside = (abs(before[:, 1] - 16) < 5) & (abs(before[:, 2] - 16) < 9)
    free = no_intervention & inside
    assert free.sum() > 300
    moves = after[free, 1:3] - before[free, 1:3]
    direction = before[free, 0]
    expected = 2 * np.stack([np.sin(direction), np.cos(direction)], axis=1)
    errors = moves - expected
    assert abs(errors.mean()) < 0.02
    assert errors.std() == pytest.approx(0.2, rel=0.1)


def mirrored(state):
    """Left and right exchanged."""
    return replace(
        state, x=32 - state.x, direction=-state.direction, left=state.right, right=state.left
    )


@pytest.mark.parametrize("x", [7.1, 6.5, 4.5, 3.9, 16.0, 25.2])
@pytest.mark.parametrize("y", [10.0, 14.5, 29.5, 2.5])
def test_bounces_are_the_same_in_a_mirror(x, y):
    state = pong.Game(0.7, 16, 16, 11, 27.5, 0, 0)
    new_x, new_y, direction = pong._bounced(state, x, y)
    mirror_x, mirror_y, mirror_direction = pong._bounced(mirrored(state), 32 - x, y)
    assert mirror_x == pytest.approx(32 - new_x)
    assert mirror_y == new_y
    assert np.cos(mirror_direction) == pytest.approx(np.cos(direction))
    assert np.sin(mirror_direction) == pytest.approx(-np.sin(direction))


def test_left_and_right_have_the_same_statistics(game):
    states, _ = game
    # Neighbouring frames are alike: about one in ten counts.
    error = states[:, 1].std() / np.sqrt(STEPS / 10)
    assert abs(states[:, 1].mean() - 16) < 4 * error
    left, right = states[:, 3], states[:, 4]
    assert abs(left.mean() - right.mean()) < 4 * left.std() / np.sqrt(STEPS / 20)
    assert left.std() == pytest.approx(right.std(), rel=0.15)


def test_a_point_resets_ball_and_paddles_and_counts():
    random = np.random.default_rng(0)
    state = pong.Game(3 * np.pi / 2, 4, 16, 3, 3, 2, 4)
    after, was_point = pong._regular(state, random)
    assert was_point
    assert (after.x, after.y) == (16, 16)
    assert (after.left_score, after.right_score) == (0, 0)
    after, _ = pong._regular(replace(state, direction=np.pi / 2, x=28), random)
    assert (after.left_score, after.right_score) == (3, 4)


def test_interventions_on_paddles_are_not_perfect(game):
    states, targets = game
    rows = np.flatnonzero(targets[1:, 3]) + 1
    before, after = states[rows - 1, 3], states[rows, 3]
    assert np.corrcoef(before, after)[0, 1] > 0.7
    rows = np.flatnonzero(targets[1:, 1]) + 1
    assert abs(np.corrcoef(states[rows - 1, 1], states[rows, 1])[0, 1]) < 0.2


def test_pictures_have_ball_paddles_and_the_next_move_where_they_are():
    state = np.array([[np.pi / 2, 12.0, 20.0, 8.0, 25.0, 1, 2]])
    [picture] = loaded("interventional_pong").draw(state)
    assert picture.shape == (32, 32, 4)
    np.testing.assert_allclose(picture[0, 0, :3], 25.5, atol=1)
    red = picture[..., 0].astype(int) - picture[..., 1] > 150
    rows, columns = np.nonzero(red)
    assert 32 - rows.mean() - 0.5 == pytest.approx(20, abs=0.2)
    assert columns.mean() + 0.5 == pytest.approx(12, abs=0.2)
    dark = 255.0 - picture[..., 3]
    assert (dark.sum(axis=0) @ (np.arange(32) + 0.5)) / dark.sum() == pytest.approx(14, abs=0.05)
    blue = (picture[..., 2] > 200) & (picture[..., 0] < 50)
    assert np.unique(np.nonzero(blue)[1]).tolist() == [4, 5]
    assert 32 - np.nonzero(blue)[0].mean() - 0.5 == pytest.approx(8, abs=0.1)


def test_the_area_of_shapes_is_exact_and_of_the_ball_nearly():
    heights = np.array([9.3, 17.0])
    shares = _pong_drawing._covered(_pong_drawing.ROWS, heights, 6)
    np.testing.assert_allclose(shares.sum(axis=1), 6)
    ball = _pong_drawing._circle(np.array([9.3]), np.array([17.8]))
    # A soft edge, one pixel wide, adds pi / 12 to the area.
    assert ball.sum() == pytest.approx(np.pi * (1.2**2 + 1 / 12), rel=0.01)


def test_voronoi_intervenes_on_each_variable_as_often_as_the_rules_say(cells):
    _, targets = cells
    assert all(within(rate, 0.15, STEPS) for rate in targets.mean(axis=0))
    assert within(targets.any(axis=1).mean(), 1 - 0.85**6, STEPS)


def test_interventions_are_perfect_and_all_else_follows_the_graph(cells):
    states, targets = cells
    values = 2 * voronoi.unsquashed(states)
    world = voronoi.drawn_world(42)
    means = voronoi.network(world, states[:-1])
    for j in range(states.shape[1]):
        intervened = targets[1:, j] == 1
        assert values[1:][intervened, j].std() == pytest.approx(0.75, rel=0.1)
        residual = values[1:][~intervened, j] - means[~intervened, j]
        assert residual.std() == pytest.approx(0.3, rel=0.1)
        assert abs(np.corrcoef(values[1:][intervened, j], means[intervened, j])[0, 1]) < 0.2


def test_networks_see_their_causes_alone():
    world = voronoi.drawn_world(42)
    states = voronoi.squashed(np.random.default_rng(0).normal(size=(50, 6)))
    base = voronoi.network(world, states)
    for cause in range(6):
        changed = states.copy()
        changed[:, cause] *= -1
        is_effect = (voronoi.network(world, changed) != base).any(axis=0)
        assert is_effect.tolist() == (world.graph[cause] == 1).tolist()
    assert world.graph.any(axis=0).all()


def test_variables_are_read_back_from_the_colours_of_the_cells(cells):
    """Hues of 8-bit colours, then the inverse of the mixing."""
    states, _ = cells
    world = voronoi.drawn_world(42)
    pictures = loaded("voronoi_6").draw(states[:200])
    inside = world.masks.argmax(axis=1)
    assert (world.masks.max(axis=1) == 1).all()
    colours = pictures.reshape(200, -1, 3)[:, inside]
    angles = 2 * np.pi * hue_of(colours)
    angles = np.where(angles > np.pi, angles - 2 * np.pi, angles)
    mixed = 2 * np.arctanh(np.clip(angles / voronoi.LIMIT, -0.999, 0.999))
    read = voronoi.squashed(world.mixing.inverse(mixed))
    usual = (abs(angles) < 0.9 * voronoi.LIMIT).all(axis=1)
    assert usual.mean() > 0.5
    np.testing.assert_allclose(read[usual], states[:200][usual], atol=0.06)


def hue_of(colours):
    """Hue in [0, 1) of colours of full saturation, by the textbook formula."""
    red, green, blue = np.moveaxis(colours.astype(float), -1, 0)
    high, low = colours.max(axis=-1).astype(float), colours.min(axis=-1).astype(float)
    width = high - low
    sector = np.select(
        [red == high, green == high],
        [(green - blue) / width % 6, (blue - red) / width + 2],
        (red - green) / width + 4,
    )
    return sector / 6 % 1


def test_the_mixing_is_undone_exactly_and_mixes():
    world = voronoi.drawn_world(42)
    values = np.random.default_rng(0).normal(size=(30, 6))
    mixed = world.mixing.forward(values)
    np.testing.assert_allclose(world.mixing.inverse(mixed), values, atol=1e-9)
    correlations = abs(np.corrcoef(values.T, mixed.T)[:6, 6:])
    assert np.sort(correlations.ravel())[-7] > 0.3


def test_masks_leave_only_lines_black():
    world = voronoi.drawn_world(42)
    covered = world.masks.sum(axis=0)
    assert covered.max() <= 1
    assert 0.85 < covered.mean() < 1
    red, green, blue = _cells.rgb(np.array([0, 1 / 3, 2 / 3]))
    np.testing.assert_allclose([red, green, blue], np.eye(3), atol=1e-12)
