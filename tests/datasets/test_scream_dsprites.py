"""Scream-dSprites: patches and colours are distributed, and the picture is scaled, as published."""

import json
from pathlib import Path

import archives
import numpy as np
import pytest
from PIL import Image

from facsimile.datasets import DatasetError
from facsimile.datasets.base import sprite as base_sprite
from facsimile.datasets.dsprites import DSprites
from facsimile.datasets.scream_dsprites import ScreamDSprites, _thumbnail

N = 2048


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> ScreamDSprites:
    folder = tmp_path_factory.mktemp("scream")
    small, source = archives.small(ScreamDSprites, folder)
    small.make(folder / "scream_dsprites.h5", source)
    return small.open(folder / "scream_dsprites.h5")


def of(picture: np.ndarray) -> ScreamDSprites:
    """The data set of one sprite and this picture, without a file."""
    small = type("Small", (ScreamDSprites,), {"factor_sizes": (1, 1, 2, 32, 32)})
    behind = np.zeros((-(-picture.size // 512), 512), np.uint8)
    behind.ravel()[: picture.size] = picture.ravel()
    sprites = [base_sprite.render(0, 0, orientation) for orientation in (0, 1)]
    return small(np.concatenate([*sprites, behind]), {"picture_shape": json.dumps(picture.shape)})


def inside() -> np.ndarray:
    return (
        DSprites(np.concatenate([base_sprite.render(0, 0, o) for o in (0, 1)]), {}).images(
            np.arange(N)
        )[..., 0]
        > 0
    )


def test_a_sprite_inverts_what_is_behind_it() -> None:
    flat = of(np.full((80, 90, 3), 100, np.uint8))
    images, sprite = flat.images(np.arange(N), np.random.default_rng(0)), inside()
    for image, mask in zip(images[:100], sprite, strict=False):
        [behind] = np.unique(image[~mask], axis=0)
        [front] = np.unique(image[mask], axis=0)
        np.testing.assert_array_equal(front, 255 - behind)
        assert (behind >= 50).all()
        assert (behind <= 178).all()


def test_colours_are_uniform_and_independent() -> None:
    flat = of(np.zeros((80, 90, 3), np.uint8))
    colours = flat.images(np.arange(N), np.random.default_rng(0))[:, 0, 0].astype(
        float
    )  # no sprite reaches the corner
    assert colours.mean(axis=0) == pytest.approx([255 / 4] * 3, abs=4 * 127.5 / np.sqrt(12 * N))
    assert colours.std(axis=0) == pytest.approx([127.5 / np.sqrt(12)] * 3, rel=0.05)
    assert np.corrcoef(colours.T)[np.triu_indices(3, 1)] == pytest.approx(
        [0] * 3, abs=4 / np.sqrt(N)
    )


def test_places_are_uniform_but_for_the_last(data: ScreamDSprites) -> None:
    # In this picture, each pixel says where it is: red its row, green its column, blue nothing.
    rows, columns = np.indices((72, 70))
    images = of(np.stack([rows, columns, 0 * rows], axis=2).astype(np.uint8) * 2).images(
        np.arange(N), np.random.default_rng(0)
    )
    corner, beside = images[:, 0, 0].astype(int), images[:, 63, 63].astype(int)
    assert set((beside - corner)[:, 0]) == {63}
    # 8 x 6 places. The colour hides which one is seen, so it is taken from the generator's draws.
    rng = np.random.default_rng(0)
    top, left = rng.integers(0, 72 - 64, N), rng.integers(0, 70 - 64, N)
    colour = rng.uniform(0, 255, (N, 3))
    np.testing.assert_allclose(
        corner, (2 * np.stack([top, left, 0 * top], axis=1) + colour) / 2, atol=0.5001
    )


def test_an_image_is_what_the_studys_code_makes_of_the_same_draws(data: ScreamDSprites) -> None:
    picture = np.moveaxis(data._picture, 0, 2) / 255.0
    images = data.images(np.arange(N), np.random.default_rng(3))
    rng = np.random.default_rng(3)
    top, left = (rng.integers(0, size - 64, N) for size in picture.shape[:2])
    uniform = rng.uniform(0, 255, (N, 3)) / 255
    for image, mask, y, x, u in list(zip(images, inside(), top, left, uniform, strict=True))[::50]:
        background = (picture[y : y + 64, x : x + 64] + u) / 2
        background[mask] = 1 - background[mask]
        np.testing.assert_allclose(image / 255, background, atol=0.5001 / 255)


def test_the_picture_is_kept_in_the_file_and_its_origin_with_it(data: ScreamDSprites) -> None:
    assert data._picture.shape == (3, 274, 219)
    assert data.facts["origin"] == "unverified"
    assert set(json.loads(data.facts["source_sha256"])) == {"scream.jpg"}
    assert len(data._rows) == len(data) == N


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((640, 800), (219, 274)),
        ((1607, 2009), (219, 274)),
        ((700, 274), (350, 137)),
        ((300, 200), (300, 200)),
        ((351, 100), (350, 99)),
    ],
    ids=str,
)
def test_the_picture_fits_as_pillow_made_it_fit_in_2018(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    """Two integer divisions in sequence: 351 x 100 becomes 350 x 99 (Pillow 13: 350 x 100)."""
    width, height = size
    Image.new("RGB", (width, height), (10, 20, 30)).save(tmp_path / "a.png")
    small = _thumbnail(tmp_path / "a.png")
    assert small.shape == (expected[1], expected[0], 3)
    assert (small == (10, 20, 30)).all()


def test_a_jpeg_is_decoded_at_a_fraction_first(tmp_path: Path) -> None:
    [pixels] = archives.pixels(0, 1, 1096, 880, 3)
    Image.fromarray(pixels).save(tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as picture:
        picture.draft(None, (220, 274))
        assert picture.size == (220, 274)  # a quarter
        np.testing.assert_array_equal(_thumbnail(tmp_path / "a.jpg"), np.asarray(picture))


def test_a_picture_that_is_too_small_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (64, 200)).save(tmp_path / "a.png")
    with pytest.raises(
        DatasetError,
        match=r"a\.png: too small: scaled down, it has 64 × 200 pixels, and patches have 64",
    ):
        _thumbnail(tmp_path / "a.png")


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("<html>not found</html>")
    with pytest.raises(
        DatasetError, match=r"a\.jpg: truncated or not a picture .*remove it, and download it again"
    ):
        ScreamDSprites.make(tmp_path / "scream.h5", tmp_path / "a.jpg")


@pytest.mark.slow
def test_a_real_picture(shared: Path, tmp_path: Path) -> None:
    """A scan of the painting, 250 x 319, not the study's file, has a photograph's contrast."""
    path = shared / "data" / "scream" / "scream.jpg"
    if not path.exists():
        pytest.skip(f"no real picture at {path}")
    small = type("Small", (ScreamDSprites,), {"factor_sizes": (1, 1, 2, 32, 32)})
    small.make(tmp_path / "scream.h5", path)
    data = small.open(tmp_path / "scream.h5")
    assert data._picture.shape == (3, 274, 214)
    images = data.images(np.arange(N), np.random.default_rng(0))
    assert 5 < data._picture.std() / 2 < images[:, 0, :, :].std()  # halved, and a colour is added
    assert len(np.unique(images.reshape(N, -1), axis=0)) == N
