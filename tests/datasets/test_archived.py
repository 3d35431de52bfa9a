"""Official files of a data set are found or downloaded, and recognised by their checksum."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import archives
import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner
from webserver import Site

import facsimile.datasets
from facsimile.__main__ import app
from facsimile.datasets import DatasetError
from facsimile.datasets.base import unverified
from facsimile.datasets.mpi3d import MPI3D
from facsimile.foundation import discover, provenance

NAME = "mpi3d_toy.npz"


@pytest.fixture
def data_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[MPI3D]:
    """A small class in place of the real one; its archive is in ``theirs``."""
    monkeypatch.delenv("FACSIMILE_DATA_DIR", raising=False)
    (tmp_path / "theirs").mkdir()
    toy = discover.load_class("datasets", "mpi3d_toy", MPI3D)
    small, _ = archives.small(toy, tmp_path / "theirs")
    monkeypatch.setattr(discover, "_member", lambda family, name: small)
    assert discover.load_class("datasets", "mpi3d_toy", MPI3D) is small
    return small


def offer(data_class: type[MPI3D], *addresses: str) -> None:
    data_class.files = tuple(
        dataclasses.replace(official, addresses=addresses) for official in data_class.files
    )


def test_an_absent_data_set_is_downloaded_and_made(
    data_class: type[MPI3D],
    tmp_path: Path,
    web: Callable[[dict[str, bytes]], Site],
    capsys: pytest.CaptureFixture[str],
) -> None:
    site = web({f"/new/{NAME}": (tmp_path / "theirs" / NAME).read_bytes()})
    offer(data_class, f"{site.address}/old/{NAME}", f"{site.address}/new/{NAME}")
    path = tmp_path / "data" / "mpi3d_toy.h5"
    data = facsimile.datasets.dataset("mpi3d_toy", path)
    np.testing.assert_array_equal(data.images(np.arange(len(data))), archives.robot(data_class))
    assert data.facts["origin"] == "official"
    printed = capsys.readouterr().err
    assert f"{path}: missing; making the data set mpi3d_toy" in printed
    assert f"{path.parent / 'downloads' / NAME}: missing; downloading it" in printed
    assert f"{NAME}: " in printed
    assert "MB (100%)" in printed
    path.unlink()
    facsimile.datasets.dataset("mpi3d_toy", path)
    assert len(site.requests) == 2, "the archive is kept, and not downloaded again"


@pytest.mark.parametrize("place", [".", "mpi3d_toy"])
@pytest.mark.parametrize("by", ["argument", "environment"])
def test_the_folder_of_official_files_is_looked_into_first(
    data_class: type[MPI3D], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, by: str
) -> None:
    offer(data_class)
    (tmp_path / "mine" / place).mkdir(parents=True)
    (tmp_path / "theirs" / NAME).rename(tmp_path / "mine" / place / NAME)
    data_dir = tmp_path / "mine" if by == "argument" else None
    monkeypatch.setenv(
        "FACSIMILE_DATA_DIR", str(tmp_path / ("mine" if by == "environment" else "nowhere"))
    )
    facsimile.datasets.make("mpi3d_toy", tmp_path / "mpi3d_toy.h5", data_dir=data_dir)
    assert data_class.open(tmp_path / "mpi3d_toy.h5").facts["origin"] == "official"
    assert not (tmp_path / "downloads").exists()


def test_a_file_of_any_name_is_known_by_its_checksum(
    data_class: type[MPI3D], tmp_path: Path
) -> None:
    (tmp_path / "theirs" / NAME).rename(tmp_path / "other.npz")
    facsimile.datasets.make("mpi3d_toy", tmp_path / "mpi3d_toy.h5", tmp_path / "other.npz")
    facts = data_class.open(tmp_path / "mpi3d_toy.h5").facts
    assert facts["origin"] == "official"
    assert json.loads(facts["source_sha256"]) == {NAME: archives.sha256(tmp_path / "other.npz")}


def test_a_file_without_a_published_checksum_is_called_unverified(
    data_class: type[MPI3D], tmp_path: Path
) -> None:
    data_class.files = unverified.without_checksums(data_class).files
    facsimile.datasets.make("mpi3d_toy", tmp_path / "mpi3d_toy.h5", tmp_path / "theirs")
    assert data_class.open(tmp_path / "mpi3d_toy.h5").facts["origin"] == "unverified"


def test_an_altered_file_of_the_users_is_refused_and_left_alone(
    data_class: type[MPI3D], tmp_path: Path
) -> None:
    path = tmp_path / "theirs" / NAME
    data = bytearray(path.read_bytes())
    data[100_000] ^= 1
    path.write_bytes(data)
    with pytest.raises(
        DatasetError,
        match=rf"{NAME}: truncated, altered or another file: its md5 is .*disent.*"
        "download it again",
    ):
        facsimile.datasets.make("mpi3d_toy", tmp_path / "mpi3d_toy.h5", path)
    assert path.read_bytes() == data
    assert not (tmp_path / "mpi3d_toy.h5").exists()


@pytest.fixture
def project(
    data_class: type[MPI3D], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """A folder with a replaced archive, in which `facsimile data` runs."""
    # The same images, compressed: another file with another checksum.
    with np.load(tmp_path / "theirs" / NAME) as archive:
        np.savez_compressed(tmp_path / "replaced.npz", images=archive["images"])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text(
        f"sources: {{mpi3d_toy: {tmp_path}/replaced.npz}}"
    )

    def run(*options: str) -> Result:
        return CliRunner().invoke(app, ["data", "mpi3d_toy", *options])

    return run


def test_a_replaced_archive_is_refused_with_the_way_to_use_it(
    project: Callable[..., Result],
) -> None:
    with pytest.raises(
        DatasetError, match=r"another file.*set unverified: \[mpi3d_toy\] in the conf"
    ):
        raise project().exception


def test_a_replaced_archive_is_used_at_the_users_word_and_recorded(
    project: Callable[..., Result], data_class: type[MPI3D], tmp_path: Path
) -> None:
    result = project("--set", "unverified=[mpi3d_toy]")
    assert result.exit_code == 0, result.exception
    data = data_class.open(tmp_path / "results" / "data" / "mpi3d_toy.h5")
    np.testing.assert_array_equal(data.images(np.arange(len(data))), archives.robot(data_class))
    assert data.facts["origin"] == "unverified"
    checksums = json.loads(data.facts["source_sha256"])
    assert checksums == {NAME: archives.sha256(tmp_path / "replaced.npz")}


def test_a_replaced_archive_can_be_downloaded_at_the_users_word(
    data_class: type[MPI3D], tmp_path: Path, web: Callable[[dict[str, bytes]], Site]
) -> None:
    with np.load(tmp_path / "theirs" / NAME) as archive:
        np.savez_compressed(tmp_path / "replaced.npz", images=archive["images"])
    site = web({f"/{NAME}": (tmp_path / "replaced.npz").read_bytes()})
    offer(data_class, f"{site.address}/{NAME}")
    unverified.make("mpi3d_toy", tmp_path / "mpi3d_toy.h5")
    assert data_class.open(tmp_path / "mpi3d_toy.h5").facts["origin"] == "unverified"
    with pytest.raises(DatasetError, match="cannot be downloaded"):
        facsimile.datasets.make("mpi3d_toy", tmp_path / "again" / "mpi3d_toy.h5")


def test_an_archive_of_other_images_is_refused_at_the_users_word_too(
    data_class: type[MPI3D], tmp_path: Path
) -> None:
    np.savez(tmp_path / "other.npz", images=np.zeros((100, 64, 64, 3), np.uint8))
    with pytest.raises(DatasetError, match=r"other\.npz"):
        unverified.make("mpi3d_toy", tmp_path / "mpi3d_toy.h5", tmp_path / "other.npz")


def test_a_generated_data_set_cannot_be_unverified(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="toy is made from no official files; leave it out"):
        unverified.make("toy", tmp_path / "toy.h5")


def test_a_generated_data_set_needs_no_official_files(tmp_path: Path) -> None:
    facsimile.datasets.make("toy", tmp_path / "toy.h5", data_dir=tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_dsprites_code_does_not_include_the_downloaders() -> None:
    """The code is recorded with every run of dSprites; the downloader must not be part of it."""
    assert not [
        name
        for name in provenance.closure("facsimile.datasets.dsprites")
        if "archived" in name or "download" in name
    ]


def test_without_a_network_the_message_says_how_to_go_on(
    data_class: type[MPI3D], tmp_path: Path, web: Callable[[dict[str, bytes]], Site]
) -> None:
    offer(data_class, f"{web({}).address}/{NAME}")
    with pytest.raises(
        DatasetError,
        match=rf"downloads/{NAME}: cannot be downloaded .*404.* "
        rf"or get {NAME} elsewhere and put it there",
    ):
        facsimile.datasets.make("mpi3d_toy", tmp_path / "mpi3d_toy.h5")
