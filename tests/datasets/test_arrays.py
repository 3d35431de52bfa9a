"""What every data set of arrays promises; a new file in facsimile/datasets is tested here without another edit."""

import math
import shutil

import archives
import h5py
import numpy as np
import pytest

from facsimile import datasets
from facsimile.datasets import Arrays, DataFile, DatasetError
from facsimile.datasets.base.official_files import DATA_DIR
from facsimile.foundation import discover

CLASSES = [discover.the_class("datasets", name, DataFile) for name in discover.names("datasets")]
LARGE = 2_000_000  # numbers, of which no fast test makes more
ARRAYS = [
    pytest.param(
        cls,
        id=cls.name,
        marks=[pytest.mark.slow] * (cls.rows * sum(map(math.prod, cls.shapes.values())) > LARGE),
    )
    for cls in CLASSES
    if issubclass(cls, Arrays)
]


@pytest.fixture(scope="module", params=ARRAYS)
def found(request, tmp_path_factory):
    """The class; of one that is made from official files a small one, which finds them."""
    folder = tmp_path_factory.mktemp("official")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DATA_DIR, str(folder))
        yield archives.small(request.param, folder)[0]


@pytest.fixture(scope="module")
def made(found, tmp_path_factory):
    path = tmp_path_factory.mktemp(found.name) / "data.h5"
    found.make(path)
    return path


@pytest.fixture
def path(made, tmp_path):
    """A file of its own for each test, as some damage it."""
    return shutil.copy(made, tmp_path / "data.h5")


def test_arrays_have_the_stated_shapes_and_are_the_same_when_made_again(found, path, tmp_path):
    data = found.open(path)
    assert len(data) == found.rows
    whole = data.arrays(slice(None))
    assert {name: values.shape for name, values in whole.items()} == {
        n: (found.rows, *s) for n, s in found.shapes.items()
    }
    assert {str(values.dtype) for values in whole.values()} <= {"float32", "int64", "uint8"}
    assert all(np.isfinite(values).all() for values in whole.values())
    found.make(tmp_path / "again.h5")
    again = found.open(tmp_path / "again.h5").arrays(slice(None))
    assert all(np.array_equal(whole[name], again[name]) for name in whole)
    assert found.licence
    assert found.source


def test_rows_come_in_the_order_asked_for(found, path):
    data = found.open(path)
    some = np.random.default_rng(0).integers(0, len(data), 7)
    for name, values in data.arrays(some).items():
        np.testing.assert_array_equal(values, data.arrays(slice(None))[name][some])


@pytest.mark.parametrize(
    "found", [cls for cls in CLASSES if issubclass(cls, Arrays)], ids=lambda found: found.name
)
def test_it_is_counted_without_its_file(found):
    assert len(datasets.grid(found.name)) == found.rows


def test_a_damaged_or_another_file_is_refused_by_name(found, path):
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatasetError, match=r"data\.h5: truncated or not a data set's file"):
        found.open(path)
    path.write_bytes(whole)
    with h5py.File(path, "r+") as file:
        file[next(iter(found.shapes))][0] = 77
    with pytest.raises(DatasetError, match=r"data\.h5: altered since it was written"):
        found.open(path)
    with pytest.raises(DatasetError, match="no such file"):
        found.open(path.parent / "nowhere.h5")


def test_a_file_of_another_data_set_is_refused(tmp_path):
    class Other(datasets.Arrays):
        name, rows, shapes, licence, source = "other", 1, {"z": ()}, "none", "here"

        @classmethod
        def generate(cls, source):
            return {"z": np.zeros(1, np.float32)}

    Other.make(tmp_path / "data.h5")
    cone = discover.the_class("datasets", "cone", DataFile)
    with pytest.raises(
        DatasetError, match=r"not a file of the data set cone \(its dataset is other, not cone\)"
    ):
        cone.open(tmp_path / "data.h5")
    with pytest.raises(DatasetError, match="takes no source"):
        Other.make(tmp_path / "data.h5", tmp_path)


def test_arrays_have_no_grid_and_no_images(tmp_path):
    data = datasets.dataset("cone", tmp_path / "cone.h5")
    assert data.subgrid({}) is data
    with pytest.raises(ValueError, match="its rows are not a grid of factors"):
        data.subgrid({"shape": 2})
    with pytest.raises(ValueError, match=r"cone is a data set of arrays \(z\), not of images"):
        datasets.of_images(data)
    with pytest.raises(discover.UnknownName, match="no array of cone 'factors'"):
        data.factors(np.arange(1))
