"""Draws frames of Causal Pinball: each shape covers a share of each pixel.

Coordinates are those of ``_pinball_game``, two pixels per unit. Sides of upright rectangles are
exact; a circle's share is estimated from the distance to its edge, a slope's by 16 × 16 points.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from facsimile.papers.icitris.datasets import _pinball_game as game

Floats = npt.NDArray[np.float64]
PIXELS = 64
UNIT = PIXELS / game.SIDE  # pixels per unit of length
BACK, EDGE, CYLINDER, PADDLE, BALL, PANEL = 0.9, 0.1, 0.5, 0.5, 0.7, 0.8  # shades of grey
DIGIT = (0.4, 0.4, 0.9)
THICKNESS = 1.0  # of a drawn paddle
POINTS = 16  # along a pixel, at which a slope is looked for
# The panel of the score: left and right end, lower and upper end.
PANEL_ENDS = (
    game.SIDE - game.BORDER - game.SLOPE_WIDTH + 1,
    game.SIDE - game.BORDER - 1,
    1.0,
    game.SLOPE_FOOT - 1,
)
TENS, ONES = PANEL_ENDS[0], PANEL_ENDS[0] + 4  # left ends of the digits
# Squares of the digits 0 to 9, from the top.
DIGITS = (
    ("###", "# #", "# #", "# #", "###"),
    (" # ", " # ", " # ", " # ", " # "),
    ("###", "  #", "###", "#  ", "###"),
    ("###", "  #", "###", "  #", "###"),
    ("# #", "# #", "###", "  #", "  #"),
    ("###", "#  ", "###", "  #", "###"),
    ("###", "#  ", "###", "# #", "###"),
    ("###", "  #", "  #", "  #", "  #"),
    ("###", "# #", "###", "# #", "###"),
    ("###", "# #", "###", "  #", "###"),
)
CENTRES: Floats = (np.arange(PIXELS, dtype=np.float64) + 0.5) / UNIT
ROWS = CENTRES[::-1]  # y of the rows, from the top


def pictures(
    states: Floats,
) -> npt.NDArray[np.uint8]:
    """Frames uint8 [n, 64, 64, 4] of states [n, 12].

    A state is the ball's x, y and velocities, five activities, the tops of both paddles, and the
    score. The fourth channel shows the velocity: a black ball on white, two units of length from
    the centre for each unit of velocity.
    """
    x, y, x_velocity, y_velocity = states[:, :4].T
    frames = np.repeat(_board()[None], len(states), axis=0)
    for place, activity in zip(game.CYLINDERS, states[:, 4:9].T, strict=True):
        _light(frames, place, activity)
    for (left, right), top in zip(game.PADDLES, states[:, 9:11].T, strict=True):
        across = _covered(CENTRES, left, right)
        up = _covered(ROWS, top[:, None] - THICKNESS, top[:, None])
        _paint(frames, up[:, :, None] * across, PADDLE)
    _paint(frames, _disc(x, y, game.BALL), BALL)
    score = states[:, 11].astype(int)
    for left, digits in ((TENS, score // 10), (ONES, score % 10)):
        _paint(frames, _digits(left)[digits], DIGIT)
    velocity = _disc(game.CENTRE + 2 * x_velocity, game.CENTRE + 2 * y_velocity, game.BALL)
    frames = np.concatenate([frames, 1 - velocity[..., None]], axis=3)
    return np.rint(255 * frames).astype(np.uint8)


@cache
def _board() -> Floats:
    """What never changes [64, 64, 3]: walls, slopes, rings of cylinders, panel of the score."""
    frame = np.full((1, PIXELS, PIXELS, 3), BACK)
    for wall in game.WALLS:
        _paint(frame, _rectangle(*wall), EDGE)
    _paint(frame, _slopes(), EDGE)
    for x, y in game.CYLINDERS:
        _paint(frame, _disc(np.array([x]), np.array([y]), game.CYLINDER), CYLINDER)
    _paint(frame, _rectangle(*PANEL_ENDS), PANEL)
    return frame[0]


def _light(
    frames: Floats,
    place: tuple[float, float],
    activity: Floats,
) -> None:
    """Paint the inner disc of a cylinder, in place: the redder, the more active [n] it is."""
    x, y = place
    [share] = _disc(np.array([x]), np.array([y]), game.CYLINDER / 2)
    rows, columns = np.nonzero(share)
    pale = 0.2 + 0.7 * (1 - activity)
    colours = np.stack([np.ones_like(pale), pale, pale], axis=1)
    shown = frames[:, rows, columns]
    shares = share[rows, columns][None, :, None]
    frames[:, rows, columns] = shown + shares * (colours[:, None] - shown)


def _paint(
    frames: Floats,
    share: Floats,
    colour: float | tuple[float, ...],
) -> None:
    """Paint a colour over the given share [n or 1, 64, 64] of each pixel, in place."""
    frames += share[..., None] * (np.array(colour) - frames)


def _covered(
    centres: Floats,
    low: float | Floats,
    high: float | Floats,
) -> Floats:
    """Share [..., 64] of each pixel of a line that intervals cover."""
    half = 0.5 / UNIT
    begin = np.maximum(centres - half, low)
    end = np.minimum(centres + half, high)
    share: Floats = np.clip(end - begin, 0, None) * UNIT
    return share


def _rectangle(
    left: float,
    right: float,
    low: float,
    high: float,
) -> Floats:
    """Share [1, 64, 64] of each pixel."""
    across, up = _covered(CENTRES, left, right), _covered(ROWS, low, high)
    return (up[:, None] * across)[None]


def _disc(
    x: Floats,
    y: Floats,
    radius: float,
) -> Floats:
    """Share [n, 64, 64] of each pixel that discs around (x, y) cover."""
    across = CENTRES - x[:, None]
    up = ROWS - y[:, None]
    distance = np.hypot(across[:, None, :], up[:, :, None])
    share: Floats = np.clip(UNIT * (radius - distance) + 0.5, 0, 1)
    return share


def _slopes() -> Floats:
    """Share [1, 64, 64] of each pixel that is under one of the slopes."""
    fine = (np.arange(PIXELS * POINTS) + 0.5) / (UNIT * POINTS)
    # Both slopes are alike, seen from their wall.
    from_wall = np.minimum(fine, game.SIDE - fine) - game.BORDER
    from_foot = fine[::-1] - game.SLOPE_FOOT
    height = from_foot[:, None] / game.SLOPE_HEIGHT
    is_under = (height >= 0) & (from_wall >= 0)
    is_under &= height + from_wall / game.SLOPE_WIDTH <= 1
    blocks = is_under.reshape(PIXELS, POINTS, PIXELS, POINTS)
    share: Floats = blocks.mean(axis=(1, 3))[None]
    return share


@cache
def _digits(left: float) -> Floats:
    """Share [10, 64, 64] of each pixel that each digit covers, from x = ``left`` and y = 1."""
    shares = np.zeros((len(DIGITS), PIXELS, PIXELS))
    for digit, rows in enumerate(DIGITS):
        for height, line in enumerate(reversed(rows)):
            for across, mark in enumerate(line):
                if mark == "#":
                    start, low = left + across, 1.0 + height
                    [square] = _rectangle(start, start + 1, low, low + 1)
                    shares[digit] += square
    return shares
