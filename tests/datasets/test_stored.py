"""A data set's file is written whole or not at all; if anything is wrong, the error names it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import facsimile.datasets
from facsimile.datasets import DatasetError
from facsimile.datasets.base.file import Rows
from facsimile.datasets.toy import Toy
from facsimile.foundation.discover import UnknownName


class Breaking(Toy):
    """Fails after its first images."""

    @classmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        yield next(super().blocks(source))[:10]
        raise KeyboardInterrupt


class Short(Toy):
    """Stops before its last image."""

    @classmethod
    def blocks(cls, source: Path | None) -> Iterator[Rows]:
        yield next(super().blocks(source))[:-1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Toy.make(tmp_path / "toy.h5")
    return tmp_path / "toy.h5"


def test_interrupted_making_leaves_the_old_file_and_nothing_else(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        Breaking.make(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_too_few_images_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError,
        match=r"toy\.h5: 383 images were made, the data set has 384; nothing was written",
    ):
        Short.make(tmp_path / "toy.h5")
    assert not list(tmp_path.iterdir())


def test_made_twice_is_the_same_file(path: Path) -> None:
    before = path.read_bytes()
    Toy.make(path)
    assert path.read_bytes() == before


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    reports: list[tuple[int, int]] = []
    Toy.make(tmp_path / "toy.h5", progress=lambda done, total: reports.append((done, total)))
    assert reports[-1] == (384, 384)


@pytest.mark.parametrize("kept", [0, 100, 0.5, -1])
def test_truncated_file_is_refused_by_name(path: Path, kept: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    with pytest.raises(
        DatasetError, match=r"toy\.h5: truncated or not a data set's file .*remove the file"
    ):
        Toy.open(path)


@pytest.mark.slow
def test_no_altered_byte_goes_unnoticed(path: Path) -> None:
    data, whole = path.read_bytes(), Toy.open(path)
    expected = whole.images(np.arange(len(whole)))
    refused = []
    for position in np.random.default_rng(0).choice(len(data), 300, replace=False):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x10]) + data[position + 1 :])
        try:
            opened = Toy.open(path)
        except DatasetError as error:
            refused.append(str(error))
        else:  # a byte that HDF5 does not use
            np.testing.assert_array_equal(opened.images(np.arange(len(whole))), expected)
            assert opened.facts == whole.facts
    assert len(refused) > 150
    assert all(message.startswith(f"{path}: ") for message in refused)


def test_altered_contents_in_a_sound_file_are_refused(path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "r+") as file:
        file["rows"][5, 30, 30, 0] ^= 1
    with pytest.raises(
        DatasetError, match=r"toy\.h5: altered since it was written \(checksum differs\)"
    ):
        Toy.open(path)


def test_altered_fact_is_refused(path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "r+") as file:
        file.attrs["origin"] = "official"
    with pytest.raises(DatasetError, match=r"toy\.h5: altered"):
        Toy.open(path)


def test_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"toy\.h5: there is no such file; make it first"):
        Toy.open(tmp_path / "toy.h5")


def test_text_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "toy.h5").write_text("not HDF5")
    with pytest.raises(DatasetError, match=r"toy\.h5: truncated or not a data set's file"):
        Toy.open(tmp_path / "toy.h5")


def test_generated_set_takes_no_source(tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError, match=r"a\.npz: the data set toy is generated and takes no source"
    ):
        Toy.make(tmp_path / "toy.h5", tmp_path / "a.npz")


def test_dataset_makes_an_absent_file_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "data" / "toy.h5"
    assert isinstance(facsimile.datasets.dataset("toy", path), Toy)
    assert f"{path}: missing; making the data set toy" in capsys.readouterr().err
    facsimile.datasets.dataset("toy", path)
    assert capsys.readouterr().err == ""


def test_dataset_by_default_lies_in_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    facsimile.datasets.dataset("toy")
    assert (tmp_path / "results" / "data" / "toy.h5").is_file()


def test_unknown_data_set_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="no data set 'dsprite'; did you mean 'dsprites'"):
        facsimile.datasets.dataset("dsprite")
