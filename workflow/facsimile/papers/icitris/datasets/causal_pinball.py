"""Causal Pinball: a game whose variables are causes of each other within a frame."""

from typing import ClassVar

import numpy as np

from facsimile.datasets.base.file import DatasetError
from facsimile.datasets.base.sequences import Matrix, Pictures, Sequences, States
from facsimile.papers.icitris.datasets import _pinball_drawing as drawing
from facsimile.papers.icitris.datasets import _pinball_game as rules
from facsimile.papers.icitris.datasets._pinball_game import Ball, Game, Targets

LABELS = {
    "causal_pinball": "Causal Pinball",
    "causal_pinball_10k": "Causal Pinball, 10,000 frames",
    "causal_pinball_1k": "Causal Pinball, 1,000 frames",
}
MEMBERS = {
    "causal_pinball": {"lengths": (150_000,), "independent": 37_500},
    "causal_pinball_10k": {"lengths": (10_000,), "independent": 2_500},
    "causal_pinball_1k": {"lengths": (1_000,), "independent": 250},
}
FASTEST = 3.0  # of the velocities of independent frames
Random = np.random.Generator


class CausalPinball(Sequences):
    """Frames of 64 × 64 pixels; the fourth channel shows the velocity of the ball.

    The rules are those of the authors' script. In each step, each variable is intervened on by
    itself: ball (0.1), cylinders (0.05), each paddle (0.2), score (0.05). A paddle falls unless it
    is lifted, and then hits the ball; the ball bounces off walls, slopes, cylinders and paddles,
    and loses speed; a cylinder lights up when it is hit, and then fades by 0.1 a step; each
    cylinder that is fully lit gives a point with probability 0.95. The score starts again at 20.
    Interventions are perfect.

    Edges are derived from these rules by us, since the released code does not state them. Those in
    the same frame lead from both paddles to the ball, from it to the cylinders, and from them to
    the score. Those to the next frame lead from each variable to itself, and from the ball to the
    cylinders, since the path on which it hits them begins where it was.
    """

    variables = ("ball", "cylinders", "paddle_left", "paddle_right", "score")
    numbers: ClassVar = {
        "ball": ("ball_x", "ball_y", "ball_x_velocity", "ball_y_velocity"),
        "cylinders": tuple(f"cylinder_{i}" for i in range(len(rules.CYLINDERS))),
    }
    picture = (drawing.PIXELS, drawing.PIXELS, 4)
    licence = "none needed: generated; drawn by us"
    source = (
        "our own code, after the rules of phlippe/CITRIS at 95f6c90, "
        "data_generation/data_generation_pinball.py"
    )
    seed: ClassVar[int] = 42

    @classmethod
    def simulate(
        cls,
        length: int,
        random: Random,
    ) -> tuple[States, Matrix]:
        [start] = cls.sample(1, random)
        game = as_game(start)
        states = np.empty((length, len(start)))
        intervened = random.uniform(size=(length, len(cls.variables))) < rules.INTERVENED
        for t in range(length):
            game = rules.step(game, Targets(*intervened[t].tolist()), random)
            if not _is_inside(game.ball):
                raise DatasetError(
                    f"{cls.name}: the ball left the field in step {t}, at {game.ball}; "
                    "use another seed"
                )
            states[t] = as_state(game)
        return states, intervened.astype(np.int64)

    @classmethod
    def sample(cls, count: int, random: Random) -> States:
        places = np.empty((0, 2))
        low = (rules.BORDER + rules.BALL, rules.HIGHEST + rules.BALL)
        high = rules.SIDE - rules.BORDER - rules.BALL
        while len(places) < count:
            drawn = random.uniform(low, high, size=(count, 2))
            places = np.concatenate([places, drawn[rules.is_free(drawn)]])
        columns = [
            places[:count],
            random.uniform(-FASTEST, FASTEST, size=(count, 2)),
            random.integers(11, size=(count, len(rules.CYLINDERS))) / 10,
            random.uniform(rules.LOWEST, rules.HIGHEST, size=(count, 1)),
            # Whole numbers for the right paddle alone, as in the script.
            random.integers(int(rules.LOWEST), int(rules.HIGHEST), size=(count, 1)),
            random.integers(rules.POINTS, size=(count, 1)),
        ]
        return np.concatenate(columns, axis=1)

    @classmethod
    def draw(cls, states: States) -> Pictures:
        return drawing.pictures(states)

    @classmethod
    def temporal_edges(cls) -> Matrix:
        edges = np.eye(len(cls.variables), dtype=np.int64)
        edges[0, 1] = 1  # ball to cylinders
        return edges

    @classmethod
    def instantaneous_edges(cls) -> Matrix:
        edges = np.zeros((5, 5), np.int64)
        edges[[2, 3], 0] = 1  # paddles to ball
        edges[0, 1] = 1  # ball to cylinders
        edges[1, 4] = 1  # cylinders to score
        return edges


def as_game(state: States) -> Game:
    """The game of a state [12]."""
    values = state.tolist()
    return Game(Ball(*values[:4]), tuple(values[4:9]), values[9], values[10], int(values[11]))


def as_state(game: Game) -> list[float]:
    """The state [12] of a game, in the order of ``variables`` and ``numbers``."""
    return [*game.ball, *game.cylinders, game.left, game.right, game.score]


def _is_inside(ball: Ball) -> bool:
    return 0 < ball.x < rules.SIDE and 0 < ball.y < rules.SIDE
