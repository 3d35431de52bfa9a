"""Draws frames of Pong: each shape covers a share of each pixel, and is painted over the others.

Coordinates are in pixels, x to the right and y upwards from the lower left corner. Sides of the
rectangles are exact; a circle's share is estimated from the distance to its edge.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
SIDE, BORDER = 32, 2
RADIUS = 1.2  # of the ball
PADDLE_WIDTH, PADDLE_HEIGHT = 2, 6
PADDLES_X = (5, 27)  # centres
BACK, EDGE, DIGIT = (0.9,) * 3, (0.1,) * 3, (0.5,) * 3
BLUE, GREEN, RED = (0.0, 0.0, 1.0), (0.0, 0.5, 0.0), (1.0, 0.0, 0.0)
# Pixels of the digits 0 to 4, from the top.
DIGITS = (
    ("###", "# #", "# #", "# #", "###"),
    (" # ", " # ", " # ", " # ", " # "),
    ("###", "  #", "###", "#  ", "###"),
    ("###", "  #", "###", "  #", "###"),
    ("# #", "# #", "###", "  #", "  #"),
)
DIGITS_TOP = SIDE - 29  # row of their upper edge
DIGITS_LEFT = (12, 18)  # columns of the left and the right score
COLON = ((4, 16), (6, 16))  # rows and columns of its two pixels
CENTRES: Floats = np.arange(SIDE, dtype=np.float64) + 0.5
ROWS = CENTRES[::-1]  # y of the rows, from the top


def field(
    left: Floats,
    right: Floats,
    scores: tuple[Floats, Floats],
    ball: tuple[Floats, Floats],
) -> npt.NDArray[np.uint8]:
    """Frames uint8 [n, 32, 32, 3] of heights of the paddles, scores, and ball (x, y), all [n]."""
    n = len(left)
    frames = np.broadcast_to(np.array(BACK), (n, SIDE, SIDE, 3)).copy()
    for score, column in zip(scores, DIGITS_LEFT, strict=True):
        shapes = np.array([_digit(rows, column) for rows in DIGITS])
        _paint(frames, shapes[score.astype(int)], DIGIT)
    _paint(frames, _pixels(COLON), DIGIT)
    for x, heights, colour in zip(PADDLES_X, (left, right), (BLUE, GREEN), strict=True):
        across = _covered(
            CENTRES,
            np.array([x]),
            PADDLE_WIDTH,
        )
        up = _covered(ROWS, heights, PADDLE_HEIGHT)
        _paint(
            frames,
            up[:, :, None] * across[:, None, :],
            colour,
        )
    _paint(frames, _border(), EDGE)
    _paint(frames, _circle(*ball), RED)
    return _bytes(frames)


def move(
    x: Floats,
    y: Floats,
) -> npt.NDArray[np.uint8]:
    """Frames uint8 [n, 32, 32, 1] with a black ball at (x, y) on white."""
    return _bytes(1 - _circle(x, y)[..., None])


def _paint(
    frames: Floats,
    share: Floats,
    colour: tuple[float, ...],
) -> None:
    """Paint a colour over the given share [n or 1, 32, 32] of each pixel, in place."""
    frames += share[..., None] * (np.array(colour) - frames)


def _covered(
    centres: Floats,
    middle: Floats,
    width: float,
) -> Floats:
    """Share [n, 32] of each pixel of a line that intervals around ``middle`` [n] cover."""
    low = middle[:, None] - width / 2
    begin = np.maximum(centres - 0.5, low)
    end = np.minimum(centres + 0.5, low + width)
    return np.clip(end - begin, 0, 1)


def _circle(x: Floats, y: Floats) -> Floats:
    """Share [n, 32, 32] of each pixel that the ball covers."""
    across = CENTRES - x[:, None]
    up = ROWS - y[:, None]
    distance = np.hypot(
        across[:, None, :],
        up[:, :, None],
    )
    return np.clip(RADIUS + 0.5 - distance, 0, 1)


def _border() -> Floats:
    """Share [1, 32, 32], 0 or 1, of the border on all four sides."""
    share = np.ones((1, SIDE, SIDE))
    share[:, BORDER:-BORDER, BORDER:-BORDER] = 0
    return share


def _digit(
    rows: tuple[str, ...],
    left: int,
) -> Floats:
    """Share [32, 32], 0 or 1, of one digit."""
    places = []
    for down, line in enumerate(rows):
        for across, mark in enumerate(line):
            if mark == "#":
                places.append((DIGITS_TOP + down, left + across))
    return _pixels(tuple(places))[0]


def _pixels(
    places: tuple[tuple[int, int], ...],
) -> Floats:
    """Share [1, 32, 32]: 1 at the given rows and columns."""
    share = np.zeros((1, SIDE, SIDE))
    for row, column in places:
        share[0, row, column] = 1
    return share


def _bytes(
    frames: Floats,
) -> npt.NDArray[np.uint8]:
    return np.rint(255 * frames).astype(np.uint8)
