"""Opening a data set for a sub-grid of it."""

import numpy as np
import pytest

from facsimile import datasets
from facsimile.datasets.base import file, partial

SIZES = datasets.grid("toy").factor_sizes
FACTORS = datasets.grid("toy").factor_names
CHUNK = 2**14


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The file of the toy data set in small chunks, so that a part of it is less than the whole."""
    target = tmp_path_factory.mktemp("data") / "toy.h5"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file, "CHUNK_BYTES", CHUNK)
        datasets.make("toy", target)
    return target


def test_the_part_has_the_images_and_facts_of_the_whole(path):
    strides = {FACTORS[0]: SIZES[0]}
    part = partial.dataset("toy", path, strides)
    whole = datasets.dataset("toy", path)
    rows = np.arange(len(whole.subgrid(strides)))
    assert np.array_equal(part.subgrid(strides).images(rows), whole.subgrid(strides).images(rows))
    assert part.facts == whole.facts
    last = [len(whole) - 1]
    # The last image is not in the sub-grid, and was not read.
    assert whole.images(last).any()
    assert not part.images(last).any()


def test_the_whole_is_read_and_checked_where_the_part_is_most_of_it(path):
    part = partial.dataset("toy", path, {})
    whole = datasets.dataset("toy", path)
    assert np.array_equal(part.images([len(whole) - 1]), whole.images([len(whole) - 1]))


def test_a_file_of_another_data_set_is_refused(path):
    with pytest.raises(file.DatasetError, match="not a file of the data set dsprites"):
        partial.dataset("dsprites", path, {})
