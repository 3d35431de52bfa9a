"""Which rows have a label in a run."""

import numpy as np
import pytest
import torch

from facsimile.datasets.base.label_ranks import NEVER, label_ranks
from facsimile.models.base.labelled_share import LabelledShare, check_share

ROWS, TRAINING = 1200, 1000
RANKS = torch.from_numpy(label_ranks(ROWS, TRAINING))


def labelled(seed, share):
    window = LabelledShare()
    window.place(seed)
    return window(RANKS, share)


def test_training_rows_are_ranked_in_a_random_order():
    ranks = RANKS.numpy()
    np.testing.assert_allclose(np.sort(ranks[:TRAINING]), (np.arange(TRAINING) + 0.5) / TRAINING)
    assert abs(np.corrcoef(ranks[:TRAINING], np.arange(TRAINING))[0, 1]) < 0.1
    assert (ranks[TRAINING:] == NEVER).all()
    np.testing.assert_array_equal(label_ranks(ROWS, TRAINING), ranks)
    assert (label_ranks(ROWS, TRAINING, seed=1) != ranks).any()


@pytest.mark.parametrize("share", [0, 0.003, 0.1, 0.35, 0.9, 1])
def test_a_share_is_so_many_rows_for_each_seed(share):
    counts = [labelled(seed, share).sum().item() for seed in range(20)]
    # To within one row, and exactly none or all at the ends.
    np.testing.assert_allclose(counts, share * TRAINING, atol=0 if share in (0, 1) else 1)
    assert not labelled(0, share)[TRAINING:].any()


def test_a_smaller_share_is_a_subset_and_other_seeds_have_other_rows():
    few, many = labelled(3, 0.05), labelled(3, 0.4)
    assert (many | ~few).all()
    for other in range(5):
        if other != 3:
            assert not (few & labelled(other, 0.05)).any()


def test_wrong_numbers_are_named():
    with pytest.raises(ValueError, match="0 training rows of 5"):
        label_ranks(5, 0)
    with pytest.raises(ValueError, match=r"m: labelled is the share .* not 1\.5"):
        check_share("m", 1.5)
