"""TF-Bind-8: the encoding of sequences, the offline part, and damaged files."""

import itertools
import os
from pathlib import Path

import archives
import numpy as np
import pytest

from facsimile.datasets import DatasetError
from facsimile.datasets.base.letter_logits import LetterLogits, logits
from facsimile.datasets.base.official_files import DATA_DIR
from facsimile.datasets.tf_bind_8 import TFBind8
from facsimile.metrics import offline_optimum


@pytest.fixture
def small(tmp_path):
    return archives.small(TFBind8, tmp_path)


@pytest.fixture(scope="module")
def sequences():
    return np.array(list(itertools.product(range(4), repeat=8)))


def test_decoding_inverts_the_encoding_of_all_sequences(sequences):
    encoding = LetterLogits.of(sequences[::7], 4)
    np.testing.assert_array_equal(encoding.decode(encoding.encode(sequences)), sequences)


def test_the_logits_of_a_letter_are_those_of_the_softened_one_hot_vector():
    """0.6 one-hot + 0.1 has the entries 0.7 and 0.1; logarithms relative to the first letter."""
    seven = np.log(7)
    expected = [[-seven, -seven, -seven], [seven, 0, 0], [0, seven, 0], [0, 0, seven]]
    np.testing.assert_allclose(logits(np.arange(4)[:, None], 4), expected, atol=1e-15)


def test_a_coordinate_that_is_constant_is_not_divided_by_zero():
    encoding = LetterLogits.of(np.zeros((3, 2), int), 4)
    np.testing.assert_allclose(encoding.encode(np.zeros((1, 2), int)), 0, atol=1e-12)


def test_letters_that_do_not_exist_are_named():
    with pytest.raises(ValueError, match="the letter 4 is not one of 0 to 3"):
        logits(np.array([[0, 4]]), 4)


def test_offline_rows_come_first_and_are_the_lower_half(small, tmp_path):
    data_class, folder = small
    data_class.make(tmp_path / "data.h5", folder)
    arrays = data_class.open(tmp_path / "data.h5").arrays(slice(None))
    count = data_class.training_rows()
    assert (arrays["offline"] == (np.arange(data_class.rows) < count)).all()
    assert arrays["score"][:count].max() < arrays["score"][count:].min()
    seen = {name: arrays[name][:count].astype(float) for name in ("x", "y")}
    np.testing.assert_allclose(seen["y"].mean(), 0, atol=1e-6)
    np.testing.assert_allclose(seen["y"].std(), 1, rtol=1e-6)
    np.testing.assert_allclose(seen["x"].mean(0), 0, atol=1e-6)


@pytest.mark.parametrize(
    ("index", "change", "message"),
    [
        (0, lambda v: v[:-1], r"x-0\.npy: not an array of shape \[12, 8\]"),
        (0, lambda v: v + 1, r"x-0\.npy: not all letters are 0 to 3"),
        (1, lambda v: v * 2, r"y-0\.npy: the scores are from 0\.0 to 2\.0"),
        (1, lambda v: np.linspace(0, 1, 12)[:, None], r"y-0\.npy: 6 scores are up to the median"),
    ],
)
def test_damaged_values_are_named(small, index, change, message):
    data_class, folder = small
    path = folder / data_class.files[index].name
    np.save(path, change(np.load(path)))
    with pytest.raises(DatasetError, match=message):
        data_class.generate(folder)


def test_a_truncated_file_is_named(small):
    data_class, folder = small
    path = folder / data_class.files[0].name
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DatasetError, match=r"x-0\.npy: truncated or no \.npy file of numbers"):
        data_class.generate(folder)


@pytest.fixture(scope="module")
def official():
    """The arrays of the official files."""
    folder = os.environ.get(DATA_DIR, "")
    places = [Path(folder), Path(folder) / TFBind8.name]
    names = [file.name for file in TFBind8.files]
    if not folder or not any(all((p / name).exists() for name in names) for p in places):
        pytest.skip(f"{DATA_DIR} names no folder with the official files of TF-Bind-8")
    return TFBind8.generate(Path(folder))


def test_the_official_table_is_that_of_the_benchmark(official):
    """The largest offline score is a constant in cuong-dm/ROOT@d23f14f runners/BaseRunner.py."""
    offline = official["offline"] == 1
    assert offline.sum() == 32_898
    assert official["score"][offline].max() == np.float32(0.43929616)
    assert len(np.unique(official["sequence"], axis=0)) == 4**8


def test_reverse_complements_have_equal_scores(official):
    complement = 3 - official["sequence"][:, ::-1]
    rows = offline_optimum.rows_of(complement, official["sequence"])
    np.testing.assert_array_equal(official["score"][rows], official["score"])
