"""The rules of Causal Pinball: a ball among walls, slopes, cylinders and two paddles.

Lengths are in units of which the field has 32, x to the right and y upwards from the lower left
corner; velocities are in units of length per step.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Random = np.random.Generator
SIDE, BORDER = 32.0, 2.0
BALL, CYLINDER = 1.0, 1.5  # radii
SLOPE_WIDTH, SLOPE_HEIGHT, SLOPE_FOOT = 9.2, 5.0, 7.0
CENTRE = SIDE / 2
PADDLE_WIDTH = CENTRE - BORDER - SLOPE_WIDTH
LOWEST, HIGHEST = 2.0, 6.0  # tops of the paddles
REACH = HIGHEST - LOWEST
# Centres (x, y) of the cylinders.
CYLINDERS = ((11.0, 16.0), (16.0, 21.0), (21.0, 16.0), (11.0, 26.0), (21.0, 26.0))
# Left and right end, lower and upper end: left, right and upper wall, and the two lower blocks.
WALLS = (
    (0.0, BORDER, 0.0, SIDE),
    (SIDE - BORDER, SIDE, 0.0, SIDE),
    (0.0, SIDE, SIDE - BORDER, SIDE),
    (BORDER, BORDER + SLOPE_WIDTH, 0.0, SLOPE_FOOT),
    (SIDE - BORDER - SLOPE_WIDTH, SIDE - BORDER, 0.0, SLOPE_FOOT),
)
# Upper end (at a wall) and lower end of each slope.
SLOPES = (
    ((BORDER, SLOPE_FOOT + SLOPE_HEIGHT), (BORDER + SLOPE_WIDTH, SLOPE_FOOT)),
    ((SIDE - BORDER, SLOPE_FOOT + SLOPE_HEIGHT), (SIDE - BORDER - SLOPE_WIDTH, SLOPE_FOOT)),
)
# Left and right end of the left and of the right paddle.
PADDLES = ((CENTRE - PADDLE_WIDTH, CENTRE), (CENTRE, CENTRE + PADDLE_WIDTH))
INTERVENED = (0.1, 0.05, 0.2, 0.2, 0.05)  # probabilities: ball, cylinders, paddles, score
POINTS = 20  # at which the score starts again
ELASTIC, SOFT = 0.9, 0.3  # share of a velocity that is left; up and down, off a paddle
DRAG, GRAVITY = 0.98, 0.1
FADING = 0.1  # of a cylinder's activity, in a step
MISSED = 0.05  # probability that an active cylinder gives no point
PLACES = 200  # of the path of a step, at which contacts are looked for
SLOPE_POINTS = 100  # of a slope, which contacts are looked for with
BOUNCES = 101  # at most, in a step
ENOUGH = 0.98  # share of a step after which it ends
PUSH = 0.05  # share of the rest of a step by which a bounce moves the ball at once
# Outward normals of a rectangle's right, left, upper and lower side, and of its corners.
SIDES = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
CORNERS = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]])
# Bodies are numbered: walls, slopes, cylinders, paddles.
FIRST_SLOPE = len(WALLS)
FIRST_CYLINDER = FIRST_SLOPE + len(SLOPES)
FIRST_PADDLE = FIRST_CYLINDER + len(CYLINDERS)


class Ball(NamedTuple):
    """Position and velocity."""

    x: float
    y: float
    x_velocity: float
    y_velocity: float


class Game(NamedTuple):
    """The state of a game: ball, activity of each cylinder, tops of both paddles, score."""

    ball: Ball
    cylinders: tuple[float, ...]
    left: float
    right: float
    score: int


class Targets(NamedTuple):
    """Whether each variable is intervened on in a step."""

    ball: bool
    cylinders: bool
    left: bool
    right: bool
    score: bool


class Contact(NamedTuple):
    """First contact on a path: its place, 0 to 199, the number of the body, and its normal."""

    place: int
    body: int
    normal: Floats


def step(
    game: Game,
    targets: Targets,
    random: Random,
) -> Game:
    """Return the next state."""
    left = _paddle(game.left, targets.left, random)
    right = _paddle(game.right, targets.right, random)
    ball = game.ball
    if targets.left or targets.right:
        is_right = not targets.left or (targets.right and right > left)
        top = right if is_right else left
        ball = knocked(ball, PADDLES[is_right], top, random.uniform(REACH / 4, REACH))
    hits: set[int] = set()
    if targets.ball:
        ball = _new_ball(random)
    else:
        ball, hits = moved(ball, left, right)
        ball = ball._replace(
            x_velocity=DRAG * ball.x_velocity,
            y_velocity=DRAG * (ball.y_velocity - GRAVITY),
        )
    cylinders, score = [], game.score
    for number, before in enumerate(game.cylinders):
        activity = max(0.0, before - FADING)
        if targets.cylinders:
            activity = float(random.uniform() > 0.5)
        elif number in hits:
            activity = 1.0
        cylinders.append(activity)
        is_point = activity == 1 and random.uniform() > MISSED
        score = (score + is_point) % POINTS
    if targets.score:
        score = int(random.integers(5))
    return Game(ball, tuple(cylinders), left, right, score)


def _paddle(
    top: float,
    is_intervened: bool,
    random: Random,
) -> float:
    """Top of a paddle: it falls by itself, and an intervention lifts it."""
    if is_intervened:
        return random.uniform((LOWEST + HIGHEST) / 2, HIGHEST)
    return max(LOWEST, top - random.uniform(0.5, 2))


def knocked(
    ball: Ball,
    paddle: tuple[float, float],
    top: float,
    speed: float,
) -> Ball:
    """Return the ball after a lift of a paddle, which hits it from below or with a corner.

    Args:
        ball: before the lift.
        paddle: left and right end of the paddle.
        top: its top after the lift.
        speed: upward velocity of a ball that is hit from below.
    """
    if ball.y - BALL >= HIGHEST:
        return ball
    start, end = paddle
    if start <= ball.x <= end:
        return ball._replace(y=HIGHEST + 2 * BALL, y_velocity=speed)
    # The nearest height of a paddle that has moved from 0 to its top.
    height = min(max(ball.y, 0.0), top)
    is_left = math.hypot(ball.x - start, ball.y - height) < BALL
    is_right = math.hypot(ball.x - end, ball.y - height) < BALL
    if not is_left and not is_right:
        return ball
    sign = -1 if is_left else 1
    lifted = HIGHEST + 1.1 * BALL
    return Ball(
        ball.x + sign * (lifted - ball.y),
        lifted,
        ball.x_velocity + sign * math.sqrt(2) * speed,
        math.sqrt(2) * speed,
    )


def _new_ball(random: Random) -> Ball:
    """Above the paddles, as an intervention sets it."""
    space = PADDLE_WIDTH - 1.5 * BALL
    return Ball(
        CENTRE + random.uniform(-space, space),
        HIGHEST + BALL + random.uniform(0, 2),
        0.5 * random.normal(),
        0.5 * random.normal() - 0.5,
    )


def moved(
    ball: Ball,
    left: float,
    right: float,
) -> tuple[Ball, set[int]]:
    """Return the ball after a step without drag and gravity, and the cylinders that it hit.

    ``left``, ``right``: tops of the paddles.
    """
    tops = [(*ends, 0.0, top) for ends, top in zip(PADDLES, (left, right), strict=True)]
    rectangles = np.array([*WALLS, *tops])
    position, velocity = np.array(ball[:2]), np.array(ball[2:])
    rest, elapsed = velocity, 0.0
    hits = set()
    for _ in range(BOUNCES):
        path = position + np.linspace(0, 1, PLACES)[:, None] * rest
        contact = first_contact(path, rectangles)
        if contact is None:
            position = position + rest
            break
        if FIRST_CYLINDER <= contact.body < FIRST_PADDLE:
            hits.add(contact.body - FIRST_CYLINDER)
        if not velocity.any():
            break
        before = 1 - elapsed
        elapsed += before * contact.place / (PLACES - 1)
        velocity = bounced(velocity, contact.normal, is_paddle=contact.body >= FIRST_PADDLE)
        position = path[contact.place] + before * PUSH * velocity
        rest = (1 - elapsed) * velocity
        if elapsed >= ENOUGH:
            break
    return Ball(*position.tolist(), *velocity.tolist()), hits


def bounced(
    velocity: Floats,
    normal: Floats,
    *,
    is_paddle: bool,
) -> Floats:
    """Return the velocity [2] after a contact with a body with that outward normal [2].

    A ball that already moves away leaves along the normal.
    """
    unit = normal / np.linalg.norm(normal)
    inward = velocity @ unit
    speed = np.linalg.norm(velocity)
    after = unit * speed if inward > 0 else velocity - 2 * inward * unit
    losses: Floats = after * [ELASTIC, SOFT if is_paddle else ELASTIC]
    return losses


def first_contact(path: Floats, rectangles: Floats) -> Contact | None:
    """Return the first contact of the ball on a path [p, 2] of its centre, or None.

    Of several bodies at one place, it is a rectangle that is touched on most sides.

    Args:
        path: places of the ball.
        rectangles: [7, 4], left, right, lower and upper end: walls, then paddles.
    """
    sides, corners = _of_rectangles(path, rectangles)
    is_rectangle: Flags = np.asarray((sides | corners).any(axis=1))
    walls = len(WALLS)
    touched = np.concatenate(
        [is_rectangle[:walls], _of_slopes(path), _of_cylinders(path), is_rectangle[walls:]]
    )
    is_contact = touched.any(axis=0)
    if not is_contact.any():
        return None
    place = int(is_contact.argmax())
    counts = np.zeros(len(touched))
    counts[:walls] = sides[:walls, :, place].sum(axis=1)
    counts[FIRST_PADDLE:] = sides[walls:, :, place].sum(axis=1)
    bodies = np.flatnonzero(touched[:, place])
    body = int(bodies[counts[bodies].argmax()])
    if FIRST_SLOPE <= body < FIRST_CYLINDER:
        # Upwards, and away from the wall.
        towards = 1 if body == FIRST_SLOPE else -1
        normal = np.array([towards * SLOPE_HEIGHT, SLOPE_WIDTH])
    elif FIRST_CYLINDER <= body < FIRST_PADDLE:
        normal = path[place] - CYLINDERS[body - FIRST_CYLINDER]
    else:
        rectangle = body if body < walls else body - FIRST_PADDLE + walls
        both = np.concatenate([sides[rectangle, :, place], corners[rectangle, :, place]])
        normal = np.concatenate([SIDES, CORNERS])[both.argmax()]
    return Contact(place, body, normal)


def is_free(places: Floats) -> Flags:
    """Whether a ball at each of the places [n, 2] above the paddles touches nothing."""
    sides, corners = _of_rectangles(places, np.array(WALLS))
    touched = [(sides | corners).any(axis=1), _of_slopes(places), _of_cylinders(places)]
    is_touched = np.concatenate(touched).any(axis=0)
    return np.logical_not(is_touched)


def _of_rectangles(
    path: Floats,
    rectangles: Floats,
) -> tuple[Flags, Flags]:
    """Contacts [r, 4, p] with the sides, and with the corners, of rectangles [r, 4]."""
    x, y = path.T
    left, right, low, high = rectangles.T[:, :, None]
    is_beside = (low <= y) & (y <= high)
    is_above = (left <= x) & (x <= right)
    sides = np.stack(
        [
            (abs(x - right) < BALL) & is_beside,
            (abs(x - left) < BALL) & is_beside,
            (abs(y - high) < BALL) & is_above,
            (abs(y - low) < BALL) & is_above,
        ],
        axis=1,
    )
    corners = []
    for end, height in ((left, low), (right, low), (left, high), (right, high)):
        corners.append(np.hypot(x - end, y - height) < BALL)
    return sides, np.stack(corners, axis=1)


def _of_slopes(path: Floats) -> Flags:
    """Contacts [2, p] with ``SLOPE_POINTS`` evenly spaced points of each slope."""
    contacts = []
    for upper, lower in np.array(SLOPES):
        along = lower - upper
        share = np.clip((path - upper) @ along / (along @ along), 0, 1)
        share = np.rint((SLOPE_POINTS - 1) * share) / (SLOPE_POINTS - 1)
        nearest = upper + share[:, None] * along
        contacts.append(np.linalg.norm(path - nearest, axis=1) < BALL)
    return np.stack(contacts)


def _of_cylinders(path: Floats) -> Flags:
    """Contacts [5, p]."""
    distances = np.linalg.norm(path - np.array(CYLINDERS)[:, None], axis=2)
    contacts: Flags = distances < BALL + CYLINDER
    return contacts
