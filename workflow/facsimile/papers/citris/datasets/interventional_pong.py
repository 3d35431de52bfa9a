"""Interventional Pong: a game of which one variable at a time is intervened on."""

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from facsimile.datasets.base.sequences import Matrix, Pictures, Sequences, States
from facsimile.papers.citris.datasets import _pong_drawing as drawing

LABELS = {
    "interventional_pong": "Interventional Pong",
    "interventional_pong_10k": "Interventional Pong, 10,000 frames",
}
MEMBERS = {
    "interventional_pong": {"lengths": (100_000,), "independent": 25_000},
    "interventional_pong_10k": {"lengths": (10_000,), "independent": 2_500},
}
SPEED = 2.0  # of the ball, pixels a step
PADDLE_STEP = 1.5  # largest move of a paddle
PADDLE_NOISE, BALL_NOISE, DIRECTION_NOISE = 0.5, 0.2, 0.1  # standard deviations
UNCHANGED = 0.85**5  # probability of a step without an intervention
POINTS = 5  # at which the scores start again
CENTRE = drawing.SIDE / 2
# Limits of the ball's and the paddles' coordinates.
FIELD = (drawing.BORDER, drawing.SIDE - drawing.BORDER)
INNER = (FIELD[0] + drawing.RADIUS, FIELD[1] - drawing.RADIUS)
# Inner edges of the paddles.
EDGES = (
    drawing.PADDLES_X[0] + drawing.PADDLE_WIDTH / 2,
    drawing.PADDLES_X[1] - drawing.PADDLE_WIDTH / 2,
)
BETWEEN = (EDGES[0] + drawing.RADIUS, EDGES[1] - drawing.RADIUS)
TURN = 2 * math.pi
Random = np.random.Generator


@dataclass(frozen=True)
class Game:
    """The state of a game: direction and position of the ball, both paddles, both scores.

    Positions in pixels, y upwards; the direction is an angle from the y axis towards the x axis.
    """

    direction: float
    x: float
    y: float
    left: float
    right: float
    left_score: int
    right_score: int


class InterventionalPong(Sequences):
    """Frames of 32 × 32 pixels; the fourth channel shows where the ball would move next.

    The rules are those of the authors' script: a paddle follows the ball's height by at most 1.5 a
    step, the ball bounces off walls and paddles, and a point sets it to the centre. With
    probability 0.85⁵ a step has no intervention, else one of the five variables is chosen at
    random. Ball and direction are drawn again; a paddle moves up or down by 1.5 at random, which
    still depends on where it was: such an intervention is not perfect. Scores are never intervened
    on.
    """

    variables = ("ball_direction", "ball_x", "ball_y", "paddle_left", "paddle_right")
    angular = ("ball_direction",)
    picture = (drawing.SIDE, drawing.SIDE, 4)
    licence = "none needed: generated; drawn by us"
    source = (
        "our own code, after the rules of phlippe/CITRIS at 95f6c90, "
        "data_generation/data_generation_interventional_pong.py"
    )
    seed: ClassVar[int] = 42

    @classmethod
    def simulate(
        cls,
        length: int,
        random: Random,
    ) -> tuple[States, Matrix]:
        [start] = cls.sample(1, random)
        direction, x, y, left, right, left_score, right_score = start.tolist()
        game = Game(direction, x, y, left, right, int(left_score), int(right_score))
        states = np.empty((length, 7))
        targets = np.zeros((length, 5), np.int64)
        for t in range(length):
            game, target = step(game, random)
            values = vars(game).values()
            states[t] = list(values)
            if target is not None:
                targets[t, target] = 1
        return states, targets

    @classmethod
    def sample(cls, count: int, random: Random) -> States:
        columns = [
            random.uniform(0, TURN, count),
            random.uniform(*BETWEEN, count),
            random.uniform(*INNER, count),
            random.uniform(*FIELD, count),
            random.uniform(*FIELD, count),
            random.integers(POINTS, size=count),
            random.integers(POINTS, size=count),
        ]
        return np.stack(columns, axis=1)

    @classmethod
    def draw(cls, states: States) -> Pictures:
        direction, x, y, left, right, left_score, right_score = states.T
        game = drawing.field(
            left,
            right,
            (left_score, right_score),
            (x, y),
        )
        next_x = x + SPEED * np.sin(direction)
        next_y = y + SPEED * np.cos(direction)
        move = drawing.move(next_x, next_y)
        return np.concatenate([game, move], axis=3)

    @classmethod
    def temporal_edges(cls) -> Matrix:
        # Rows are causes. A point, which resets all, depends on direction and x.
        return np.array(
            [
                [1, 1, 1, 1, 1],  # direction
                [1, 1, 1, 1, 1],  # x
                [1, 1, 1, 1, 1],  # y
                [1, 1, 0, 1, 0],  # left paddle, off which the ball bounces
                [1, 1, 0, 0, 1],  # right paddle
            ]
        )


def step(
    game: Game,
    random: Random,
) -> tuple[Game, int | None]:
    """The next state, and the number of the variable that was intervened on, None if none was."""
    after, was_point = _regular(game, random)
    target = int(random.integers(5))
    if random.uniform() < UNCHANGED:
        return after, None
    name = ("direction", "x", "y", "left", "right")[target]
    value = _intervention(game, name, was_point, random)
    change: dict[str, Any] = {name: value}
    return replace(after, **change), target


def _regular(
    game: Game,
    random: Random,
) -> tuple[Game, bool]:
    """The next state without an intervention, and whether a point was scored."""
    x = game.x + SPEED * math.sin(game.direction)
    if not INNER[0] <= x <= INNER[1]:
        return _point(game, x < CENTRE, random), True
    y = game.y + SPEED * math.cos(game.direction)
    x, y, direction = _bounced(game, x, y)
    return replace(
        game,
        direction=(direction + DIRECTION_NOISE * random.normal()) % TURN,
        x=_limited(x + BALL_NOISE * random.normal(), FIELD),
        y=_limited(y + BALL_NOISE * random.normal(), INNER),
        left=_followed(game.left, game.y, random),
        right=_followed(game.right, game.y, random),
    ), False


def _point(
    game: Game,
    for_right: bool,
    random: Random,
) -> Game:
    """The state after a point: the ball in the centre, and paddles at random."""
    left_score = game.left_score + (not for_right)
    right_score = game.right_score + for_right
    if max(left_score, right_score) >= POINTS:
        left_score = right_score = 0
    return Game(
        random.uniform(0, TURN),
        CENTRE,
        CENTRE,
        _anywhere(random),
        _anywhere(random),
        left_score,
        right_score,
    )


def _bounced(
    game: Game,
    x: float,
    y: float,
) -> tuple[float, float, float]:
    """Position and direction of a ball that would be at (x, y) without walls and paddles."""
    direction = game.direction
    low, high = INNER
    if y > high:
        y, direction = 2 * high - y, math.pi - direction
    elif y < low:
        y, direction = 2 * low - y, math.pi - direction
    for paddle, edge, side in zip((game.left, game.right), EDGES, (1, -1), strict=True):
        # How far the ball's centre is in front of the inner edge.
        in_front = side * (x - edge)
        is_level = abs(y - paddle) <= drawing.PADDLE_HEIGHT / 2
        if is_level and -drawing.PADDLE_WIDTH < in_front < drawing.RADIUS:
            touching = edge + side * drawing.RADIUS
            return 2 * touching - x, y, -direction
    return x, y, direction


def _followed(
    paddle: float,
    ball: float,
    random: Random,
) -> float:
    """Where a paddle moves by itself: towards the height of the ball."""
    move = _limited(ball - paddle, (-PADDLE_STEP, PADDLE_STEP))
    return _limited(
        paddle + move + PADDLE_NOISE * random.normal(),
        FIELD,
    )


def _intervention(
    game: Game,
    name: str,
    was_point: bool,
    random: Random,
) -> float:
    """The value of a variable after an intervention on it."""
    if name == "direction":
        return random.uniform(0, TURN)
    if name == "x":
        return random.uniform(*BETWEEN)
    if name == "y":
        return random.uniform(*INNER)
    if was_point:
        return _anywhere(random)
    move = PADDLE_STEP if random.uniform() < 0.5 else -PADDLE_STEP
    before = getattr(game, name)
    return _limited(
        before + move + PADDLE_NOISE * random.normal(),
        FIELD,
    )


def _anywhere(random: Random) -> float:
    """A height of a paddle after a point."""
    return random.uniform(0.25 * CENTRE, 1.75 * CENTRE)


def _limited(
    value: float,
    limits: tuple[float, float],
) -> float:
    low, high = limits
    return max(low, min(value, high))
