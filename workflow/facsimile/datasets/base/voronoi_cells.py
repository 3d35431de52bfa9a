"""Pictures of a Voronoi diagram: cells of one colour each, with black lines between them."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
SIDE, BORDER = 32, 2
APART = 10  # pixels between two centres, if that can be had
TRIALS = 1000
LINE = 50 / 72  # pixels; matplotlib's width of 50 points at one dot per inch
FINE = 8  # points per pixel and direction that are looked at


def masks(
    cells: int,
    random: np.random.Generator,
) -> Floats:
    """Share [cells, side²] of each pixel that each cell covers; the rest is black."""
    centres = _centres(cells, random)
    ticks = (np.arange(SIDE * FINE) + 0.5) / FINE
    x, y = np.meshgrid(ticks, ticks)
    offsets = np.stack([x, y], axis=-1)[..., None, :] - centres
    distances = np.hypot(
        offsets[..., 0],
        offsets[..., 1],
    )
    nearest = distances.argmin(axis=-1)
    is_line = _to_line(distances, centres, nearest) < LINE / 2
    shares = []
    for cell in range(cells):
        is_inside = (nearest == cell) & ~is_line
        blocks = is_inside.reshape(SIDE, FINE, SIDE, FINE)
        shares.append(blocks.mean(axis=(1, 3)).ravel())
    return np.stack(shares)


def pictures(
    shares: Floats,
    hues: Floats,
) -> npt.NDArray[np.uint8]:
    """Pictures uint8 [n, side, side, 3] whose cells have these hues [n, cells] in [0, 1)."""
    colours = rgb(hues)
    painted = np.einsum("cp,nch->nph", shares, colours, optimize=True)
    frames = painted.reshape(
        len(hues),
        SIDE,
        SIDE,
        3,
    )
    return np.rint(255 * frames).astype(np.uint8)


def rgb(hues: Floats) -> Floats:
    """Colours [..., 3] in [0, 1] of full saturation and brightness, of hues [...] in [0, 1)."""
    # Red, green and blue are a third of the circle apart.
    turns = 6 * hues[..., None] + np.array([0.0, 4.0, 2.0])
    return np.clip(
        np.abs(turns % 6 - 3) - 1,
        0,
        1,
    )


def _centres(
    cells: int,
    random: np.random.Generator,
) -> Floats:
    """Centres [cells, 2] at least ``APART`` apart, or the farthest apart of all trials."""
    best, most = np.empty((0, 2)), -1.0
    for _ in range(TRIALS):
        centres = random.uniform(
            2 * BORDER,
            SIDE - 2 * BORDER,
            size=(cells, 2),
        )
        offsets = centres[:, None] - centres
        distances = np.hypot(
            offsets[..., 0],
            offsets[..., 1],
        )
        closest = distances[~np.eye(cells, dtype=bool)].min()
        if closest > most:
            best, most = centres, closest
        if most >= APART:
            break
    return best


def _to_line(
    distances: Floats,
    centres: Floats,
    nearest: npt.NDArray[np.int64],
) -> Floats:
    """Distance of each point to the nearest line between two cells.

    A point is as far from the line between centres a and b as (d_b² - d_a²) / (2 |a - b|).
    """
    own = np.take_along_axis(
        distances,
        nearest[..., None],
        axis=-1,
    )
    offsets = centres[nearest][..., None, :] - centres
    between = np.hypot(
        offsets[..., 0],
        offsets[..., 1],
    )
    # A cell has no line with itself.
    between[between == 0] = np.finfo(float).tiny
    to_lines = (distances**2 - own**2) / (2 * between)
    np.put_along_axis(
        to_lines,
        nearest[..., None],
        np.inf,
        axis=-1,
    )
    return to_lines.min(axis=-1)
