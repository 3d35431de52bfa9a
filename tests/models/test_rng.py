"""The generator: published test vectors of Random123, independence, and distributions."""

import numpy as np
import pytest
import torch

from facsimile.models.base import rng

U = 0xFFFFFFFF
# Random123 1.14, tests/kat_vectors, philox4x32 10 rounds: counter, key, words.
VECTORS = [
    ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ((U, U, U, U), (U, U), "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


def tensors(values):
    return tuple(torch.tensor([value], dtype=torch.int64) for value in values)


@pytest.mark.parametrize(("counter", "key", "words"), VECTORS)
def test_published_vectors(counter, key, words):
    drawn = rng.philox(tensors(counter), tensors(key))
    assert " ".join(f"{word.item():08x}" for word in drawn) == words


def test_a_draw_does_not_depend_on_its_neighbours():
    alone = rng.normals(torch.tensor([5]), torch.tensor([17]), "z", 640)[0, 0]
    among = rng.normals(torch.tensor([9, 3, 5]), torch.arange(10, 20), "z", 640)[7, 2]
    assert torch.equal(alone, among)


def test_each_run_may_be_at_a_step_of_its_own():
    together = rng.words(torch.tensor([5, 9]), torch.tensor([[17, 3], [18, 0]]), "z", 10)
    for i, k, seed, step in [(0, 0, 5, 17), (0, 1, 9, 3), (1, 0, 5, 18), (1, 1, 9, 0)]:
        assert torch.equal(
            together[i, k], rng.words(torch.tensor([seed]), torch.tensor([step]), "z", 10)[0, 0]
        )


def test_seeds_steps_and_purposes_are_different_streams():
    first = rng.words(torch.tensor([0]), torch.tensor([0]), "z", 64)
    for seed, step, purpose in [
        (1, 0, "z"),
        (0, 1, "z"),
        (0, 0, "batch"),
        (2**32, 0, "z"),
        (0, 2**32, "z"),
    ]:
        assert (
            rng.words(torch.tensor([seed]), torch.tensor([step]), purpose, 64) != first
        ).float().mean() > 0.9


def test_normals_have_the_moments_of_a_normal():
    x = rng.normals(torch.arange(8), torch.arange(200), "z", 640).double().flatten()
    error = len(x) ** -0.5
    assert abs(x.mean()) < 4 * error
    assert abs(x.var() - 1) < 4 * 2**0.5 * error
    assert abs((x**4).mean() - 3) < 4 * 96**0.5 * error


def test_indices_are_uniform_and_in_range():
    drawn = rng.indices(torch.arange(4), torch.arange(500), "batch", 64, 10)
    counts = np.bincount(drawn.flatten().numpy(), minlength=10)
    assert len(counts) == 10
    expected = drawn.numel() / 10
    assert (
        (counts - expected) ** 2 / expected
    ).sum() < 27.9  # chi-square, 9 degrees of freedom, p = 0.001


def test_permutations_permute_each_column_on_its_own():
    drawn = rng.permutations(torch.tensor([3]), torch.tensor([1]), "permutation", 64, 10)[0, 0]
    assert torch.equal(drawn.sort(0)[0], torch.arange(64)[:, None].expand(64, 10))
    assert not torch.equal(drawn[:, 0], drawn[:, 1])
