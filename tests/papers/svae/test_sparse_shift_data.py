"""The simulator of cells under interventions: the properties of both variants on few cells."""

import numpy as np
import pytest

from facsimile.datasets import Arrays
from facsimile.foundation import discover
from facsimile.papers.svae.datasets import sparse_shift
from facsimile.papers.svae.datasets.sparse_shift import SparseShift


class Cells(SparseShift):
    softmax, name, dimensions, cells = "cells", "few_cells", 5, 20


class Genes(SparseShift):
    softmax, name, dimensions, cells = "genes", "few_genes", 5, 20


@pytest.fixture(scope="module")
def arrays_of():
    return {cls: cls.generate(None) for cls in (Cells, Genes)}


def test_the_last_twenty_interventions_are_held_out(arrays_of):
    data = arrays_of[Cells]
    assert np.array_equal(
        np.unique(data["intervention"][data["held_out"] == 1]), np.arange(80, 100)
    )
    assert np.bincount(data["intervention"]).tolist() == [20] * 100


def test_one_to_three_latents_are_targets_and_shifted_by_about_five(arrays_of):
    data = arrays_of[Cells]
    first = slice(None, None, 20)
    counts = data["targets"][first].sum(1)
    assert set(counts) == {1, 2, 3}
    means = data["latents"].reshape(100, 20, 5).mean(1)
    shifted = data["targets"][first] == 1
    assert np.abs(means[~shifted]).max() < 5 / np.sqrt(20)
    assert np.abs(means[shifted]).mean() == pytest.approx(5, abs=0.2)
    assert {-1, 1} == set(np.sign(means[shifted]))


def test_the_softmax_over_cells_fixes_the_counts_of_a_gene_and_that_over_genes_those_of_a_cell(
    arrays_of,
):
    by_gene, by_cell = (
        arrays_of[Cells]["counts"].sum(0, dtype=float),
        arrays_of[Genes]["counts"].sum(1, dtype=float),
    )
    assert np.abs(by_gene - 1e6).max() < 5 * 1e3
    assert np.abs(by_cell - 1e5).max() < 5 * np.sqrt(1e5)
    assert arrays_of[Cells]["counts"].sum(1).std() > 10 * np.sqrt(
        1e6 * 100 / 2000
    )  # far more than of Poisson counts


def test_both_variants_have_the_same_latents(arrays_of):
    assert np.array_equal(arrays_of[Cells]["latents"], arrays_of[Genes]["latents"])
    assert np.array_equal(arrays_of[Cells]["targets"], arrays_of[Genes]["targets"])


def test_the_expected_counts_of_a_known_softmax():
    logits = np.log([[1.0, 3.0], [1.0, 1.0]])
    np.testing.assert_allclose(Genes.rates(logits), [[25_000, 75_000], [50_000, 50_000]])
    np.testing.assert_allclose(Cells.rates(logits), [[500_000, 750_000], [500_000, 250_000]])


def test_the_true_likelihood_is_near_the_entropy_of_poisson_counts(arrays_of):
    """The entropy of a Poisson distribution with large mean λ is about ½ log 2πeλ nats."""
    counts = arrays_of[Genes]["counts"]
    about = 0.5 * np.log(2 * np.pi * np.e * np.maximum(counts, 1)).sum(1)
    assert arrays_of[Genes]["true_nll"].mean() == pytest.approx(about.mean(), rel=0.01)


def test_layers_have_orthogonal_rows_of_the_stated_length():
    rows = sparse_shift._orthogonal(np.random.default_rng(0))(5, 40)
    np.testing.assert_allclose(rows @ rows.T, np.eye(5) * 2 / (1 + 0.2**2) * 2 / 45, atol=1e-12)


def test_sizes_are_those_of_text_and_code():
    names = ("sparse_shift_5_cells", "sparse_shift_20_genes")
    few, many = (discover.load_class("datasets", name, Arrays) for name in names)
    assert (few.rows, many.rows) == (25_000, 50_000)
    assert many.shapes["targets"] == (20,)
    assert not hasattr(SparseShift, "rows")
