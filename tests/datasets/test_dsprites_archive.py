"""dSprites from an archive in the official format: read in blocks, checked, and never unpickled."""

import hashlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from facsimile.datasets import DatasetError, _npz
from facsimile.datasets.base import sprite
from facsimile.datasets.dsprites import DSprites


class Two(DSprites):
    """dSprites with the square at its smallest scale and two orientations."""

    factor_sizes = (1, 1, 2, 32, 32)


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, sprung: Path) -> None:
        self.sprung = sprung

    def __reduce__(self) -> Any:
        return Path.touch, (self.sprung,)


def official() -> dict[str, np.ndarray]:
    """Arrays with the official names and types, without metadata; factors are in Fortran order."""
    bits = np.concatenate([sprite.render(0, 0, orientation) for orientation in (0, 1)])
    classes = np.indices((1, *Two.factor_sizes)).reshape(6, -1).T.astype(np.int64)
    images = np.unpackbits(bits, axis=1).reshape(-1, 64, 64)
    assert classes.flags.f_contiguous
    return {
        "imgs": images,
        "latents_classes": classes,
        "latents_values": classes.astype(np.float64),
    }


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "dsprites.npz"
    np.savez_compressed(path, **official())
    return path


def altered(path: Path, **arrays: np.ndarray) -> Path:
    np.savez_compressed(path, **(official() | arrays))
    return path


def test_images_and_origin_are_the_archives(archive: Path, tmp_path: Path) -> None:
    Two.make(tmp_path / "official.h5", archive)
    data = Two.open(tmp_path / "official.h5")
    np.testing.assert_array_equal(
        data.images(np.arange(len(data)))[..., 0], 255 * official()["imgs"]
    )
    assert data.facts["origin"] == "official"
    assert data.facts["source_sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()


def test_pickled_metadata_is_not_loaded(tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    source = altered(tmp_path / "pickled.npz", metadata=np.array(Trap(sprung), dtype=object))
    Two.make(tmp_path / "dsprites.h5", source)
    assert not sprung.exists()
    np.load(source, allow_pickle=True)["metadata"]
    assert sprung.exists(), "the trap does not work, so the test above proves nothing"


def test_pickled_images_are_refused(tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    source = altered(tmp_path / "pickled.npz", imgs=np.array(Trap(sprung), dtype=object))
    with pytest.raises(DatasetError, match=r"pickled\.npz: the array imgs is object"):
        Two.make(tmp_path / "dsprites.h5", source)
    assert not sprung.exists()


def test_other_order_is_refused(tmp_path: Path) -> None:
    classes = official()["latents_classes"]
    source = altered(tmp_path / "other.npz", latents_classes=classes[:, [0, 1, 2, 3, 5, 4]])
    with pytest.raises(
        DatasetError, match=r"other\.npz: image 1 has the factors .*, not the archive's order"
    ):
        Two.make(tmp_path / "dsprites.h5", source)
    assert not (tmp_path / "dsprites.h5").exists()


def test_pixels_other_than_0_and_1_are_refused(tmp_path: Path) -> None:
    source = altered(tmp_path / "bright.npz", imgs=255 * official()["imgs"])
    with pytest.raises(DatasetError, match=r"bright\.npz: .* pixels other than 0 and 1"):
        Two.make(tmp_path / "dsprites.h5", source)


def test_too_few_images_are_refused(tmp_path: Path) -> None:
    source = altered(tmp_path / "short.npz", imgs=official()["imgs"][:-1])
    with pytest.raises(
        DatasetError,
        match=r"short\.npz: the array imgs is uint8 \[2047, 64, 64\], the official one is",
    ):
        Two.make(tmp_path / "dsprites.h5", source)


def test_missing_array_is_named(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "part.npz", latents_classes=official()["latents_classes"])
    with pytest.raises(DatasetError, match=r"part\.npz: .*imgs\.npy"):
        Two.make(tmp_path / "dsprites.h5", tmp_path / "part.npz")


def test_truncated_archive_is_refused(archive: Path, tmp_path: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-100])
    with pytest.raises(
        DatasetError, match=r"dsprites\.npz: truncated, altered or not the official archive"
    ):
        Two.make(tmp_path / "dsprites.h5", archive)


def test_altered_byte_in_the_images_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "stored.npz"
    np.savez(source, **official())  # not compressed, so that only the CRC can tell
    data = bytearray(source.read_bytes())
    data[5000] ^= 1
    source.write_bytes(data)
    with pytest.raises(DatasetError, match=r"stored\.npz: .*CRC"):
        Two.make(tmp_path / "dsprites.h5", source)


def test_absent_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError, match=r"nowhere\.npz: there is no such file; leave the source out"
    ):
        Two.make(tmp_path / "dsprites.h5", tmp_path / "nowhere.npz")


@pytest.mark.parametrize("order", ["C", "F"])
def test_stream_reads_in_blocks(tmp_path: Path, order: Literal["C", "F"]) -> None:
    values = np.arange(2048 * 6, dtype=np.float64).reshape(2048, 6)
    np.savez(tmp_path / "a.npz", values=np.array(values, order=order))
    blocks = list(_npz.stream(tmp_path / "a.npz", "values", np.float64, (2048, 6), 1000))
    assert [len(block) for block in blocks] == [1000, 1000, 48]
    np.testing.assert_array_equal(np.concatenate(blocks), values)
