"""Draws a solid in the corner of a room, as brightness of its surfaces.

The floor is the plane z = 0, the walls are x = -WALL and y = -WALL, and the solid stands where all
axes are 0. Rays are parallel, and each meets the nearest surface; the solid is found by sphere
tracing (Hart 1996): a ray is followed in steps as long as the distance to the solid.

Only sums, products, quotients and square roots of arrays are used, which every processor rounds
the same.
"""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

SIDE = 16
SHAPES = 4
_SUPER = 4  # rays along each side of a pixel
_WALL = 2.2  # distance of both walls from the solid
_WIDTH = 2.3  # half the width of the picture
_HEIGHT = 0.75  # of the centre of the picture above the floor
_ELEVATION = math.radians(25)  # of the camera
_FAR = 20.0  # from the solid to where rays start
_NUDGE = 1e-4  # by which a point is moved to find the normal
_STEPS = 48  # of sphere tracing
_NEAR = 1e-3  # distance to the solid at which a ray has met it
_FLOOR_LIGHT, _LEFT_LIGHT, _RIGHT_LIGHT = 0.95, 0.8, 0.6
_LIGHT = np.array([0.48, 0.64, 0.6])  # direction to the lamp, of length 1
_AMBIENT = 0.4  # brightness of the solid where no light falls on it
Floats = npt.NDArray[np.float64]
# From points [3, rays, rays] and half the height of the solid to distances [rays, rays].
Distance = Callable[[Floats, float], Floats]


def render(
    shape: int,
    size: float,
    angle: float,
) -> Floats:
    """Brightness of floor, walls and solid, float64 [3, 16, 16] from 0 to 1.

    A pixel that shows several surfaces has a share of each.

    - ``shape``: 0 cube, 1 cylinder, 2 ball, 3 capsule.
    - ``size``: 1 for a cube whose sides are 1.4 long; the walls are 2.2 from its centre.
    - ``angle``: of the view, in radians to the right of the diagonal of the room.
    """
    start, direction = _rays(angle)
    room = _background(start, direction)
    solid = _trace(start, direction, SOLIDS[shape], 0.7 * size)
    behind = np.where(np.isnan(solid), room, 0.0)
    before = np.nan_to_num(solid)
    brightness = np.stack([*behind, before])
    squares = brightness.reshape(3, SIDE, _SUPER, SIDE, _SUPER)
    return squares.mean(axis=(2, 4))


def _cube(
    points: Floats,
    half: float,
) -> Floats:
    return _box(_from_centre(points, half), half)


def _cylinder(
    points: Floats,
    half: float,
) -> Floats:
    x, y, z = _from_centre(points, half)
    zero = np.zeros_like(z)
    from_axis = _length(np.stack([x, y, zero]))
    return _box(np.stack([from_axis, zero, z]), half)


def _ball(
    points: Floats,
    half: float,
) -> Floats:
    return _length(_from_centre(points, half)) - half


def _capsule(
    points: Floats,
    half: float,
) -> Floats:
    radius = 0.65 * half
    x, y, z = _from_centre(points, half)
    beyond_axis = np.maximum(z - (half - radius), 0)
    return _length(np.stack([x, y, beyond_axis])) - radius


SOLIDS: tuple[Distance, ...] = (_cube, _cylinder, _ball, _capsule)


def _from_centre(
    points: Floats,
    half: float,
) -> Floats:
    """Distances along the axes from the centre of the solid, which is ``half`` above the floor."""
    x, y, z = points
    return np.abs(np.stack([x, y, z - half]))


def _box(
    from_centre: Floats,
    half: float,
) -> Floats:
    """Distance to a cube; negative inside."""
    beyond = from_centre - half
    outside = _length(np.maximum(beyond, 0))
    inside = np.minimum(beyond.max(axis=0), 0)
    return outside + inside


def _length(vectors: Floats) -> Floats:
    x, y, z = vectors
    squared = x * x + y * y + z * z
    return np.sqrt(squared)


def _rays(angle: float) -> tuple[Floats, Floats]:
    """Where the rays start, [3, rays, rays], and their common direction, [3, 1, 1]."""
    # math and not numpy: the last bit of numpy's sine differs between processors.
    turn = math.pi / 4 + angle
    cos, sin = math.cos(turn), math.sin(turn)
    rise, run = math.sin(_ELEVATION), math.cos(_ELEVATION)
    back = _column(run * cos, run * sin, rise)  # from the solid to the camera
    right = _column(-sin, cos, 0.0)
    up = _column(-rise * cos, -rise * sin, run)
    rays = SIDE * _SUPER
    spacing = 2 * _WIDTH / rays
    across = (np.arange(rays) + 0.5) * spacing - _WIDTH
    down = across[:, None]
    centre = _column(0.0, 0.0, _HEIGHT) + _FAR * back
    start = centre + across * right - down * up
    return start, -back


def _column(
    x: float,
    y: float,
    z: float,
) -> Floats:
    return np.array([x, y, z]).reshape(3, 1, 1)


def _background(
    start: Floats,
    direction: Floats,
) -> Floats:
    """Brightness of floor and walls as if there were no solid, [2, rays, rays]."""
    planes = _column(-_WALL, -_WALL, 0.0)
    left, right, floor = (planes - start) / direction
    wall = np.minimum(left, right)
    wall_light = np.where(left <= right, _LEFT_LIGHT, _RIGHT_LIGHT)
    is_floor = floor <= wall
    floor_brightness = np.where(is_floor, _FLOOR_LIGHT, 0.0)
    wall_brightness = np.where(is_floor, 0.0, wall_light)
    return np.stack([floor_brightness, wall_brightness])


def _trace(
    start: Floats,
    direction: Floats,
    solid: Distance,
    half: float,
) -> Floats:
    """Brightness of the solid, [rays, rays]; NaN where a ray misses it."""
    points = start
    for _ in range(_STEPS):
        points = points + solid(points, half) * direction
    is_hit = solid(points, half) < _NEAR
    return np.where(is_hit, _shade(points, solid, half), np.nan)


def _shade(
    points: Floats,
    solid: Distance,
    half: float,
) -> Floats:
    """Lambert's cosine law: the normal is the gradient of the distance."""
    here = solid(points, half)
    gradient = []
    for axis in range(3):
        moved = points.copy()
        moved[axis] += _NUDGE
        gradient.append(solid(moved, half) - here)
    x, y, z = gradient
    towards_light = x * _LIGHT[0]
    towards_light += y * _LIGHT[1]
    towards_light += z * _LIGHT[2]
    length = np.maximum(_length(np.stack(gradient)), 1e-12)
    cosine = np.maximum(towards_light / length, 0)
    return _AMBIENT + (1 - _AMBIENT) * cosine
