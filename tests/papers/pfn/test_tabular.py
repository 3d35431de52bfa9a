"""The comparison on small tables: splits, baselines, and areas under ROC curves."""

import archives
import numpy as np
import pandas as pd
import pytest
import torch

from facsimile import models
from facsimile.datasets import DataFile, DatasetError
from facsimile.foundation import discover
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.pfn.datasets import _splits
from facsimile.papers.pfn.metrics import tabular

LABELS = np.array([(7 * i) % 5 < 2 for i in range(40)], float)


def small(name, folder):
    return archives.small(discover.load_class("datasets", name, DataFile), folder)


@pytest.mark.parametrize("n", [1, 42, 300])
def test_stretches_are_drawn_like_torch(n):
    torch.manual_seed(13)
    assert _splits.permutation(n, 13) == torch.randperm(n).tolist()


@pytest.mark.parametrize("labels", [LABELS, 1 - LABELS])
def test_classes_alternate_and_no_row_of_the_smaller_one_is_lost(labels):
    rows = _splits.alternating(labels)
    assert len(set(rows.tolist())) == len(rows) == 32
    smaller = float(labels.mean() < 0.5)
    assert set(np.flatnonzero(labels == smaller)) <= set(rows.tolist())
    assert (labels[rows[::2]] != labels[rows[1::2]]).all()
    assert len(set(labels[rows[::2]])) == 1


def test_equal_labels_are_in_the_order_of_numpy_of_2021():
    # Quicksort by the median of three, and insertion sort of at most 16.
    order = np.argsort(LABELS.astype(np.int8), kind="quicksort")
    assert order.tolist() == quicksort(LABELS)
    assert order.tolist() != np.argsort(LABELS, kind="stable").tolist()


def quicksort(values):
    """NumPy's quicksort of indices, as it was in C until version 1.24."""
    t = list(range(len(values)))
    v = values.tolist()
    stack = [(0, len(t) - 1)]
    while stack:
        low, high = stack.pop()
        while high - low > 16:
            middle = low + (high - low) // 2
            for a, b in ((middle, low), (high, middle), (middle, low)):
                if v[t[a]] < v[t[b]]:
                    t[a], t[b] = t[b], t[a]
            pivot, i, j = v[t[middle]], low, high - 1
            t[middle], t[j] = t[j], t[middle]
            while True:
                i, j = i + 1, j - 1
                while v[t[i]] < pivot:
                    i += 1
                while pivot < v[t[j]]:
                    j -= 1
                if i >= j:
                    break
                t[i], t[j] = t[j], t[i]
            t[i], t[high - 1] = t[high - 1], t[i]
            stack.append((i + 1, high))
            high = i - 1
        t[low : high + 1] = sorted(t[low : high + 1], key=lambda index: v[index])
    return t


@pytest.mark.parametrize("name", ["credit_g_splits", "australian_splits"])
def test_tables_are_read_in_their_official_formats(tmp_path, name):
    data_class, folder = small(name, tmp_path)
    arrays = data_class.generate(folder)
    _, features = data_class.shapes["x"]
    assert arrays["x"].shape == (data_class.rows, 100, features)
    assert (arrays["y"].mean(1) == 0.5).all()
    # Categories are numbers from 0, and other fields are as they are.
    [path] = data_class.downloaded(folder).values()
    values = {float(v) for v in np.unique(arrays["x"])}
    if name == "credit_g_splits":
        assert values == {0, 1, 2, 3, 4}
    else:
        assert 0 <= min(values) < max(values) <= 1
    path.write_text(path.read_text().replace("\n", " 7\n", 1))
    with pytest.raises(DatasetError, match=f"{path.name}:1: {features + 2} fields instead of"):
        data_class.generate(folder)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("credit_g_splits", " 1\n", " 3\n", "class '3' instead of 1 or 2"),
        ("credit_g_splits", " A14", " B14", "'B14.' is not a number"),
        ("australian_splits", " 2:", " 3:", "'3:.*' is not a number"),
        ("australian_splits", "-1 ", "0 ", "class '0' instead of -1 or \\+1"),
    ],
)
def test_damaged_tables_are_refused_with_their_line(tmp_path, name, old, new, message):
    data_class, folder = small(name, tmp_path)
    [path] = data_class.downloaded(folder).values()
    text = path.read_text()
    line = text[: text.index(old) + 1].count("\n") + 1
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DatasetError, match=f":{line}: {message}"):
        data_class.generate(folder)


def test_a_table_with_few_rows_of_a_class_is_refused():
    y = np.array([1.0] * 50 + [0.0] * 100)
    with pytest.raises(DatasetError, match="has 50 rows, but 20 splits need 60"):
        _splits.splits(np.zeros((150, 2)), y, 20, "table")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "nearest_neighbours",
        "logistic_regression",
        "gaussian_process_classifier",
        "gradient_boosting",
    ],
)
def test_baselines_separate_classes_that_are_apart_on_any_scale(name):
    random = np.random.default_rng(0)
    y = np.tile([0, 1], 20)
    x = random.normal(size=(40, 2)) + 5 * y[:, None]
    x[:, 1] *= 1000
    batch = {"x": torch.from_numpy(x[None]).float(), "y": torch.from_numpy(y[None])}
    [probability] = models.model(name).infer({}, batch)["probability"].numpy()
    assert ((probability > 0.5) == (y[30:] == 1)).all()


def test_areas_and_calibration_of_known_probabilities():
    y = np.zeros((2, 8), np.int64)
    y[:, 4:] = [[0, 0, 1, 1], [0, 1, 0, 1]]
    # Each split is ordered without an error, but not both together.
    probability = np.array([[0.105, 0.205, 0.305, 0.405], [0.605, 0.805, 0.705, 0.905]], np.float32)
    inferred, data = {"probability": probability}, {"y": y}
    outputs = RunOutputs("knn", {}, inferred, pd.DataFrame(), data, None, None, (2, 0), 0)
    scores = tabular.score(outputs)
    assert scores["roc_auc_of_splits"] == 1
    assert scores["roc_auc_error"] == 0
    assert scores["roc_auc"] == pytest.approx(12 / 16)
    excess = np.abs(y[:, 4:] - probability)
    assert scores["calibration_error"] == pytest.approx(excess.mean())
    halves = np.full((1, 4), 0.5)
    assert tabular.calibration_error(y[0, 4:], halves[0]) == 0
