"""The authors' files: tables whose explained rows come first, and networks."""

import csv
import os
from pathlib import Path

import archives
import numpy as np
import pytest
import torch

from facsimile.datasets import DataFile, DatasetError
from facsimile.datasets.base.official_files import DATA_DIR
from facsimile.datasets.base.table import TEST
from facsimile.foundation import discover
from facsimile.papers.lfa import explanations
from facsimile.papers.lfa.datasets import _checkpoints
from facsimile.papers.lfa.functions import DenseNetwork

PAPER = Path(explanations.__file__).parent


def small(name, folder):
    return archives.small(discover.load_class("datasets", name, DataFile), folder)


def test_explained_rows_are_the_first_of_the_test_part(tmp_path):
    data_class, folder = small("who_life_expectancy", tmp_path)
    data_class.make(tmp_path / "data.h5", folder)
    arrays = data_class.open(tmp_path / "data.h5").arrays(slice(None))
    assert data_class.training_rows() == 9
    first = np.argmax(arrays["part"] == TEST)
    assert first == 9
    explained = np.loadtxt(folder / data_class.files[2].name, delimiter=",", skiprows=1)
    count = len(explained)
    np.testing.assert_allclose(arrays["x"][9 : 9 + count], explained[:, :-1], rtol=1e-6)
    np.testing.assert_allclose(arrays["y"][9 : 9 + count], explained[:, -1], rtol=1e-6)
    assert len(np.unique(arrays["y"])) == 12


def test_a_row_that_is_not_in_the_test_part_is_named(tmp_path):
    data_class, folder = small("heloc", tmp_path)
    path = folder / data_class.files[2].name
    lines = path.read_text().splitlines()
    elsewhere = ",".join(["0.5"] * len(lines[1].split(",")))
    path.write_text("\n".join([*lines[:2], elsewhere]) + "\n")
    with pytest.raises(DatasetError, match=r"subset\.csv:3: not a row of the test table"):
        data_class.table(folder)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    data_class, folder = small("who_networks", tmp_path)
    arrays = data_class.generate(folder)
    assert arrays["points"].shape == (1, 100, 19)
    assert arrays["layers_8"].shape == (1, 19 * 8 + 8 + 6 * 72 + 9)
    path = folder / data_class.files[3].name
    torch.save({"model": {"weight": torch.zeros(1, 19), "bias": torch.zeros(1)}}, path)
    with pytest.raises(DatasetError, match=r"ffnnA.*tensors of \[19, 1\] numbers instead of"):
        data_class.generate(folder)


def test_a_checkpoint_that_names_anything_but_tensors_is_refused(tmp_path):
    path = tmp_path / "network.pt"
    torch.save({"model": {"weight": Path("elsewhere")}}, path)
    with pytest.raises(DatasetError, match=r"network\.pt: .* \(it names pathlib\."):
        _checkpoints.parameters(path)


def published(dataset, wanted):
    """Published values of a score, by network."""
    with (PAPER / "published.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == wanted]
    return {row["model"]: float(row["value"]) for row in rows if row["dataset"] == dataset}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["who_networks", "heloc_networks"])
def test_distances_and_accuracies_without_any_draw_are_the_published_ones(name):
    """Occlusion, its instance and gradients need no draws; needs the authors' files."""
    data_class = discover.load_class("datasets", name, DataFile)
    folder = Path(os.environ.get(DATA_DIR, "missing"))
    if not all((folder / official.name).exists() for official in data_class.files):
        pytest.skip(f"the authors' files are not in {DATA_DIR}")
    data_class.origin(folder)
    arrays = data_class.generate(folder)
    [points] = arrays["points"].astype(np.float64)
    networks = zip(("linear", "ffnnA", "ffnnB", "ffnnC"), (1, 3, 5, 8), strict=True)
    for model, layers in networks:
        [parameters] = arrays[f"layers_{layers}"].astype(np.float64)
        function = DenseNetwork(points.shape[1], layers, parameters, name == "heloc_networks")
        gradients = function.gradients(points)
        occluded = np.array([explanations.occlusion(function, x) for x in points])
        for method, values in (("vg", gradients), ("gxi", points * gradients)):
            values_of = published(name, f"explanation_distance.l1_{method}_occlusion")
            expected = values_of.get(model, values_of.get("logistic"))
            distance = np.abs(values - occluded).sum(1).mean()
            # The instance of occlusion was fitted by Adam.
            assert distance == pytest.approx(expected, abs=2e-4), (model, method)
        # The accuracy is in the checkpoint; that of WHO is a sum over batches in random order.
        errors = published(name, "prediction_error.test_error")
        if errors:
            is_positive = function.values(arrays["test_x"][0].astype(np.float64)) > 0.5
            error = (is_positive != arrays["test_y"][0]).mean()
            assert error == pytest.approx(errors.get(model, errors["logistic"]), abs=5e-5)
