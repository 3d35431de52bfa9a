"""A cup of water with a ball in it and a hole in its side, from which the water flows."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special

from facsimile.datasets.base.causal_scenes import Labels, Pictures, Scenes
from facsimile.datasets.base.drawing import SIDE, Canvas, paint

LABEL = "Flow"
BALLS = range(5, 35)
HEIGHTS = range(10, 40)
HOLES = range(6, 15)
# As in the script, the squared reach is twice this times the height times the drop.
GRAVITY = 0.98
END = 0.5  # height that the jet falls to, and that the ball lies on
LEFT, RIGHT, TOP = 3.0, 8.0, 19.0  # of the cup
GAP = 0.4  # height of the gap in the wall that is the hole
WATER = 5.0  # by how much the water is drawn higher than its label
LOW, HIGH = (0.0, 0.0), (20.0, 20.0)
BLACK = (0, 0, 0)
FIREBRICK = (178, 34, 34)
SKY = (135, 206, 250)
WHITE = 255


class Flow(Scenes):
    """8,100 pictures, 6,480 for training and 1,620 for testing: 30 balls, 30 amounts, 9 holes.

    The four quantities:

    - ``ball``: radius of the ball times 30.
    - ``water``: height of the water, which the ball raises by the cube of its radius.
    - ``flow``: reach of the jet times 10, which follows from the heights of water and hole.
    - ``hole``: height of the hole times 3.

    The script draws the reach a little too long, by noise without a seed; here the noise has a
    seed. The script's file names are labels truncated to whole numbers. Of the 6,480 training
    pictures, 1,226 have the name of another one and overwrite it, so a folder holds 5,254; here all
    are kept.
    """

    name = "flow"
    rows = 8100
    source = (
        "huawei-noah/trustworthyAI@46c3d29, research/CausalVAE/causal_data/flow.py "
        "and codebase/models/mask_vae_flow.py"
    )
    concepts: ClassVar = ("ball", "water", "flow", "hole")
    centre: ClassVar = (20, 2, 59.5, 10.5)
    half_range: ClassVar = (15, 2, 26.5, 4.5)
    edges: ClassVar = ((0, 1), (1, 2), (3, 2))

    @classmethod
    def grid(cls) -> Labels:
        axes = np.meshgrid(BALLS, HEIGHTS, HOLES, indexing="ij")
        ball, amount, hole = [axis.ravel().astype(np.float64) for axis in axes]
        water = _raised_by(ball) + amount / 10
        return _with_flow(ball, water, hole)

    @classmethod
    def held_out(cls) -> npt.NDArray[np.bool_]:
        """The script puts every fifth picture into the test folder, by a counter."""
        return np.arange(cls.rows) % 5 == 4

    @classmethod
    def intervene(cls, labels: Labels, concept: int, value: Labels) -> Labels:
        ball, water, _, _ = labels.T
        amount = water - _raised_by(ball)
        changed = labels.copy()
        changed[:, concept] = value
        if concept == 2:
            return changed
        if concept == 0:
            changed[:, 1] = _raised_by(value) + amount
        ball, water, _, hole = changed.T
        return _with_flow(ball, water, hole)

    @classmethod
    def draw(cls, labels: Labels) -> Pictures:
        pictures = np.full((len(labels), SIDE, SIDE, 3), WHITE, np.uint8)
        ball, water, reach, hole = labels.T
        cup = Canvas(LOW, HIGH, top=40, left=16, right=48)
        filled = cup.rectangle(LEFT, 0, RIGHT - LEFT, WATER + water)
        paint(pictures, cup, filled, SKY)
        _paint_walls(pictures, hole / 3)
        floor = Canvas(LOW, HIGH, top=70, bottom=90, left=24, right=42)
        radius = ball / 30
        disc = floor.ellipse(5.5, radius + END, radius)
        paint(pictures, floor, disc, FIREBRICK)
        outside = Canvas(LOW, HIGH, top=60, left=38)
        drawn_reach = reach / 10 * cls.noise(labels)
        jet = outside.jet(RIGHT, hole / 3, drawn_reach, END, points=2)
        paint(pictures, outside, jet, SKY)
        ground = Canvas(LOW, HIGH, top=80)
        line = ground.level([0.0], [20.0], 0.2, points=2)
        paint(pictures, ground, line, BLACK)
        return pictures

    @staticmethod
    def noise(labels: Labels) -> Labels:
        """The factor [n] by which the drawn reach exceeds the label.

        It is a hash of the quantities, so the same scene is always drawn the same way.
        """
        # A multiplicative hash of the bits of each quantity, then 53 bits as a uniform number.
        mixed = np.zeros(len(labels), np.uint64)
        for column in np.ascontiguousarray(labels.T).view(np.uint64):
            mixed = (mixed ^ column) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        bits = (mixed >> np.uint64(11)).astype(np.float64)
        uniform = (bits + 0.5) / 2**53
        # Like the script's noise: the absolute value of a normal number, 1 at least, times 0.01.
        normal = special.ndtri(uniform)
        noise = np.maximum(np.abs(normal), 1)
        factor: Labels = np.sqrt((GRAVITY + 0.01 * noise) / GRAVITY)
        return factor


def _raised_by(ball: Labels) -> Labels:
    """By how much balls raise the water: the cube of their radius."""
    raised: Labels = (ball / 30) ** 3
    return raised


def _paint_walls(pictures: Pictures, hole: Labels) -> None:
    """Paint two walls, the right one with a gap above the hole's height."""
    canvas = Canvas(LOW, HIGH, left=16, right=48)
    left = canvas.upright(LEFT, [0.0], [TOP], points=2)
    paint(pictures, canvas, left, BLACK)
    # Each height of the hole is drawn once.
    heights, which = np.unique(hole, return_inverse=True)
    bottom = np.zeros_like(heights)
    top = np.full_like(heights, TOP)
    below = canvas.upright(RIGHT, bottom, heights, points=2)
    above = canvas.upright(RIGHT, heights + GAP, top, points=2)
    right = np.maximum(below, above)
    paint(pictures, canvas, right[which], BLACK)


def _with_flow(ball: Labels, water: Labels, hole: Labels) -> Labels:
    """All four quantities [n, 4]; the reach follows from the heights of water and hole."""
    drop = hole / 3 - END
    reach = np.sqrt(2 * GRAVITY * water * drop)
    return np.stack([ball, water, 10 * reach, hole], axis=1)
