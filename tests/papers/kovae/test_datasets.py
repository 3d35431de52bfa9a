"""Sines, Stock and Energy: what the loaders read, and in which order."""

import zipfile

import archives
import numpy as np
import pytest

from facsimile.datasets import DataFile, DatasetError
from facsimile.foundation import discover
from facsimile.papers.kovae.datasets import energy
from facsimile.papers.kovae.datasets.harmonic import FREQUENCY, Harmonic
from facsimile.papers.kovae.datasets.sines import Sines


def small(name, folder):
    return archives.small(discover.load_class("datasets", name, DataFile), folder)


class FewSines(Sines):
    name = "few_sines"
    rows = 200


def test_sines_are_solutions_of_their_recurrence():
    """y_{j+1} + y_{j-1} = 2 cos(f) y_j, with one f from 0 to 0.1 in each feature."""
    y = 2 * FewSines.series(None) - 1
    cosines = (y[:, 2:] + y[:, :-2]) / (2 * y[:, 1:-1])
    np.testing.assert_allclose(cosines, cosines[:, :1].repeat(22, 1), atol=1e-9)
    frequencies = np.arccos(cosines[:, 0].clip(max=1))
    assert 0 <= frequencies.min() < 0.005
    assert 0.095 < frequencies.max() <= 0.1 + 1e-6
    assert frequencies.mean() == pytest.approx(0.05, abs=4 * 0.1 / np.sqrt(12 * 1000))
    phases = np.arcsin(y[:, 0])
    assert 0 <= phases.min() < phases.max() <= 0.1


def test_a_harmonic_series_has_one_frequency():
    y = 2 * Harmonic.series(None) - 1
    np.testing.assert_allclose(y[:, 2:] + y[:, :-2], 2 * np.cos(FREQUENCY) * y[:, 1:-1], atol=1e-12)


def test_stock_is_read_backwards_and_scaled(tmp_path):
    data_class, folder = small("stock", tmp_path)
    table = data_class.table(folder)
    assert table.shape == (12 + 24, 6)
    # The file's prices grow from row to row.
    assert (np.diff(table[:, 3]) < 0).all()
    x = data_class.generate(folder)["x"]
    assert x.shape == (12, 24, 6)
    assert (np.diff(x[..., 3], axis=1) < 0).all()
    assert (x >= 0).all()
    assert x.max() == pytest.approx(1)


def test_energy_is_read_by_name_without_its_date(tmp_path):
    data_class, folder = small("energy", tmp_path)
    table = data_class.table(folder)
    assert table.shape == (12 + 24, 28)
    path = folder / "energydata_complete.zip"
    with zipfile.ZipFile(path) as archive:
        last = archive.read(energy.TABLE).decode().splitlines()[-1]
    numbers = [float(field.strip('"')) for field in last.split(",")[1:]]
    np.testing.assert_array_equal(table[0], numbers)


def test_30_per_cent_of_stock_are_missing(tmp_path):
    data_class, folder = small("stock_missing_30", tmp_path)
    observed = data_class.generate(folder)["observed"]
    assert 0 < observed.mean() < 1
    complete, folder = small("stock", tmp_path)
    assert complete.generate(folder)["observed"].all()


def test_damaged_files_are_refused_by_name(tmp_path):
    data_class, folder = small("stock", tmp_path)
    path = folder / "stock_data.csv"
    whole = path.read_text()
    cases = [
        (whole.rsplit("\n", 2)[0] + "\n", "35 rows, but stock has 36"),
        (whole.replace("51.000000", "", 1), ":2: Open is empty"),
        (whole.replace("Volume", "Size"), "no column Volume"),
        (whole.replace("51.000000", "n/a", 1), "'n/a', not a number"),
    ]
    for text, message in cases:
        path.write_text(text)
        with pytest.raises(DatasetError, match=message):
            data_class.generate(folder)
    path.write_bytes("é".encode("latin-1"))
    with pytest.raises(DatasetError, match="no text"):
        data_class.generate(folder)
    path.unlink()
    with pytest.raises(DatasetError, match=r"also needs stock_data\.csv from https"):
        data_class.generate(folder)

    data_class, folder = small("energy", tmp_path)
    path = folder / "energydata_complete.zip"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DatasetError, match="truncated or not the official archive"):
        data_class.generate(folder)
