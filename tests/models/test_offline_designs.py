"""Gradient ascent of designs, and the choice of start points."""

import numpy as np
import pytest
import torch

from facsimile.models.base import offline_designs


def test_ascent_of_a_quadratic_is_a_geometric_sequence():
    """From x, steps of rate r on -|x - c|² / 2 leave (1 - r)^n of the distance."""
    target = torch.tensor([1.0, -2.0])
    start = torch.tensor([[3.0, 0.0], [0.0, 5.0]])
    found = offline_designs.ascend(lambda x: -(x - target).square().sum(1) / 2, start, 0.1, 7)
    torch.testing.assert_close(found, target + 0.9**7 * (start - target))
    assert not found.requires_grad


def test_a_negative_rate_descends():
    found = offline_designs.ascend(lambda x: x.square().sum(1) / 2, torch.ones(1, 1), -0.5, 1)
    assert found.item() == pytest.approx(0.5)


def test_the_best_rows_are_ordered_and_ties_keep_their_order():
    np.testing.assert_array_equal(offline_designs.best_rows(np.array([1, 3, 2, 3]), 3), [1, 3, 2])


def test_the_encoding_of_a_data_set_is_that_of_its_offline_rows():
    data = {
        "sequence": np.array([[0, 1], [2, 1], [3, 3]]),
        "offline": np.array([1, 1, 0]),
        "x": np.zeros((3, 6)),
    }
    encoding = offline_designs.letter_logits(data)
    assert encoding.letters == 4
    np.testing.assert_allclose(encoding.encode(data["sequence"][:2]).mean(0), 0, atol=1e-12)
