"""A pendulum, a lamp and the shadow on the ground."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from facsimile.papers.causalvae.datasets._drawing import SIDE, Canvas, paint
from facsimile.papers.causalvae.datasets._scenes import Labels, Pictures, Scenes

LABEL = "Pendulum"
ANGLES, LIGHTS = range(-40, 44), [step for step in range(60, 148) if step != 100]
STEP = np.pi / 200  # radians a step of either
PIVOT, LENGTH, BALL, TIP = (10.0, 10.5), 8.0, 1.5, 9.5
LAMP, GROUND, SHORTEST = 20.5, -0.5, 3.0
LOW, HIGH = (0.0, -1.0), (20.0, 21.0)
BLACK, FIREBRICK, ORANGE, WHITE = (0, 0, 0), (178, 34, 34), (255, 165, 0), 255


class Pendulum(Scenes):
    """7,308 pictures, 5,482 to train on and 1,826 to test: 84 angles of the pendulum by 87 of the light.

    Quantities: angle and light, steps of π/200; length and position of the shadow, which both follow from both. A shadow is
    never shorter than 3 units. The official pictures are not at hand: colours, sizes and order of drawing are those of the
    script, pixels along edges are ours. Peers call other data "pendulum", too: 64 pixels, other grids.
    """

    name = "pendulum"
    rows = 7308
    source = "huawei-noah/trustworthyAI@46c3d29, research/CausalVAE/causal_data/pendulum.py and codebase/models/mask_vae_pendulum.py"
    concepts: ClassVar = ("angle", "light", "shadow_length", "shadow_position")
    centre: ClassVar = (0, 100, 6.5, 10)
    half_range: ClassVar = (44, 40, 3.5, 5)
    edges: ClassVar = ((0, 2), (0, 3), (1, 2), (1, 3))

    @classmethod
    def grid(cls) -> Labels:
        angle, light = (axis.ravel() for axis in np.meshgrid(ANGLES, LIGHTS, indexing="ij"))
        return _with_shadow(angle.astype(np.float64), light.astype(np.float64))

    @classmethod
    def held_out(cls) -> npt.NDArray[np.bool_]:
        """The script's counter puts every fourth picture into the test folder, from the fifth on."""
        at = np.arange(cls.rows)
        return (at % 4 == 0) & (at > 0)

    @classmethod
    def intervene(cls, labels: Labels, concept: int, value: Labels) -> Labels:
        changed = labels.copy()
        changed[:, concept] = value
        return _with_shadow(changed[:, 0], changed[:, 1]) if concept < 2 else changed

    @classmethod
    def draw(cls, labels: Labels) -> Pictures:
        pictures = np.full((len(labels), SIDE, SIDE, 3), WHITE, np.uint8)
        angle, light, length, position = labels.T
        _pendulum(pictures, angle * STEP)
        sky, floor = Canvas(LOW, HIGH, bottom=32), Canvas(LOW, HIGH, top=80)
        at = PIVOT[0] + (LAMP - PIVOT[1]) / np.tan(light * STEP)
        paint(pictures, sky, sky.ellipse(at, LAMP, 3.0), ORANGE)
        paint(
            pictures,
            floor,
            floor.level(position - length / 2, position + length / 2, GROUND, points=3),
            BLACK,
        )
        return pictures


def _pendulum(pictures: Pictures, theta: Labels) -> None:
    """The rod, then the ball; both are alike in all pictures of one angle."""
    canvas = Canvas(LOW, HIGH, top=30, bottom=88)
    each, of = np.unique(theta, return_inverse=True)
    x, y = PIVOT[0] + LENGTH * np.sin(each), PIVOT[1] - LENGTH * np.cos(each)
    rod = canvas.segment((np.full_like(x, PIVOT[0]), np.full_like(y, PIVOT[1])), (x, y), points=3)
    ball = canvas.ellipse(x, y, BALL)
    for i in range(len(each)):
        own = np.full((1, SIDE, SIDE, 3), WHITE, np.uint8)
        paint(own, canvas, rod[i : i + 1], BLACK)
        paint(own, canvas, ball[i : i + 1], FIREBRICK)
        pictures[of == i] = own


def _with_shadow(angle: Labels, light: Labels) -> Labels:
    """The four quantities of an angle and a light: where the rays through pivot and tip meet the ground."""
    theta = angle * STEP
    pivot = _shade(*PIVOT, light)
    tip = _shade(PIVOT[0] + TIP * np.sin(theta), PIVOT[1] - TIP * np.cos(theta), light)
    return np.stack(
        [angle, light, np.maximum(SHORTEST, np.abs(pivot - tip)), (pivot + tip) / 2], axis=1
    )


def _shade(x: float | Labels, y: float | Labels, light: Labels) -> Labels:
    """Where a ray of the light through (x, y) meets the ground."""
    shade: Labels = x + (GROUND - y) / np.tan(light * STEP)
    return shade
