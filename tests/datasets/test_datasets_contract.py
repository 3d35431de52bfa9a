"""The contract of all data sets of images; a new file in facsimile/datasets is tested here, too."""

import math
from pathlib import Path

import archives
import numpy as np
import pytest

from facsimile.datasets import DataFile, Dataset, DatasetError, Stored
from facsimile.datasets.base import unverified
from facsimile.datasets.base.archived import Archived
from facsimile.datasets.base.official_files import OfficialFiles
from facsimile.foundation import discover

LARGE = 30_000  # images; making more takes seconds, unless few are read from a small archive
SAMPLE = 64


EVERY = [discover.load_class("datasets", name, DataFile) for name in discover.names("datasets")]
OFFICIAL = [data_class for data_class in EVERY if issubclass(data_class, OfficialFiles)]


def classes() -> list[type[Stored]]:
    return [data_class for data_class in EVERY if issubclass(data_class, Stored)]


def parameter(data_class: type[Stored]) -> object:
    large = math.prod(data_class.factor_sizes) > LARGE and not issubclass(data_class, Archived)
    marks = [pytest.mark.slow] if large else []
    return pytest.param(data_class, id=data_class.name, marks=marks)


@pytest.fixture(scope="module", params=map(parameter, classes()))
def data(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp(request.param.name)
    data_class, source = archives.small(request.param, folder)
    path = folder / f"{data_class.name}.h5"
    data_class.make(path, source)
    return data_class.open(path)


def sample_indices(data: Dataset) -> np.ndarray:
    drawn = np.random.default_rng(0).integers(0, len(data), SAMPLE - 2)
    return np.concatenate([[0, len(data) - 1], drawn])


def rng_for(data: Dataset, seed: int = 0) -> np.random.Generator | None:
    return np.random.default_rng(seed) if data.stochastic else None


@pytest.mark.parametrize("data_class", classes(), ids=lambda data_class: data_class.name)
def test_what_it_declares_hangs_together(data_class: type[Stored]) -> None:
    assert data_class.__module__ == discover.module_name("datasets", data_class.name)
    assert (
        len(data_class.factor_names)
        == len(set(data_class.factor_names))
        == len(data_class.factor_sizes)
        == len(data_class.factor_kinds)
    )
    assert set(data_class.factor_kinds) <= {"ordinal", "circular", "categorical"}
    assert min(data_class.factor_sizes) >= 2, (
        "a factor of one value makes metrics divide by its entropy, 0: put it in not_factors"
    )
    assert not set(data_class.not_factors) & set(data_class.factor_names)
    assert set(data_class.symmetries) <= set(data_class.factor_names)
    assert data_class.image_shape[2] in (1, 3)
    assert data_class.licence
    assert data_class.source
    if data_class.stochastic:
        assert data_class.not_factors, "say what is drawn at every read, and is no factor"


@pytest.mark.parametrize("data_class", classes(), ids=lambda data_class: data_class.name)
def test_circular_factors_are_angles(data_class: type[Stored]) -> None:
    data = grid(data_class)
    for name, kind in zip(data_class.factor_names, data_class.factor_kinds, strict=True):
        if kind == "circular":
            values = data.values(name)
            assert values[0] >= 0
            assert values[-1] <= 2 * math.pi
            assert values[-1] - values[0] > math.pi, (
                "a circle that goes less than half around is an ordinal factor"
            )


@pytest.mark.parametrize("data_class", OFFICIAL, ids=lambda data_class: data_class.name)
def test_official_files_say_where_they_are_and_how_they_are_known(
    data_class: type[OfficialFiles], tmp_path: Path
) -> None:
    assert data_class.files
    for official in data_class.files:
        assert all(address.startswith(("https://", "http://")) for address in official.addresses)
        assert official.addresses
        assert bool(official.checksum) == bool(official.checksum_from), "who says so?"
        if official.checksum:
            algorithm, _, digits = official.checksum.partition(":")
            assert len(digits) == {"md5": 32, "sha256": 64}[algorithm]
    with pytest.raises(
        DatasetError, match=f"{data_class.name} also needs .* put it there, or leave the source out"
    ):
        data_class.make(tmp_path / "data.h5", tmp_path)
    with pytest.raises(
        DatasetError, match="nowhere: there is no such file or folder; leave the source out"
    ):
        data_class.make(tmp_path / "data.h5", tmp_path / "nowhere")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("data_class", OFFICIAL, ids=lambda data_class: data_class.name)
def test_official_files_cut_short_are_refused_by_name(
    data_class: type[OfficialFiles], tmp_path: Path
) -> None:
    smaller, source = archives.small(data_class, tmp_path)
    assert source is not None
    for name in [official.name for official in smaller.files]:
        whole = (source / name).read_bytes()
        (source / name).write_bytes(whole[: len(whole) // 2])
        # By its checksum and, without one, by its format.
        for one in (smaller, unverified.without_checksums(smaller)):
            with pytest.raises(DatasetError, match=rf"{name}.*truncated.*download it again"):
                one.make(tmp_path / "data.h5", source)
        (source / name).write_bytes(whole)
    assert not (tmp_path / "data.h5").exists()


def grid(data_class: type[Stored]) -> Stored:
    return data_class(
        np.empty((0, *(data_class.row_shape or data_class.image_shape)), np.uint8), {}
    )


def test_images_have_the_declared_shape(data: Dataset) -> None:
    images = data.images(sample_indices(data), rng_for(data))
    assert images.dtype == np.uint8
    assert images.shape == (SAMPLE, *data.image_shape)
    assert images.max() > 127, "images / 255 is what networks see"
    assert data.images(np.empty(0, np.int64), rng_for(data)).shape == (0, *data.image_shape)


def test_images_differ_and_are_the_same_when_read_again(data: Dataset) -> None:
    index = sample_indices(data)
    images = data.images(index, rng_for(data))
    assert len(np.unique(images.reshape(SAMPLE, -1), axis=0)) > SAMPLE // 2
    kept = images.copy()
    images[:] = 0  # a caller may change its copy
    np.testing.assert_array_equal(data.images(index, rng_for(data)), kept)


def test_images_come_in_the_order_of_the_indices(data: Dataset) -> None:
    if data.stochastic:
        pytest.skip("the draws of a batch go with the place, not with the index")
    index = sample_indices(data)
    np.testing.assert_array_equal(data.images(index[::-1]), data.images(index)[::-1])


def test_factors_are_a_complete_grid_in_c_order(data: Dataset) -> None:
    assert len(data) == math.prod(data.factor_sizes)
    everything = np.arange(len(data))
    factors = data.factors(everything)
    assert factors.dtype == np.int64
    np.testing.assert_array_equal(
        factors, np.indices(data.factor_sizes).reshape(len(data.factor_sizes), -1).T
    )
    indices = data.indices(factors)
    assert indices.dtype == np.int64
    np.testing.assert_array_equal(indices, everything)


def test_values_say_what_factors_stand_for(data: Dataset) -> None:
    assert [data.values(factor).shape for factor in data.factor_names] == [
        (size,) for size in data.factor_sizes
    ]
    assert all(np.all(np.diff(data.values(factor)) > 0) for factor in data.factor_names)
    with pytest.raises(discover.UnknownName, match=f"no factor of {data.name} 'flavour'"):
        data.values("flavour")


@pytest.mark.parametrize("wrong", [-1, None])
def test_bad_index(data: Dataset, wrong: int | None) -> None:
    index = len(data) if wrong is None else wrong
    with pytest.raises(
        IndexError,
        match=f"{data.name} has the values 0 to {len(data) - 1}; {index} is out of range",
    ):
        data.images([0, index], rng_for(data))
    with pytest.raises(IndexError, match=f"{index} is out of range"):
        data.factors([0, index])


@pytest.mark.parametrize("wrong", [[0.5], [True], ["0"], 3, [[0]]], ids=str)
def test_what_is_no_list_of_integers(data: Dataset, wrong: object) -> None:
    with pytest.raises(TypeError, match=data.name):
        data.images(wrong, rng_for(data))  # type: ignore[arg-type]


def test_bad_factors(data: Dataset) -> None:
    beyond = [0] * (len(data.factor_sizes) - 1) + [data.factor_sizes[-1]]
    with pytest.raises(IndexError, match=f"factor {data.factor_names[-1]} has the values 0 to"):
        data.indices([beyond])
    with pytest.raises(ValueError, match=f"{data.name}: factors must have the shape"):
        data.indices([[*beyond, 0]])
    with pytest.raises(TypeError, match="expected integers"):
        data.indices(np.zeros((1, len(data.factor_sizes))))


def test_stochastic_images_follow_their_generator(data: Dataset) -> None:
    index = sample_indices(data)
    if not data.stochastic:
        np.testing.assert_array_equal(
            data.images(index, np.random.default_rng(0)), data.images(index)
        )
        return
    with pytest.raises(
        ValueError, match=f"{data.name}: its images have a random part .* pass a generator"
    ):
        data.images(index)
    assert np.any(data.images(index, rng_for(data, 0)) != data.images(index, rng_for(data, 1)))
