"""Series as data: windows of a long series, scaling, and missing times."""

from typing import ClassVar

import numpy as np
import pytest

from facsimile.datasets import DatasetError
from facsimile.datasets.base import series as base_series
from facsimile.datasets.base.series import Series, Windows


class Ramps(Series):
    name = "ramps"
    rows = 50
    length, features = 10, 2
    licence = source = "none"

    @classmethod
    def series(cls, source):
        values = np.arange(cls.rows * cls.length * cls.features, dtype=float)
        return values.reshape(cls.rows, cls.length, cls.features)


class Gaps(Ramps):
    missing = 0.35


class Counted(Windows):
    """The long series is 0, 1, 2, … and twice that."""

    name = "counted"
    rows = 17
    length, features = 4, 2
    licence = source = "none"

    @classmethod
    def table(cls, source):
        steps = np.arange(21.0)
        return np.stack([steps, 2 * steps], 1)


class CountedGaps(Counted):
    missing = 0.5


def test_arrays_follow_from_length_and_features():
    assert Ramps.shapes == {"x": (10, 2), "time": (10,), "observed": (10,)}
    arrays = Ramps.generate(None)
    assert {name: values.shape for name, values in arrays.items()} == {
        name: (50, *shape) for name, shape in Ramps.shapes.items()
    }
    np.testing.assert_array_equal(arrays["time"], np.tile(np.arange(10), (50, 1)))
    assert arrays["observed"].all()


def test_each_series_loses_times_of_its_own():
    arrays = Gaps.generate(None)
    assert set(arrays["observed"].sum(1)) == {10 - 3}
    assert len({tuple(row) for row in arrays["observed"]}) > 20
    # What is missing is kept, to be compared with.
    np.testing.assert_array_equal(arrays["x"], Ramps.generate(None)["x"])


def test_windows_overlap_are_scaled_and_shuffled():
    x = Counted.generate(None)["x"]
    starts = np.round(x[:, 0, 0] * 20).astype(int)
    assert sorted(starts) == list(range(17))
    assert list(starts) != list(range(17))
    for window, start in zip(x, starts, strict=True):
        expected = np.arange(start, start + 4) / 20
        np.testing.assert_allclose(window, np.stack([expected] * 2, 1), atol=1e-6)
    # The last time is in no window, as in the released loader.
    assert x.max() == pytest.approx(19 / 20)


def test_a_missing_time_is_missing_in_all_windows():
    arrays = CountedGaps.generate(None)
    steps = np.round(arrays["x"][..., 0] * 20).astype(int)
    by_time = {}
    for step, is_observed in zip(steps.ravel(), arrays["observed"].ravel(), strict=True):
        by_time.setdefault(step, set()).add(int(is_observed))
    assert all(len(values) == 1 for values in by_time.values())
    missing = sum(values == {0} for values in by_time.values())
    # 10 of 21 times, of which one is in no window.
    assert missing in (9, 10)


def test_a_table_of_another_size_is_refused():
    class Short(Counted):
        rows = 18

    with pytest.raises(DatasetError, match="counted: 21 rows, but counted has 22"):
        Short.generate(None)


def test_other_arrays_are_declared():
    class Labelled(Ramps):
        others: ClassVar = {"label": ()}

    assert Labelled.shapes == {**Ramps.shapes, "label": ()}


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_an_impossible_share_is_refused(share):
    with pytest.raises(ValueError, match="missing times must be from 0 to below 1"):
        base_series.removed(10, share)


def test_constant_columns_and_long_windows_are_refused():
    with pytest.raises(ValueError, match="column 1 is constant"):
        base_series.scaled(np.array([[0.0, 3.0], [1.0, 3.0]]))
    with pytest.raises(ValueError, match="4 rows have no window of 4 and one row after it"):
        base_series.windows(np.zeros((4, 1)), 4)
