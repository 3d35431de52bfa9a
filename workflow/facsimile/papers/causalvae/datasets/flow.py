"""A cup of water with a ball in it and a hole in its side, from which the water flows."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special

from facsimile.papers.causalvae.datasets._drawing import SIDE, Canvas, paint
from facsimile.papers.causalvae.datasets._scenes import Labels, Pictures, Scenes

LABEL = "Flow"
BALLS, HEIGHTS, HOLES = range(5, 35), range(10, 40), range(6, 15)
GRAVITY, END = (
    0.98,
    0.5,
)  # of the script: twice it times height and drop is the squared reach; the jet is drawn down to 0.5
LEFT, RIGHT, TOP, GAP, WATER = 3.0, 8.0, 19.0, 0.4, 5.0
LOW, HIGH = (0.0, 0.0), (20.0, 20.0)
BLACK, FIREBRICK, SKY, WHITE = (0, 0, 0), (178, 34, 34), (135, 206, 250), 255


class Flow(Scenes):
    """8,100 pictures, 6,480 to train on and 1,620 to test: 30 balls by 30 amounts of water by 9 holes.

    Quantities: radius of the ball times 30; height of the water, which the ball raises by the cube of its radius; reach of the
    jet times 10, which follows from height and hole; height of the hole times 3. The script draws the reach a little too far,
    by noise without a seed; here the noise has one. Its file names are labels cut to whole numbers, and of the 6,480 pictures
    to train on 1,226 have the name of another, which they overwrite, so that a folder holds 5,254; here all are kept.
    """

    name = "flow"
    rows = 8100
    source = "huawei-noah/trustworthyAI@46c3d29, research/CausalVAE/causal_data/flow.py and codebase/models/mask_vae_flow.py"
    concepts: ClassVar = ("ball", "water", "flow", "hole")
    centre: ClassVar = (20, 2, 59.5, 10.5)
    half_range: ClassVar = (15, 2, 26.5, 4.5)
    edges: ClassVar = ((0, 1), (1, 2), (3, 2))

    @classmethod
    def grid(cls) -> Labels:
        ball, poured, hole = (
            axis.ravel().astype(np.float64)
            for axis in np.meshgrid(BALLS, HEIGHTS, HOLES, indexing="ij")
        )
        return _with_flow(ball, (ball / 30) ** 3 + poured / 10, hole)

    @classmethod
    def held_out(cls) -> npt.NDArray[np.bool_]:
        """The script's counter puts every fifth picture into the test folder."""
        return np.arange(cls.rows) % 5 == 4

    @classmethod
    def intervene(cls, labels: Labels, concept: int, value: Labels) -> Labels:
        ball, water = labels[:, 0], labels[:, 1]
        poured = water - (ball / 30) ** 3
        changed = labels.copy()
        changed[:, concept] = value
        if concept == 2:
            return changed
        height = (value / 30) ** 3 + poured if concept == 0 else changed[:, 1]
        return _with_flow(changed[:, 0], height, changed[:, 3])

    @classmethod
    def draw(cls, labels: Labels) -> Pictures:
        pictures = np.full((len(labels), SIDE, SIDE, 3), WHITE, np.uint8)
        ball, water, reach, hole = labels.T
        cup = Canvas(LOW, HIGH, top=40, left=16, right=48)
        paint(pictures, cup, cup.rectangle(LEFT, 0, RIGHT - LEFT, WATER + water), SKY)
        _walls(pictures, hole / 3)
        floor = Canvas(LOW, HIGH, top=70, bottom=90, left=24, right=42)
        paint(pictures, floor, floor.ellipse(5.5, ball / 30 + END, ball / 30), FIREBRICK)
        outside = Canvas(LOW, HIGH, top=60, left=38)
        paint(
            pictures,
            outside,
            outside.jet(RIGHT, hole / 3, reach / 10 * cls.noise(labels), END, points=2),
            SKY,
        )
        ground = Canvas(LOW, HIGH, top=80)
        paint(pictures, ground, ground.level([0.0], [20.0], 0.2, points=2), BLACK)
        return pictures

    @staticmethod
    def noise(labels: Labels) -> Labels:
        """By what factor [n] the drawn reach exceeds the label: a hash of the quantities, so that a scene is drawn alike."""
        mixed = np.zeros(len(labels), np.uint64)
        for column in np.ascontiguousarray(labels.T).view(np.uint64):
            mixed = (mixed ^ column) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
        uniform = ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) / 2**53
        factor: Labels = np.sqrt(
            (GRAVITY + 0.01 * np.maximum(np.abs(special.ndtri(uniform)), 1)) / GRAVITY
        )
        return factor


def _walls(pictures: Pictures, hole: Labels) -> None:
    """Two walls, the right one with a gap above the hole's height."""
    canvas = Canvas(LOW, HIGH, left=16, right=48)
    paint(pictures, canvas, canvas.upright(LEFT, [0.0], [TOP], points=2), BLACK)
    each, of = np.unique(hole, return_inverse=True)
    below = canvas.upright(RIGHT, np.zeros_like(each), each, points=2)
    above = canvas.upright(RIGHT, each + GAP, np.full_like(each, TOP), points=2)
    paint(pictures, canvas, np.maximum(below, above)[of], BLACK)


def _with_flow(ball: Labels, water: Labels, hole: Labels) -> Labels:
    reach = np.sqrt(2 * GRAVITY * water * (hole / 3 - END))
    return np.stack([ball, water, 10 * reach, hole], axis=1)
