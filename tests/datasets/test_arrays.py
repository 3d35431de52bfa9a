"""The contract of all data sets of arrays; a new file in facsimile/datasets is tested here, too."""

import math
import shutil

import archives
import h5py
import numpy as np
import pytest

from facsimile import datasets
from facsimile.datasets import Arrays, DataFile, DatasetError
from facsimile.datasets.base.official_files import DATA_DIR
from facsimile.datasets.base.sequences import Sequences
from facsimile.foundation import discover

CLASSES = [discover.load_class("datasets", name, DataFile) for name in discover.names("datasets")]
LARGE = 1_000_000  # numbers, of which no fast test makes more
# Few numbers, of which some take milliseconds each.
COSTLY = {
    "gp_5_features_500_points",
    "ising_4",
    "ising_10",
    "voronoi_chain_9",
    "voronoi_full_9",
    "voronoi_random_9",
}


def is_large(cls):
    # Few frames of sequences are made (archives.small).
    numbers = cls.rows * sum(map(math.prod, cls.shapes.values()))
    return numbers > LARGE and not issubclass(cls, Sequences)


ARRAYS = [
    pytest.param(
        cls,
        id=cls.name,
        marks=[pytest.mark.slow] * (is_large(cls) or cls.name in COSTLY),
    )
    for cls in CLASSES
    if issubclass(cls, Arrays)
]


@pytest.fixture(scope="module", params=ARRAYS)
def data_class(request, tmp_path_factory):
    """The class, or a small one: of sequences, or with official files if it is made from them."""
    folder = tmp_path_factory.mktemp("official")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DATA_DIR, str(folder))
        yield archives.small(request.param, folder)[0]


@pytest.fixture(scope="module")
def made_file(data_class, tmp_path_factory):
    path = tmp_path_factory.mktemp(data_class.name) / "data.h5"
    data_class.make(path)
    return path


@pytest.fixture
def path(made_file, tmp_path):
    """A copy of the file for each test, as tests may damage it."""
    return shutil.copy(made_file, tmp_path / "data.h5")


def test_arrays_have_the_declared_shapes_and_are_the_same_when_made_again(
    data_class, path, tmp_path
):
    data = data_class.open(path)
    assert len(data) == data_class.rows
    whole = data.arrays(slice(None))
    assert {name: values.shape for name, values in whole.items()} == {
        n: (data_class.rows, *s) for n, s in data_class.shapes.items()
    }
    assert {str(values.dtype) for values in whole.values()} <= {"float32", "int64", "uint8"}
    assert all(np.isfinite(values).all() for values in whole.values())
    data_class.make(tmp_path / "again.h5")
    again = data_class.open(tmp_path / "again.h5").arrays(slice(None))
    assert all(np.array_equal(whole[name], again[name]) for name in whole)
    assert data_class.licence
    assert data_class.source


def test_rows_come_in_the_order_of_the_indices(data_class, path):
    data = data_class.open(path)
    rows = np.random.default_rng(0).integers(0, len(data), 7)
    for name, values in data.arrays(rows).items():
        np.testing.assert_array_equal(values, data.arrays(slice(None))[name][rows])


@pytest.mark.parametrize(
    "data_class",
    [cls for cls in CLASSES if issubclass(cls, Arrays)],
    ids=lambda data_class: data_class.name,
)
def test_it_is_counted_without_its_file(data_class):
    assert len(datasets.grid(data_class.name)) == data_class.rows


def test_a_damaged_or_another_file_is_refused_by_name(data_class, path):
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatasetError, match=r"data\.h5: truncated or not a data set's file"):
        data_class.open(path)
    path.write_bytes(whole)
    with h5py.File(path, "r+") as file:
        file[next(iter(data_class.shapes))][0] = 77
    with pytest.raises(DatasetError, match=r"data\.h5: altered since it was written"):
        data_class.open(path)
    with pytest.raises(DatasetError, match="no such file"):
        data_class.open(path.parent / "nowhere.h5")


def test_a_file_of_another_data_set_is_refused(tmp_path):
    class Other(datasets.Arrays):
        name, rows, shapes, licence, source = "other", 1, {"z": ()}, "none", "here"

        @classmethod
        def generate(cls, source):
            return {"z": np.zeros(1, np.float32)}

    Other.make(tmp_path / "data.h5")
    cone = discover.load_class("datasets", "cone", DataFile)
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
