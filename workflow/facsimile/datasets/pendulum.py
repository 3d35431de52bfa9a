"""A pendulum, a lamp and the shadow on the ground."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.datasets.base.causal_scenes import Labels, Pictures, Scenes
from facsimile.datasets.base.drawing import SIDE, Canvas, paint

LABEL = "Pendulum"
ANGLES = range(-40, 44)
LIGHTS = [step for step in range(60, 148) if step != 100]
STEP = np.pi / 200  # radians per step of either
PIVOT = (10.0, 10.5)
LENGTH = 8.0  # from the pivot to the centre of the ball
BALL = 1.5  # radius
TIP = 9.5  # from the pivot to the far end of the ball
LAMP = 20.5  # height of the lamp
GROUND = -0.5  # height of the ground
SHORTEST = 3.0  # length of the shortest shadow
LOW, HIGH = (0.0, -1.0), (20.0, 21.0)
BLACK = (0, 0, 0)
FIREBRICK = (178, 34, 34)
ORANGE = (255, 165, 0)
WHITE = 255


class Pendulum(Scenes):
    """7,308 pictures, 5,482 for training and 1,826 for testing: 84 angles of pendulum, 87 of light.

    The four quantities:

    - ``angle``, ``light``: angles of the pendulum and of the light, in steps of π/200.
    - ``shadow_length``, ``shadow_position``: both follow from both angles. A shadow is never
      shorter than 3 units.

    The official pictures are not available. Colours, sizes and the order of drawing are those of
    the script; pixels along edges are ours. Other papers call other data "pendulum", too: with 64
    pixels and other grids.
    """

    name = "pendulum"
    rows = 7308
    source = (
        "huawei-noah/trustworthyAI@46c3d29, research/CausalVAE/causal_data/pendulum.py "
        "and codebase/models/mask_vae_pendulum.py"
    )
    concepts: ClassVar = ("angle", "light", "shadow_length", "shadow_position")
    centre: ClassVar = (0, 100, 6.5, 10)
    half_range: ClassVar = (44, 40, 3.5, 5)
    edges: ClassVar = ((0, 2), (0, 3), (1, 2), (1, 3))

    @classmethod
    def grid(cls) -> Labels:
        angles, lights = np.meshgrid(ANGLES, LIGHTS, indexing="ij")
        angle = angles.ravel().astype(np.float64)
        light = lights.ravel().astype(np.float64)
        return _with_shadow(angle, light)

    @classmethod
    def held_out(cls) -> npt.NDArray[np.bool_]:
        """The script puts every fourth picture into the test folder, starting with the fifth."""
        number = np.arange(cls.rows)
        return (number % 4 == 0) & (number > 0)

    @classmethod
    def intervene(cls, labels: Labels, concept: int, value: Labels) -> Labels:
        changed = labels.copy()
        changed[:, concept] = value
        if concept < 2:
            angle, light, _, _ = changed.T
            return _with_shadow(angle, light)
        return changed

    @classmethod
    def draw(cls, labels: Labels) -> Pictures:
        pictures = np.full((len(labels), SIDE, SIDE, 3), WHITE, np.uint8)
        angle, light, length, position = labels.T
        _paint_pendulum(pictures, angle * STEP)
        sky = Canvas(LOW, HIGH, bottom=32)
        height = LAMP - PIVOT[1]
        lamp_x = PIVOT[0] + height / np.tan(light * STEP)
        lamp = sky.ellipse(lamp_x, LAMP, 3.0)
        paint(pictures, sky, lamp, ORANGE)
        floor = Canvas(LOW, HIGH, top=80)
        start = position - length / 2
        end = position + length / 2
        shadow = floor.level(start, end, GROUND, points=3)
        paint(pictures, floor, shadow, BLACK)
        return pictures


def _paint_pendulum(pictures: Pictures, theta: Labels) -> None:
    """Paint the rod, then the ball; ``theta`` [n] in radians."""
    canvas = Canvas(LOW, HIGH, top=30, bottom=88)
    # All pictures of the same angle have the same pendulum, so each angle is drawn once.
    angles, which = np.unique(theta, return_inverse=True)
    x = PIVOT[0] + LENGTH * np.sin(angles)
    y = PIVOT[1] - LENGTH * np.cos(angles)
    pivot_x = np.full_like(x, PIVOT[0])
    pivot_y = np.full_like(y, PIVOT[1])
    rods = canvas.segment((pivot_x, pivot_y), (x, y), points=3)
    balls = canvas.ellipse(x, y, BALL)
    for i in range(len(angles)):
        rod = rods[i : i + 1]
        ball = balls[i : i + 1]
        picture = np.full((1, SIDE, SIDE, 3), WHITE, np.uint8)
        paint(picture, canvas, rod, BLACK)
        paint(picture, canvas, ball, FIREBRICK)
        pictures[which == i] = picture


def _with_shadow(angle: Labels, light: Labels) -> Labels:
    """All four quantities [n, 4], given the angles of pendulum and light.

    The shadow lies between the points where the rays through pivot and tip meet the ground.
    """
    theta = angle * STEP
    tip_x = PIVOT[0] + TIP * np.sin(theta)
    tip_y = PIVOT[1] - TIP * np.cos(theta)
    pivot = _shade(*PIVOT, light)
    tip = _shade(tip_x, tip_y, light)
    length = np.maximum(SHORTEST, np.abs(pivot - tip))
    position = (pivot + tip) / 2
    return np.stack([angle, light, length, position], axis=1)


def _shade(x: float | Labels, y: float | Labels, light: Labels) -> Labels:
    """Where a ray of the light through (x, y) meets the ground: its x coordinate [n]."""
    shade: Labels = x + (GROUND - y) / np.tan(light * STEP)
    return shade
