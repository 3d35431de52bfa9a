"""What setting one quantity of the pendulum does to the others, and pictures after it.

The causal equations are those of ``noisy_pendulum``: light and angle have no causes, and both are
causes of length and position of the shadow.
"""

import numpy as np
import numpy.typing as npt

from facsimile.papers.dear.datasets import noisy_pendulum
from facsimile.papers.dear.datasets.noisy_pendulum import GROUND, PIVOT, QUANTITIES, TIP

Matrix = npt.NDArray[np.float64]
SIDE = 16  # height and width of the pictures of the true renderer
ROWS = 250  # training rows in which a quantity or latent is set; the peers take all
CAUSES, EFFECTS = (0, 1), (2, 3)  # light and angle; length and position
# A measured shadow has a deviation of 0.1; one that is farther off is random and has no causes.
FARTHEST = 6 * noisy_pendulum.NOISE


def shadows(light: Matrix, angle: Matrix) -> Matrix:
    """Return length and position of shadows without noise, [n, 2].

    Args:
        light: angle of the light in radians, [n].
        angle: angle of the pendulum in radians, [n].
    """
    tip_x = PIVOT[0] + TIP * np.sin(angle)
    tip_y = PIVOT[1] - TIP * np.cos(angle)
    of_pivot = PIVOT[0] - (PIVOT[1] - GROUND) / np.tan(light)
    of_tip = tip_x - (tip_y - GROUND) / np.tan(light)
    return np.stack((of_tip - of_pivot, (of_tip + of_pivot) / 2), axis=1)


def after(
    values: Matrix,
    quantity: int,
    value: float,
) -> Matrix:
    """Return the quantities [n, 4] that rows would have had under do(quantity = value).

    The noise of each shadow stays as it was. Random shadows, a fifth of all, have no causes, and
    stay as they are.

    Args:
        values: quantities [n, 4], angles in radians.
        quantity: which of them is set, from 0 to 3.
        value: what it is set to.
    """
    before = shadows(*values[:, CAUSES].T)
    noise = values[:, EFFECTS] - before
    has_causes = np.abs(noise).max(axis=1) < FARTHEST
    changed = values.copy()
    changed[:, quantity] = value
    if quantity in CAUSES:
        moved = shadows(*changed[:, CAUSES].T) + noise
        changed[np.ix_(has_causes, EFFECTS)] = moved[has_causes]
    return changed


def ends(values: Matrix) -> Matrix:
    """Return the lowest and the highest value of each quantity, [2, 4]."""
    return np.stack((values.min(axis=0), values.max(axis=0)))


def effects(
    values: Matrix,
) -> npt.NDArray[np.float64]:
    """Return what changes if a quantity moves from its lowest to its highest value, [4, 4, n].

    The first index is the quantity that is set, the second the one that changes. The unit is the
    range of the latter, and no value is below 0 or above 1, since a reader of pictures has such a
    range.

    Args:
        values: quantities [n, 4].
    """
    low, high = ends(values)
    changes = np.empty((len(QUANTITIES), len(QUANTITIES), len(values)))
    for quantity in range(len(QUANTITIES)):
        scaled = []
        for end in (low, high):
            moved = after(values, quantity, end[quantity])
            scaled.append(np.clip((moved - low) / (high - low), 0, 1))
        changes[quantity] = (scaled[1] - scaled[0]).T
    return changes


def pictures(
    values: Matrix,
    rows: npt.NDArray[np.int64],
) -> npt.NDArray[np.uint8]:
    """Return pictures of rows after each quantity is set to both ends, [4, 2, n, 16, 16, 3].

    Args:
        values: quantities of all rows [n, 4]; they decide the ends.
        rows: numbers of the rows to draw.
    """
    chosen = values[rows]
    white = np.zeros(len(rows), np.int64)
    drawn = []
    for end in ends(values):
        for quantity in range(len(QUANTITIES)):
            moved = after(chosen, quantity, end[quantity])
            drawn.append(averaged(noisy_pendulum.draw(moved, white), SIDE))
    shape = (2, len(QUANTITIES), len(rows), SIDE, SIDE, 3)
    return np.stack(drawn).reshape(shape).swapaxes(0, 1)


def averaged(
    images: npt.NDArray[np.uint8],
    side: int,
) -> npt.NDArray[np.uint8]:
    """Return images [n, h, h, c] averaged to [n, side, side, c]; side must be a divisor of h."""
    n, height, _, channels = images.shape
    block = height // side
    blocks = images.reshape(n, side, block, side, block, channels)
    return blocks.mean(axis=(2, 4)).round().astype(np.uint8)
