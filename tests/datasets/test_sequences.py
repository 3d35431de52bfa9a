"""The contract of data sets of sequences, and how batches of neighbouring frames are drawn."""

import types
from typing import ClassVar

import archives
import numpy as np
import pytest
import torch

from facsimile import datasets
from facsimile.datasets import DataFile, DatasetError
from facsimile.datasets.base.sequences import Sequences
from facsimile.foundation import discover
from facsimile.models.base.arrays import ArraysModel
from facsimile.models.base.model import Draw
from facsimile.studies.training import Training
from facsimile.training import batches, loop

CLASSES = [discover.load_class("datasets", name, DataFile) for name in discover.names("datasets")]
SEQUENCES = [cls for cls in CLASSES if issubclass(cls, Sequences)]


class Count(Sequences):
    """A picture's first pixel is its number in its sequence, its second one is the sequence."""

    name, licence, source = "count", "none", "here"
    variables = ("number", "name")
    angular = ("name",)
    lengths = (4, 3)
    independent = 5
    picture = (1, 2, 1)

    @classmethod
    def simulate(cls, length, random):
        states = np.stack([np.arange(length), np.full(length, length), np.ones(length)], 1)
        return states.astype(float), np.ones((length, 2), int)

    @classmethod
    def sample(cls, count, random):
        return random.uniform(size=(count, 3))

    @classmethod
    def draw(cls, states):
        return states[:, :2].astype(np.uint8).reshape(-1, 1, 2, 1)

    @classmethod
    def temporal_edges(cls):
        return np.array([[1, 0], [1, 0]])


class Pair(Count):
    """The first two numbers of ``Count`` are one variable, the third another."""

    name = "pair"
    variables = ("both", "last")
    numbers: ClassVar = {"both": ("number", "name")}


def test_numbers_say_which_variable_they_belong_to(tmp_path):
    Pair.make(tmp_path / "pair.h5")
    whole = Pair.open(tmp_path / "pair.h5").arrays(slice(None))
    assert whole["latents"].shape == (12, 3)
    assert whole["variable_of"].tolist() == [[0, 0, 1]] * 12
    assert whole["angles"][0].tolist() == [0, 1, 0]
    assert whole["targets"].shape == (12, 2)
    assert "variable_of" not in Count.shapes


def test_numbers_of_a_variable_that_does_not_exist_are_named():
    with pytest.raises(DatasetError, match="numbers names 'ball', which is none of the variables"):
        type("Wrong", (Count,), {"numbers": {"ball": ("x", "y")}})


@pytest.fixture
def count(tmp_path):
    Count.make(tmp_path / "count.h5")
    return Count.open(tmp_path / "count.h5")


def test_rows_are_the_frames_in_order_and_then_the_independent_ones(count):
    whole = count.arrays(slice(None))
    assert len(count) == 12
    assert whole["sequence"].tolist() == [0] * 4 + [1] * 3 + [2, 3, 4, 5, 6]
    assert whole["held_out"].tolist() == [0] * 7 + [1] * 5
    assert whole["images"][:7, 0, 0, 0].tolist() == [0, 1, 2, 3, 0, 1, 2]
    assert whole["targets"][:, 0].tolist() == [0, 1, 1, 1, 0, 1, 1] + [0] * 5
    assert whole["latents"].shape == (12, 2)
    assert whole["angles"][-1].tolist() == [0, 1]
    assert whole["temporal_graph"][5].tolist() == [[1, 0], [1, 0]]
    assert not whole["instantaneous_graph"].any()


@pytest.mark.parametrize(
    ("frames", "expected"), [(1, list(range(12))), (2, [0, 1, 2, 4, 5]), (4, [0])]
)
def test_stretches_begin_where_enough_frames_of_one_sequence_follow(count, frames, expected):
    assert count.starts(frames).tolist() == expected


@pytest.mark.parametrize("frames", [5, 13])
def test_sequences_that_are_too_short_are_named(count, frames):
    with pytest.raises(ValueError, match=rf"longest sequence has 4 frames.* needs {frames} in a"):
        count.starts(frames)


def test_wrong_targets_are_named(tmp_path):
    def with_targets(targets):
        states = np.zeros((4, 3))
        simulate = classmethod(lambda cls, length, random: (states, targets))
        return type("Wrong", (Count,), {"simulate": simulate, "lengths": (4,)})

    with pytest.raises(DatasetError, match=r"shape \[3, 2\]; they should be \[4, 2\]"):
        with_targets(np.zeros((3, 2))).make(tmp_path / "wrong.h5")
    with pytest.raises(DatasetError, match="other than 0 and 1"):
        with_targets(np.full((4, 2), 2)).make(tmp_path / "wrong.h5")


class Neighbours(ArraysModel):
    """Records the batches that it is given."""

    takes = {"images": (1, 2, 1), "targets": (2,)}  # noqa: RUF012
    frames = 2

    def networks(self, shapes, latents, network):
        return {"one": torch.nn.Linear(1, 1, bias=False)}

    def draws(self, batch, latents):
        return {"noise": Draw("normal", (batch, 3))}

    def losses(self, networks, batch, noise, step):
        seen.append((batch, noise))
        loss = networks["one"].weight.square().sum()
        return types.SimpleNamespace(minimise={"one": loss}, terms={})


seen: list = []


def training(batch_size):
    return Training.model_validate(
        {"steps": 3, "batch_size": batch_size, "latents": 1, "adam": {"lr": 0.1}}
    )


@pytest.mark.parametrize(("batch_size", "size"), [(64, 64), ("all", 5)])
def test_a_batch_holds_neighbouring_frames_of_one_sequence(count, batch_size, size):
    model = Neighbours()
    seen.clear()
    state = loop.start(model, training(batch_size), loop.shape_of(model, count), 0, "float32")
    for _ in loop.steps(model, training(batch_size), count, 0, "float32", state):
        pass
    assert len(seen) == 3
    for batch, noise in seen:
        images = (batch["images"] * 255).round()
        assert images.shape == (size, 2, 1, 1, 2)
        assert images.dtype == torch.float32
        assert batch["targets"].shape == (size, 2, 2)
        assert noise["noise"].shape == (size, 3)
        number, name = images[..., 0, 0, :].unbind(-1)
        assert (number[:, 1] == number[:, 0] + 1).all()
        assert (name[:, 1] == name[:, 0]).all()
        first = {(int(n), int(k)) for n, k in zip(number[:, 0], name[:, 0], strict=True)}
        # Every stretch of the sequences, and no independent frame.
        assert first == {(0, 4), (1, 4), (2, 4), (0, 3), (1, 3)}


def test_a_model_of_neighbouring_frames_needs_sequences(tmp_path):
    cone = datasets.dataset("cone", tmp_path / "cone.h5")
    with pytest.raises(ValueError, match=r"2 neighbouring frames, .* cone have no order; use"):
        loop.shape_of(Neighbours(), cone)


def test_drawn_batches_without_frames_are_those_of_rows(count):
    seeds, steps = torch.tensor([3]), torch.arange(2)
    model = type("Single", (Neighbours,), {"frames": 1})()
    drawn = batches.drawn(model, training(8), count, seeds, steps)
    torch.testing.assert_close(drawn, batches.rows(seeds, steps, 8, (12,)))


CASES = [
    # Nine variables take a second.
    pytest.param(cls, id=cls.name, marks=[pytest.mark.slow] * cls.name.endswith("_9"))
    for cls in SEQUENCES
]


@pytest.fixture(scope="module", params=CASES)
def frames(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sequences")
    small, source = archives.small(request.param, folder)
    small.make(folder / "data.h5", source)
    return small.open(folder / "data.h5")


def test_interventions_and_graphs_hang_together(frames):
    whole = frames.arrays(slice(None))
    k = len(frames.variables)
    assert len(set(frames.variables)) == k
    assert set(frames.angular) <= set(frames.variables)
    first = np.flatnonzero(np.diff(whole["sequence"], prepend=-1))
    assert not whole["targets"][first].any()
    assert whole["targets"].any(axis=0).all(), "a variable is never intervened on"
    trained = whole["held_out"] == 0
    assert whole["latents"][trained].std(axis=0).min() > 0
    # Causes in the same frame come before their effects.
    instantaneous = whole["instantaneous_graph"][0]
    assert not np.linalg.matrix_power(instantaneous, k).any()
    assert frames.starts(2).max() < trained.sum() - 1
