"""Miniature worlds: averages of the study's own, and worlds whose difficulty is by construction."""

import itertools

import archives
import numpy as np
import pytest

from facsimile import datasets
from facsimile.datasets.base import room as base_room
from facsimile.datasets.base import sprite as base_sprite
from facsimile.datasets.dsprites import DSprites
from facsimile.datasets.mini_color_dsprites import MiniColorDSprites
from facsimile.datasets.mini_dsprites import MiniDSprites
from facsimile.datasets.mini_noisy_dsprites import MiniNoisyDSprites
from facsimile.datasets.mini_room import MiniRoom
from facsimile.datasets.mini_scream_dsprites import MiniScreamDSprites
from facsimile.datasets.mini_uneven import MiniUneven

N = 256  # one sprite at all its positions


@pytest.fixture(scope="module")
def rows():
    """The rows of the first sprite, a small square."""
    small = type("Small", (MiniDSprites,), {"factor_sizes": (1, 1, 1, 16, 16)})
    [block] = small.blocks(None)
    return block


def averaged(images):
    """Means of 4 × 4 pixels of images [n, 64, 64, c]."""
    n, height, width, channels = images.shape
    squares = images.reshape(n, height // 4, 4, width // 4, 4, channels)
    return squares.mean(axis=(2, 4))


def test_images_are_those_of_dsprites_averaged(rows):
    large = DSprites(base_sprite.render(0, 0, 0), {})
    kept = np.arange(1024).reshape(32, 32)[::2, ::2].ravel()
    expected = averaged(large.images(kept))
    np.testing.assert_allclose(MiniDSprites(rows, {}).images(np.arange(N)), expected, atol=0.5)


def test_its_factors_are_a_subgrid_of_dsprites():
    strides = {"orientation": 4, "x_position": 2, "y_position": 2}
    whole = datasets.grid("dsprites").subgrid(strides)
    mini = datasets.grid("mini_dsprites")
    assert mini.factor_sizes == whole.factor_sizes
    assert mini.factor_names == whole.factor_names
    assert mini.factor_kinds == whole.factor_kinds
    for factor in mini.factor_names:
        np.testing.assert_array_equal(mini.values(factor), whole.values(factor))


def test_every_fourth_orientation_is_rendered():
    small = type("Small", (MiniDSprites,), {"factor_sizes": (1, 1, 2, 16, 16)})
    first, second = small.blocks(None)
    large = DSprites(base_sprite.render(0, 0, 4), {})
    np.testing.assert_allclose(
        second[0].reshape(16, 16), averaged(large.images([0]))[0, ..., 0], atol=0.5
    )
    assert np.any(first != second)


def test_a_colour_multiplies_the_sprite_and_is_uniform_above_one_half(rows):
    grey = MiniDSprites(rows, {}).images(np.arange(N)).astype(float)
    images = MiniColorDSprites(rows, {}).images(np.arange(N), np.random.default_rng(0))
    brightest = grey.reshape(N, -1).argmax(axis=1)
    pixels = images.reshape(N, -1, 3)[np.arange(N), brightest]
    colours = pixels / grey.reshape(N, -1)[np.arange(N), brightest][:, None]
    np.testing.assert_allclose(images, grey * colours[:, None, None], atol=2)
    assert colours.min() >= 0.49
    # Uniform on [0.5, 1]: mean 0.75, sd 0.1443; four standard errors of the mean.
    assert colours.mean(axis=0) == pytest.approx([0.75] * 3, abs=4 * 0.1443 / 16)


def test_noise_is_added_to_the_sprite_and_clipped(rows):
    grey = MiniDSprites(rows, {}).images(np.arange(N)).astype(int)
    images = MiniNoisyDSprites(rows, {}).images(np.arange(N), np.random.default_rng(0))
    noise = np.random.default_rng(0).integers(0, 256, images.shape, np.uint8)
    np.testing.assert_array_equal(images, np.minimum(grey + noise, 255))


@pytest.fixture(scope="module")
def scream(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scream")
    small, source = archives.small(MiniScreamDSprites, folder)
    small.make(folder / "mini_scream_dsprites.h5", source)
    return small.open(folder / "mini_scream_dsprites.h5")


def test_a_background_is_a_patch_of_the_picture_averaged(scream):
    images = scream.images(np.arange(N), np.random.default_rng(3))
    rng = np.random.default_rng(3)
    picture = np.moveaxis(scream._picture, 0, 2)
    top, left = (rng.integers(0, size - 64, N) for size in picture.shape[:2])
    uniform = rng.uniform(0, 255, (N, 3))
    sprites = scream.decode(scream._rows[:N]) / 255
    for index in range(0, N, 16):
        y, x = top[index], left[index]
        patch = averaged(picture[None, y : y + 64, x : x + 64])[0]
        behind = (patch + uniform[index]) / 2
        share = sprites[index]
        expected = (1 - share) * behind + share * (255 - behind)
        np.testing.assert_allclose(images[index], expected, atol=0.51)


def test_the_picture_of_the_file_is_that_of_scream_dsprites(scream):
    assert scream._picture.shape == (3, 274, 219)
    assert scream.facts["origin"] == "unverified"


def rendered(**factors):
    """Brightness of floor, walls and solid, 1.0 for what is not named."""
    defaults = {"shape": 2, "size": 1.0, "angle": 0.0}
    return base_room.render(**defaults | factors)


def test_a_room_seen_from_the_middle_is_symmetric_except_for_its_light():
    floor, walls, _ = rendered()
    np.testing.assert_allclose(floor, floor[:, ::-1], atol=0.1)
    assert ((walls > 0) == (walls > 0)[:, ::-1]).all()
    assert walls[0, 0] != walls[0, -1]


def test_a_ball_has_the_area_of_its_disc():
    """A parallel projection of a ball of radius 0.7 is a disc; a pixel is 4.6 / 16 wide."""
    _, _, ball = rendered(shape=2)
    lit = ball > 0
    area = np.pi * 0.7**2 / (4.6 / 16) ** 2
    edge = 2 * np.pi * 0.7 / (4.6 / 16)  # pixels that are partly covered
    assert area <= lit.sum() <= area + edge


@pytest.mark.parametrize("factor", ["shape", "size", "angle"])
def test_each_factor_of_the_room_changes_the_picture(factor):
    values = {"shape": [0, 1, 2, 3], "size": [0.7, 1.3], "angle": [-0.5, 0.0, 0.5]}[factor]
    pictures = [rendered(**{factor: value}) for value in values]
    for first, second in itertools.pairwise(pictures):
        assert np.abs(first - second).max() > 0.1


@pytest.mark.slow
def test_hues_colour_their_own_surface_only():
    blocks = list(MiniRoom.blocks(None))
    first, other_object = blocks[0].astype(int), blocks[1].astype(int)
    changed = (first != other_object).any(axis=(0, 3))
    assert changed.any()
    assert not changed[0].any(), "the object does not reach the upper edge"
    assert len(blocks) * len(blocks[0]) == np.prod(MiniRoom.factor_sizes)


def test_factors_of_mini_uneven_change_very_different_numbers_of_levels():
    [images] = MiniUneven.blocks(None)
    grid = images.reshape(*MiniUneven.factor_sizes, -1).astype(float)
    change = {}
    for axis, factor in enumerate(MiniUneven.factor_names):
        change[factor] = np.square(np.diff(grid, axis=axis)).sum(axis=-1).mean()
    order = sorted(change, key=change.get, reverse=True)
    assert order[-1] == "lamp"
    assert change["x_position"] == pytest.approx(change["y_position"])
    assert max(change.values()) > 100 * change["lamp"]


def test_the_lamp_is_never_covered():
    [images] = MiniUneven.blocks(None)
    lamp = images.reshape(*MiniUneven.factor_sizes, 16, 16)[..., 0, 0]
    expected = np.broadcast_to([0, 51, 102, 153, 204, 255], lamp.shape)
    np.testing.assert_array_equal(lamp, expected)
