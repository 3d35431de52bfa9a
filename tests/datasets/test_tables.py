"""Tables for supervised learning: columns, parts, and batches of training rows alone."""

import archives
import numpy as np
import pytest
import torch

from facsimile import datasets
from facsimile.datasets import DataFile, DatasetError
from facsimile.datasets.base.table import (
    TEST,
    TRAINING,
    VALIDATION,
    SupervisedTable,
    read_columns,
    standardised,
)
from facsimile.foundation import discover
from facsimile.training import batches

TABLE = ["a,b,c\n", "1,2,x\n", "3,,y\n"]


@pytest.fixture(scope="module")
def housing(tmp_path_factory):
    """A small class of California housing, and the folder of its official file."""
    folder = tmp_path_factory.mktemp("housing")
    data_class = discover.load_class("datasets", "california_housing", DataFile)
    return archives.small(data_class, folder)


def test_columns_are_read_by_name_and_empty_fields_are_nan():
    columns = read_columns(TABLE, ["b", "a"], "t.csv")
    np.testing.assert_array_equal(columns["a"], [1, 3])
    np.testing.assert_array_equal(columns["b"], [2, np.nan])


@pytest.mark.parametrize(
    ("lines", "names", "message"),
    [
        (TABLE, ["a", "d"], r"t\.csv:1: no column d; the columns are a, b, c"),
        (TABLE, ["c"], r"t\.csv:2: c is 'x', not a number"),
        ([*TABLE, "5,6\n"], ["a"], r"t\.csv:4: 2 fields instead of 3"),
        ([TABLE[0], "inf,1,z\n"], ["a"], r"t\.csv:2: a is 'inf', not a number"),
        ([], ["a"], r"t\.csv:1: no column a"),
    ],
)
def test_a_table_that_cannot_be_read_is_an_error_with_its_line(lines, names, message):
    with pytest.raises(DatasetError, match=message):
        read_columns(lines, names, "t.csv")


def test_a_constant_column_is_not_standardised():
    values = standardised(np.array([[1.0, 4.0], [2.0, 8.0], [3.0, 0.0]]))
    np.testing.assert_allclose(values.mean(0), 0, atol=1e-15)
    np.testing.assert_allclose(values.std(0, ddof=1), 1)
    with pytest.raises(ValueError, match="column 1 is constant"):
        standardised(np.array([[1.0, 4.0], [2.0, 4.0]]))


def test_friedman_noise_is_the_error_of_the_best_prediction_and_parts_are_in_order(tmp_path):
    data = datasets.dataset("friedman1", tmp_path / "data.h5")
    arrays = data.arrays(slice(None))
    x = arrays["x"].astype(np.float64)
    best = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
    best += 10 * x[:, 3] + 5 * x[:, 4]
    np.testing.assert_allclose(arrays["y"] - best, arrays["noise"], atol=1e-4)
    assert abs(arrays["noise"].std() - 1) < 0.05
    sizes = [int((arrays["part"] == part).sum()) for part in (TRAINING, VALIDATION, TEST)]
    assert sizes == [1280, 320, 400]
    assert (np.diff(arrays["part"]) >= 0).all()


def test_batches_are_of_training_rows_alone(tmp_path):
    data = datasets.dataset("friedman1", tmp_path / "data.h5")
    seeds, steps = torch.arange(2), torch.arange(20)
    rows = batches.rows(seeds, steps, 128, batches.sizes(data))
    assert rows.min() >= 0
    # 5,120 draws of 1,280 rows.
    assert 1270 < rows.max() < data.training_rows() == 1280
    # A data set without held-out rows is drawn from as a whole.
    cone = datasets.dataset("cone", tmp_path / "cone.h5")
    assert batches.sizes(cone) == (len(cone),)


def test_a_table_with_another_number_of_rows_is_refused(tmp_path):
    class Short(SupervisedTable):
        name, rows, licence, source = "short", 9, "none", "here"
        shapes = {"x": (1,), "y": (), "part": ()}  # noqa: RUF012

        @classmethod
        def table(cls, source):
            return {"x": np.zeros((8, 1)), "y": np.zeros(8)}

    with pytest.raises(DatasetError, match="8 rows of x, but short has 9"):
        Short.make(tmp_path / "data.h5")


def test_capped_houses_are_left_out_and_missing_bedrooms_are_the_median(housing, tmp_path):
    data_class, folder = housing
    data_class.make(tmp_path / "data.h5", folder)
    arrays = data_class.open(tmp_path / "data.h5").arrays(slice(None))
    values = np.array([50_000 + 9000 * row for row in range(14) if row not in (5, 7)])
    order = np.argsort(arrays["y"])
    np.testing.assert_allclose(arrays["y"][order], np.log(values / 100_000), rtol=1e-6)
    np.testing.assert_allclose(arrays["x"].mean(0), 0, atol=1e-6)
    kept = [row for row in range(14) if row not in (5, 7)]
    bedrooms = np.array([200.0 + row * row for row in kept])
    # The median is of all rows of the file that have a count.
    bedrooms[kept.index(3)] = np.median([200.0 + row * row for row in range(14) if row != 3])
    expected = standardised((bedrooms / (150.0 + np.array(kept)))[:, None])[:, 0]
    np.testing.assert_allclose(arrays["x"][order, 3], expected, rtol=1e-5)


def test_damaged_files_of_california_housing_are_named(housing, tmp_path):
    data_class, folder = housing
    whole = (folder / "housing.tgz").read_bytes()
    path = tmp_path / "housing.tgz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatasetError, match=r"housing\.tgz: truncated or not the official archive"):
        data_class.table(path)
    archives.write_tar(path, {"other.csv": b"a,b"})
    with pytest.raises(DatasetError, match=r"not the official archive with housing\.csv"):
        data_class.table(path)
    path.write_bytes(whole + b"\0")  # gzip ignores zeros at the end
    with pytest.raises(DatasetError, match="another file: its sha256 is"):
        data_class.make(tmp_path / "data.h5", path)
