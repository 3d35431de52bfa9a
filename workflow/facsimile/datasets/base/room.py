"""Draws a solid in the corner of a room, as brightness of its surfaces.

The floor is the plane z = 0, the walls are x = -WALL and y = -WALL, and the solid stands where all
axes are 0. Rays are parallel, and each meets the nearest surface; the solid is found by sphere
tracing (Hart 1996): a ray is followed in steps as long as the distance to the solid.

Only sums, products, quotients and square roots of arrays are used, which every processor rounds
the same.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

SIDE = 16
SHAPES = 4
_SUPER = 4  # rays along each side of a pixel
_WALL = 2.2  # distance of both walls from the solid
_WIDTH = 2.3  # half the width of the picture
_HEIGHT = 0.75  # of the centre of the picture above the floor
_ELEVATION = math.radians(25)  # of the camera
_STEPS = 48  # of sphere tracing
_NEAR = 1e-3  # distance to the solid at which a ray has met it
_FLOOR_LIGHT, _LEFT_LIGHT, _RIGHT_LIGHT = 0.95, 0.8, 0.6
_LIGHT = (0.48, 0.64, 0.6)  # direction to the lamp, of length 1
_AMBIENT = 0.4  # brightness of the solid where no light falls on it
Floats = npt.NDArray[np.float64]


class Points(NamedTuple):
    """Coordinates of many points or directions."""

    x: Floats
    y: Floats
    z: Floats


Distance = Callable[[Points, float], Floats]


def render(shape: int, size: float, angle: float) -> Floats:
    """Brightness of floor, walls and solid, float64 [3, 16, 16] from 0 to 1.

    A pixel that shows several surfaces has a share of each.

    - ``shape``: 0 cube, 1 cylinder, 2 ball, 3 capsule.
    - ``size``: 1 for a cube whose sides are 1.4 long; the walls are 2.2 from its centre.
    - ``angle``: of the view, in radians to the right of the diagonal of the room.
    """
    start, direction = _rays(angle)
    surface = _background(start, direction)
    solid = _trace(start, direction, SOLIDS[shape], 0.7 * size)
    lit = np.where(np.isnan(solid), surface, 0.0)
    brightness = np.concatenate([lit, np.nan_to_num(solid)[None]])
    pixels = brightness.reshape(3, SIDE, _SUPER, SIDE, _SUPER)
    return pixels.mean(axis=(2, 4))


def _cube(at: Points, half: float) -> Floats:
    return _box(np.abs(at.x) - half, np.abs(at.y) - half, np.abs(at.z - half) - half)


def _cylinder(at: Points, half: float) -> Floats:
    from_axis = np.sqrt(at.x * at.x + at.y * at.y)
    none = np.full_like(from_axis, -half)
    return _box(from_axis - half, none, np.abs(at.z - half) - half)


def _ball(at: Points, half: float) -> Floats:
    return _length(at.x, at.y, at.z - half) - half


def _capsule(at: Points, half: float) -> Floats:
    radius = 0.65 * half
    on_axis = np.clip(at.z, radius, 2 * half - radius)
    return _length(at.x, at.y, at.z - on_axis) - radius


SOLIDS: tuple[Distance, ...] = (_cube, _cylinder, _ball, _capsule)


def _box(x: Floats, y: Floats, z: Floats) -> Floats:
    """Distance to a box, from the distances to its faces along each axis (negative: inside)."""
    outside = _length(np.maximum(x, 0), np.maximum(y, 0), np.maximum(z, 0))
    inside = np.minimum(np.maximum(x, np.maximum(y, z)), 0)
    return outside + inside


def _length(x: Floats, y: Floats, z: Floats) -> Floats:
    return np.sqrt(x * x + y * y + z * z)


def _rays(angle: float) -> tuple[Points, Points]:
    """Where the rays start, outside of the room, and their common direction."""
    # math and not numpy: the last bit of numpy's sine differs between processors.
    turn = math.pi / 4 + angle
    cos, sin = math.cos(turn), math.sin(turn)
    up, along = math.sin(_ELEVATION), math.cos(_ELEVATION)
    rays = SIDE * _SUPER
    across = (np.arange(rays) + 0.5) * (2 * _WIDTH / rays) - _WIDTH
    u, v = np.meshgrid(across, -across)
    # The camera looks along -(along·cos, along·sin, up); u goes to the right, v upwards.
    far = 20.0
    start = Points(
        far * along * cos - u * sin - v * up * cos,
        far * along * sin + u * cos - v * up * sin,
        far * up + v * along + _HEIGHT,
    )
    same = np.ones_like(u)
    return start, Points(-along * cos * same, -along * sin * same, -up * same)


def _background(start: Points, direction: Points) -> Floats:
    """Brightness of floor and walls as if there were no solid, [2, rays, rays]."""
    to_floor = -start.z / direction.z
    to_left = (-_WALL - start.x) / direction.x
    to_right = (-_WALL - start.y) / direction.y
    nearest = np.minimum(to_floor, np.minimum(to_left, to_right))
    floor = np.where(to_floor == nearest, _FLOOR_LIGHT, 0.0)
    walls = np.where(to_left <= to_right, _LEFT_LIGHT, _RIGHT_LIGHT)
    return np.stack([floor, np.where(to_floor == nearest, 0.0, walls)])


def _trace(start: Points, direction: Points, solid: Distance, half: float) -> Floats:
    """Brightness of the solid, [rays, rays]; NaN where a ray misses it."""
    travelled = np.zeros_like(start.x)
    for _ in range(_STEPS):
        travelled = travelled + solid(_along(start, direction, travelled), half)
    at = _along(start, direction, travelled)
    hit = solid(at, half) < _NEAR
    return np.where(hit, _shade(at, solid, half), np.nan)


def _along(start: Points, direction: Points, distance: Floats) -> Points:
    return Points(
        start.x + distance * direction.x,
        start.y + distance * direction.y,
        start.z + distance * direction.z,
    )


def _shade(at: Points, solid: Distance, half: float) -> Floats:
    """Lambert's cosine law: the normal is the gradient of the distance."""
    small = 1e-4
    here = solid(at, half)
    x = solid(at._replace(x=at.x + small), half) - here
    y = solid(at._replace(y=at.y + small), half) - here
    z = solid(at._replace(z=at.z + small), half) - here
    towards = x * _LIGHT[0] + y * _LIGHT[1] + z * _LIGHT[2]
    cosine = np.maximum(towards / np.maximum(_length(x, y, z), 1e-12), 0)
    return _AMBIENT + (1 - _AMBIENT) * cosine
