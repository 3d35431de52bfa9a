"""Causal Pinball: rules of the game by construction, interventions, edges, and drawing."""

import math

import numpy as np
import pytest
import torch

from facsimile import models
from facsimile.datasets import DatasetError
from facsimile.datasets.base.sequences import Sequences
from facsimile.foundation import discover
from facsimile.papers.icitris.datasets import _pinball_drawing as drawing
from facsimile.papers.icitris.datasets import _pinball_game as rules
from facsimile.papers.icitris.datasets import causal_pinball
from facsimile.papers.icitris.datasets._pinball_game import Ball, Game, Targets

STEPS = 1500
NONE = Targets(False, False, False, False, False)
DARK = (0.0,) * 5


@pytest.fixture(scope="module")
def pinball():
    return discover.load_class("datasets", "causal_pinball_1k", Sequences)


@pytest.fixture(scope="module")
def played(pinball):
    """States and targets of a long game."""
    return pinball.simulate(STEPS, np.random.default_rng(0))


@pytest.fixture
def random():
    return np.random.default_rng(0)


def game(ball, cylinders=DARK, left=2.0, right=2.0, score=0):
    return Game(Ball(*ball), cylinders, left, right, score)


def test_a_free_ball_moves_by_its_velocity_and_then_falls(random):
    after = rules.step(game((6, 20, 0.5, 1)), NONE, random)
    expected = (6.5, 21, 0.98 * 0.5, 0.98 * (1 - 0.1))
    assert after.ball == pytest.approx(expected)
    assert after.cylinders == DARK


@pytest.mark.parametrize(
    ("ball", "expected"),
    [((27, 20, 4, 0), (-3.6, 0)), ((5, 20, -4, 0), (3.6, 0)), ((16, 27, 0, 4), (0, -3.6))],
)
def test_walls_turn_the_velocity_back_and_keep_nine_tenths(ball, expected):
    after, hits = rules.moved(Ball(*ball), 2, 2)
    assert (after.x_velocity, after.y_velocity) == pytest.approx(expected)
    # Contact is a ball's radius from the wall, after 2 of 4 units at one of 200 places.
    travelled = (after.x - ball[0], after.y - ball[1])
    back = 3.6 * (0.5 + 0.05)
    assert abs(sum(travelled)) == pytest.approx(2 - back, abs=0.05)
    assert not hits


def test_a_paddle_takes_most_of_the_upward_velocity():
    after, _ = rules.moved(Ball(13, 4, 1, -2), 2, 2)
    assert after.x_velocity == pytest.approx(0.9)
    assert after.y_velocity == pytest.approx(0.3 * 2)


def test_a_slope_reflects_about_its_normal_and_both_are_alike():
    left, _ = rules.moved(Ball(6, 12, 0, -3), 2, 2)
    right, _ = rules.moved(Ball(26, 12, 0, -3), 2, 2)
    assert right == pytest.approx((32 - left.x, left.y, -left.x_velocity, left.y_velocity))
    # The slope goes down 5 on 9.2, so a ball that falls leaves at twice its angle.
    angle = math.atan2(5, 9.2)
    expected = (0.9 * 3 * math.sin(2 * angle), 0.9 * 3 * math.cos(2 * angle))
    assert (left.x_velocity, left.y_velocity) == pytest.approx(expected)


def test_a_ball_that_moves_away_leaves_along_the_normal():
    after = rules.bounced(np.array([3.0, 4.0]), np.array([0.0, 2.0]), is_paddle=False)
    assert after.tolist() == pytest.approx([0, 4.5])


def test_a_cylinder_that_is_hit_lights_up_and_gives_a_point(random):
    before = game((16, 17, 0, 3), (0.5, 0.0, 1.0, 0.05, 0.0), score=19)
    many = [rules.step(before, NONE, random) for _ in range(20)]
    assert many[0].ball.y_velocity < 0
    # The others fade by 0.1, at most to 0.
    assert many[0].cylinders == pytest.approx((0.4, 1.0, 0.9, 0.0, 0.0))
    # The score starts again at 20; a point is missed at times.
    scores = {after.score for after in many}
    assert 0 in scores
    assert scores <= {19, 0}


def test_an_active_cylinder_gives_no_point_in_one_of_twenty_cases(random):
    points = [rules.step(game((16, 17, 0, 3)), NONE, random).score for _ in range(400)]
    assert np.mean(points) == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 400))


def test_paddles_fall_to_their_lowest_place_and_interventions_lift_them(random):
    before = game((16, 20, 0, 0), left=2.3, right=5.5)
    after = rules.step(before, NONE, random)
    assert after.left == 2
    assert 3.5 <= after.right <= 5
    lifted = rules.step(before, NONE._replace(left=True), random)
    assert 4 <= lifted.left <= 6
    assert 3.5 <= lifted.right <= 5


@pytest.mark.parametrize(("x", "paddle"), [(13.0, "left"), (18.0, "right")])
def test_a_lifted_paddle_knocks_the_ball_upwards_and_the_other_one_does_not(random, x, paddle):
    before = game((x, 6.5, 0, 0))
    after = rules.step(before, NONE._replace(**{paddle: True}), random).ball
    assert 0.98 * (1 - 0.1) <= after.y_velocity <= 0.98 * (4 - 0.1)
    assert after.y > 8 + 1 - 1e-9
    other = {"left": "right", "right": "left"}[paddle]
    assert rules.step(before, NONE._replace(**{other: True}), random).ball.y < 8


def test_the_corner_of_a_lifted_paddle_knocks_the_ball_aside():
    before = Ball(16.5, 6.5, 0.25, 0)
    after = rules.knocked(before, rules.PADDLES[0], 6.0, 2.0)
    # To the right of the right end, by as much as it is lifted: to 1.1 above the highest top.
    speed = 2 * math.sqrt(2)
    assert after == pytest.approx((16.5 + 0.6, 7.1, 0.25 + speed, speed))
    assert rules.knocked(before._replace(y=7.5), rules.PADDLES[0], 6.0, 2.0).y == 7.5
    assert rules.knocked(before._replace(x=18), rules.PADDLES[0], 6.0, 2.0).x == 18


def test_interventions_are_perfect(random):
    """Nothing of the state before shows in the variable that is intervened on."""
    states = [game((5, 25, 3, 1), (1.0,) * 5, 6.0, 6.0, 17), game((20, 9, -2, -3))]
    for name in Targets._fields:
        target = NONE._replace(**{name: True})
        attribute = "cylinders" if name == "cylinders" else name
        seen = [
            getattr(rules.step(state, target, np.random.default_rng(3)), attribute)
            for state in states
        ]
        if name in ("left", "right"):
            # The other paddle falls by a random number first, unless this one is the first.
            assert all(4 <= value <= 6 for value in seen)
        elif name == "cylinders":
            assert set(np.ravel(seen)) <= {0.0, 1.0}
        elif name == "score":
            assert all(value in range(5) for value in seen)
        else:
            assert seen[0] == seen[1]
            assert 7 <= seen[0].y <= 9
            assert abs(seen[0].x - 16) <= 4.8 - 1.5


def test_variables_are_intervened_on_as_often_as_the_rules_say(played):
    _, targets = played
    for rate, probability in zip(targets.mean(axis=0), rules.INTERVENED, strict=True):
        assert abs(rate - probability) < 4 * math.sqrt(probability * (1 - probability) / STEPS)
    together = (targets[:, 2] * targets[:, 3]).mean()
    assert together == pytest.approx(0.04, abs=4 * math.sqrt(0.04 / STEPS))


def test_variables_stay_within_their_limits(played):
    states, _ = played
    assert (states[:, :2] > 2).all()
    assert (states[:, :2] < 30).all()
    assert states[:, 4:9].min() == 0
    assert states[:, 4:9].max() == 1
    assert states[:, 9:11].min() == 2
    assert states[:, 9:11].max() <= 6
    assert set(states[:, 11]) <= set(range(20))


def test_a_ball_outside_the_field_is_an_error(pinball, monkeypatch):
    monkeypatch.setattr(causal_pinball, "_is_inside", lambda ball: False)
    with pytest.raises(DatasetError, match="the ball left the field in step 0"):
        pinball.simulate(3, np.random.default_rng(0))


def test_independent_frames_are_uniform_where_nothing_is_touched(pinball, random):
    states = pinball.sample(4000, random)
    assert rules.is_free(states[:, :2]).all()
    assert not rules.is_free(np.array([[11.0, 18.4], [16.0, 29.2], [4.0, 11.0]])).any()
    np.testing.assert_allclose(states[:, 2:4].mean(axis=0), 0, atol=4 * 3 / math.sqrt(3 * 4000))
    assert states[:, 2:4].min() < -2.95
    assert set(np.rint(10 * states[:, 4]).astype(int)) == set(range(11))
    correlations = np.corrcoef(states[:, 2:].T)[~np.eye(10, dtype=bool)]
    assert abs(correlations).max() < 5 / math.sqrt(4000)


def test_edges_are_those_of_the_rules(pinball):
    names = list(pinball.variables)
    pairs = {(names[i], names[j]) for i, j in np.argwhere(pinball.instantaneous_edges())}
    expected = {("paddle_left", "ball"), ("paddle_right", "ball"), ("ball", "cylinders")}
    assert pairs == expected | {("cylinders", "score")}
    temporal = {(names[i], names[j]) for i, j in np.argwhere(pinball.temporal_edges())}
    assert temporal == {(name, name) for name in names} | {("ball", "cylinders")}


def test_the_container_says_which_numbers_are_of_which_variable(pinball):
    assert pinball.shapes["latents"] == (12,)
    assert pinball.shapes["targets"] == (5,)
    assert pinball.shapes["variable_of"] == (12,)
    assert pinball._variable_of().tolist() == [0] * 4 + [1] * 5 + [2, 3, 4]
    assert pinball.number_names()[3:5] == ("ball_y_velocity", "cylinder_0")


def centre(share):
    """Centre (x, y) in units of length of a picture [64, 64] of shares."""
    rows, columns = np.indices(share.shape)
    total = share.sum()
    x = ((columns + 0.5) * share).sum() / total / 2
    y = 32 - ((rows + 0.5) * share).sum() / total / 2
    return x, y


def test_pictures_show_ball_velocity_paddles_lights_and_score(pinball):
    dark = np.array([6.0, 20.0, 1.5, -2.0, 0, 0, 0, 0, 0, 5.0, 3.0, 0])
    # The ball elsewhere, one cylinder lit, another score.
    other = np.array([24.0, 22.0, 1.5, -2.0, 0, 1, 0, 0, 0, 5.0, 3.0, 17])
    first, second = pinball.draw(np.stack([dark, other])).astype(float)
    assert first.shape == (64, 64, 4)
    assert centre(255 - first[..., 3]) == pytest.approx((16 + 3, 16 - 4), abs=0.05)
    # A ball is darker than the field, which is where the other picture's ball is not.
    ball = np.clip(second[:30, :, 2] - first[:30, :, 2], 0, None)
    assert centre(np.pad(ball, ((0, 34), (0, 0)))) == pytest.approx((6, 20), abs=0.05)
    lit = np.clip(first[..., 1] - second[..., 1], 0, None) * (second[..., 0] > 240)
    assert centre(lit) == pytest.approx((16, 21), abs=0.1)
    # The left paddle, below the lowest cylinder.
    is_paddle = first[44:, 25, 0] < 200
    assert 32 - (44 + np.flatnonzero(is_paddle)[0]) / 2 == 5
    is_changed = (first[50:62, 42:60] != second[50:62, 42:60]).any()
    assert is_changed
    # The left wall, 0.1 of white.
    np.testing.assert_allclose(first[:, :4, :3], 25.5, atol=1)


def test_shares_add_up_to_the_areas_of_the_shapes():
    disc = drawing._disc(np.array([9.3]), np.array([17.8]), 1.0)
    # A soft edge, one pixel wide, adds pi / 12 pixels to the area.
    assert disc.sum() == pytest.approx(np.pi * (4 + 1 / 12), rel=0.02)
    assert drawing._rectangle(11.2, 16.0, 4.3, 5.3).sum() == pytest.approx(4.8 * 4)
    assert drawing._slopes().sum() == pytest.approx(9.2 * 5 * 4, rel=0.01)
    squares = [sum(row.count("#") for row in rows) for rows in drawing.DIGITS]
    np.testing.assert_allclose(drawing._digits(21.8).sum(axis=(1, 2)), np.array(squares) * 4)


@pytest.mark.parametrize("name", ["icitris_vae", "citris_vae", "target_ivae"])
def test_models_take_its_frames_and_show_them_again(pinball, name):
    """Seven convolutions instead of five, from 64 to 4 pixels and back."""
    model = models.model(name, width=2)
    networks = model.networks(pinball.shapes, 24, "own")
    frames = torch.rand(3, 4, 64, 64)
    codes = model.infer(networks, {"images": frames})
    assert codes["mean"].shape == codes["log_variance"].shape == (3, 24)
    assert model.decode(networks, codes["mean"]).shape == (3, 4, 64, 64)
    encoder = networks["vae"]["encoder"]
    assert sum(isinstance(layer, torch.nn.Conv2d) for layer in encoder.modules()) == 7
