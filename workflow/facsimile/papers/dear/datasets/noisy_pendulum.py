"""A pendulum, a lamp and a shadow that is measured with noise, with a target that depends on all.

Like CausalVAE's pendulum (``pendulum``), but angles are continuous, the shadow has noise, a fifth
of the shadows are random, and each picture has a target. Of the second data set, the background
tells of the target, in another way for test rows than for training rows.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.arrays import Arrays
from facsimile.datasets.base.drawing import SIDE, Canvas, paint
from facsimile.datasets.base.label_ranks import label_ranks
from facsimile.datasets.base.table import TEST, TRAINING

LABELS = {
    "noisy_pendulum": "Noisy pendulum",
    "background_pendulum": "Noisy pendulum with backgrounds",
}
MEMBERS = {
    "noisy_pendulum": {"has_background": False},
    "background_pendulum": {"has_background": True},
}
Matrix = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Pictures = npt.NDArray[np.uint8]
ROWS, TRAINING_ROWS = 10_000, 7500
SEED = 1  # of the released scripts
SMALL_SIDE = 64  # height and width of the pictures as models take them
BLOCK = 50  # pictures drawn at once; more do not fit the processor's cache
# Order of the quantities, and their weights in the target.
QUANTITIES = ("light", "angle", "length", "position")
WEIGHTS = (1.0, -1.0, 0.5, -0.5)
NOISE = 0.1  # standard deviation of the measured shadow
LONGEST = 12.0  # random shadows have a length and a position from 0 to this
DIGITS = 4  # decimal places of the quantities in the official file names
# Probability of a blue background for targets 0 and 1, in training and in test rows.
BLUE_IN_TRAINING = (0.2, 0.8)
BLUE_IN_TEST = (0.5, 0.5)
# The scene, in units of its axes.
PIVOT = (10.0, 10.5)
TIP = 9.5  # from the pivot to the far end of the ball
ROD = 8.0  # from half a unit below the pivot to the centre of the ball
BALL = 1.5  # radius of the ball
LAMP = (20.5, 3.0)  # height and radius of the lamp
GROUND = -0.5  # height of the ground
LOW, HIGH = (0.0, -2.0), (20.0, 22.0)
BLACK = (0, 0, 0)
FIREBRICK = (178, 34, 34)
ORANGE = (255, 165, 0)
BLUE = (0, 0, 255)
WHITE = (255, 255, 255)


class NoisyPendulum(Arrays):
    """10,000 pictures; the last 2,500 are those that the released script keeps for test.

    Arrays, with one row per picture:

    - ``images``: RGB, drawn with 96 × 96 pixels and averaged to 64 × 64.
    - ``values`` [4]: angles of light and pendulum in radians, length and position of the shadow.
      With backgrounds, ``centred`` [4] instead: the values minus their mean over training rows.
      The target depends on these.
    - ``labels`` [4]: the values, scaled so that those of training rows are from 0 to 1. With
      backgrounds [5]: the last one is the background.
    - ``target``: 0 or 1.
    - ``background``, in the second data set alone: 1 if it is blue, else 0.
    - ``part``: ``TRAINING`` or ``TEST`` of ``datasets/base/table.py``.
    - ``rank``: the order in which training rows get labels, for models that use a share of them.

    Quantities and targets are drawn with NumPy's legacy generator in the order of the released
    scripts, so that they equal theirs. The scripts scale pictures with bicubic filtering.
    """

    has_background: ClassVar[bool]
    rows = ROWS
    licence = "our own rendering; the equations are those of code under the MIT licence"
    source = (
        "an-seunghwan/CDG-VAE@c4729a9, modules/pendulum_real.py and DR/modules/pendulum_DR.py, "
        "after Shen et al. 2022"
    )

    def __init_subclass__(cls) -> None:
        if "has_background" not in vars(cls):
            return
        quantities = (len(QUANTITIES),)
        cls.shapes = {
            "images": (SMALL_SIDE, SMALL_SIDE, 3),
            "target": (),
            "part": (),
            "rank": (),
        }
        if cls.has_background:
            labels = (len(QUANTITIES) + 1,)
            cls.shapes |= {"centred": quantities, "labels": labels, "background": ()}
        else:
            cls.shapes |= {"values": quantities, "labels": quantities}

    @classmethod
    def training_rows(cls) -> int:
        """Number of rows for training, which come first."""
        return TRAINING_ROWS

    @classmethod
    def generate(
        cls,
        source: Path | None,
    ) -> dict[str, npt.NDArray[Any]]:
        is_test = held_out()
        order = np.argsort(is_test, kind="stable")
        if cls.has_background:
            values, target, background = with_background()
        else:
            values, target = without_background()
            background = np.zeros(ROWS, np.int64)
        values, target, background = values[order], target[order], background[order]
        training = values[:TRAINING_ROWS]
        low, high = training.min(axis=0), training.max(axis=0)
        labels = (values - low) / (high - low)
        arrays = {
            "images": np.concatenate([*_drawn(values, background)]),
            "target": target,
            "part": np.repeat((TRAINING, TEST), (TRAINING_ROWS, ROWS - TRAINING_ROWS)),
            "rank": label_ranks(ROWS, TRAINING_ROWS),
        }
        if cls.has_background:
            centred = values - training.mean(axis=0)
            labels = np.column_stack((labels, background))
            arrays |= {"centred": centred.astype(np.float32), "background": background}
        else:
            arrays["values"] = values.astype(np.float32)
        return arrays | {"labels": labels.astype(np.float32)}


def held_out() -> npt.NDArray[np.bool_]:
    """Return which rows [n], in the order of the scripts, are test rows: every fourth."""
    return np.arange(ROWS) % 4 == 3


def logits(
    values: Matrix,
    sign: float = -1,
) -> Matrix:
    """Return the logit [n] of the target: g + sign · 2 sin g, with g the weighted sum of values.

    Args:
        values: quantities [n, 4], centred or not.
        sign: −1 in the scripts that make the data; +1 in the peer's ``sample_efficiency.py``.
    """
    weighted = np.asarray(values, np.float64) @ np.array(WEIGHTS)
    logit: Matrix = weighted + sign * 2 * np.sin(weighted)
    return logit


def probabilities(
    values: Matrix,
    sign: float = -1,
) -> Matrix:
    """Return the probability [n] that the target is 1; arguments as for ``logits``."""
    probability: Matrix = 1 / (1 + np.exp(-logits(values, sign)))
    return probability


def without_background() -> tuple[Matrix, Integers]:
    """Return quantities [n, 4] and targets [n] of ``pendulum_real.py``, in its order of rows."""
    values, target, _ = _quantities(draws_targets=True)
    return values, target


def with_background() -> tuple[Matrix, Integers, Integers]:
    """Return quantities [n, 4], targets [n] and backgrounds [n] of ``pendulum_DR.py``.

    Targets are drawn for training rows, then for test rows, with quantities minus their mean over
    training rows. Then backgrounds are drawn in the same order.
    """
    values, target, random = _quantities(draws_targets=False)
    is_test = held_out()
    centred = values - values[~is_test].mean(axis=0)
    background = np.empty(ROWS, np.int64)
    parts = ((~is_test, BLUE_IN_TRAINING), (is_test, BLUE_IN_TEST))
    for rows, _ in parts:
        target[rows] = random.binomial(1, probabilities(centred[rows]))
    for rows, blue in parts:
        of_target = np.array(blue)[target[rows]]
        background[rows] = random.uniform(size=len(of_target)) < of_target
    return values, target, background


def _quantities(
    draws_targets: bool,
) -> tuple[Matrix, Integers, np.random.RandomState]:
    """Draw the quantities row by row, as the scripts do; also returns the generator.

    With ``draws_targets``, the target of a row is drawn before the next row.
    """
    random = np.random.RandomState(SEED)
    lights = random.uniform(math.pi / 4, math.pi / 2, ROWS)
    angles = random.uniform(0, math.pi / 4, ROWS)
    values = np.empty((ROWS, len(QUANTITIES)))
    target = np.zeros(ROWS, np.int64)
    for row, (light, angle) in enumerate(zip(lights, angles, strict=True)):
        length, position = _shadow(light, angle)
        length += random.normal(0, NOISE)
        position += random.normal(0, NOISE)
        if row % 5 == 4:
            length = random.uniform(0, LONGEST)
            position = random.uniform(0, LONGEST)
        values[row] = light, angle, length, position
        if draws_targets:
            target[row] = random.binomial(1, probabilities(values[row]))
    return values.round(DIGITS), target, random


def _shadow(
    light: float,
    angle: float,
) -> tuple[float, float]:
    """Return length and position of the shadow without noise.

    It lies between the points where the rays through pivot and tip meet the ground.
    """
    tip_x = PIVOT[0] + TIP * math.sin(angle)
    tip_y = PIVOT[1] - TIP * math.cos(angle)
    of_pivot = PIVOT[0] - (PIVOT[1] - GROUND) / math.tan(light)
    of_tip = tip_x - (tip_y - GROUND) / math.tan(light)
    return of_tip - of_pivot, (of_tip + of_pivot) / 2


def _drawn(
    values: Matrix,
    background: Integers,
) -> Iterator[Pictures]:
    """Yield pictures [b, 64, 64, 3] of rows, in blocks."""
    for first in range(0, len(values), BLOCK):
        block = slice(first, first + BLOCK)
        yield _reduced(draw(values[block], background[block]))


def draw(values: Matrix, background: Integers) -> Pictures:
    """Return pictures [n, 96, 96, 3] of scenes with these quantities [n, 4], possible or not."""
    colours = np.array((WHITE, BLUE), np.uint8)[background]
    pictures = np.empty((len(values), SIDE, SIDE, 3), np.uint8)
    pictures[:] = colours[:, None, None]
    light, angle, length, position = values.T
    sky = Canvas(LOW, HIGH, top=10, bottom=30, left=36)
    lamp_x = PIVOT[0] + 10 / np.tan(light)
    height, radius = LAMP
    paint(pictures, sky, sky.ellipse(lamp_x, height, radius), ORANGE)
    # Only the pixels that rod and ball can reach.
    air = Canvas(LOW, HIGH, top=44, bottom=86, left=42, right=86)
    ball_x = PIVOT[0] + ROD * np.sin(angle)
    ball_y = 10 - ROD * np.cos(angle)
    pivot_x, pivot_y = np.full_like(ball_x, PIVOT[0]), np.full_like(ball_y, PIVOT[1])
    paint(pictures, air, air.segment((pivot_x, pivot_y), (ball_x, ball_y), points=3), BLACK)
    paint(pictures, air, air.ellipse(ball_x, ball_y, BALL), FIREBRICK)
    floor = Canvas(LOW, HIGH, top=76, bottom=86)
    start, end = position - length / 2, position + length / 2
    # matplotlib draws no line between equal points, so such shadows are put outside of the axes.
    is_point = floor.snapped(start, 0, 3) == floor.snapped(end, 0, 3)
    start, end = np.where(is_point, -2, start), np.where(is_point, -1, end)
    shadow = floor.level(start, end, GROUND, points=3)
    paint(pictures, floor, shadow, BLACK)
    return pictures


def _reduced(pictures: Pictures) -> Pictures:
    """Average pictures [n, 96, 96, 3] to [n, 64, 64, 3]; three pixels become two."""
    # A pixel covers one whole pixel, with the weight 2, and half of the middle one of three.
    index = np.arange(SMALL_SIDE)
    whole = index // 2 * 3 + index % 2 * 2
    middle = index // 2 * 3 + 1
    wide = pictures.astype(np.uint16)
    rows = 2 * wide[:, whole] + wide[:, middle]
    both = 2 * rows.take(whole, axis=2) + rows.take(middle, axis=2)
    # Each of both sums has weights that add up to 3.
    return ((both + 4) // 9).astype(np.uint8)
