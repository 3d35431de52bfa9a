"""Binary images: their files, and an any-order model of them with its marginals."""

import itertools

import archives
import numpy as np
import pytest
import torch

from facsimile import models
from facsimile.datasets import DataFile, DatasetError
from facsimile.datasets.base.table import TEST
from facsimile.foundation import discover
from facsimile.models.base import arrays, rng
from facsimile.papers.mam.datasets import binary_mnist
from facsimile.papers.mam.models import image_marginalization_model as images
from facsimile.studies.training import Training

STEPS = 600
TRAINING = Training.model_validate(
    {"steps": STEPS, "batch_size": 64, "latents": 1, "adam": {"lr": 0.001}}
)
PATTERNS = torch.tensor([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0], [1.0, 0.0, 1.0, 0.0]])
PROBABILITIES = (0.5, 0.3, 0.2)


def small(name, folder):
    data_class, _ = archives.small(discover.load_class("datasets", name, DataFile), folder)
    return data_class


def test_binary_images_are_those_of_the_files(tmp_path):
    data_class = small("binary_mnist", tmp_path)
    found = data_class.generate(tmp_path)
    expected = archives.pixels(0, data_class.rows, 32, 32)[:, :28, :28] > 127
    np.testing.assert_array_equal(found["images"][..., 0] == 255, expected)
    assert (found["part"] == TEST).sum() == data_class.rows - data_class.training_rows()


def test_a_damaged_line_of_binary_images_is_named(tmp_path):
    path = tmp_path / "images.amat"
    line = b"0 " * 783 + b"1\n"
    path.write_bytes(line + line.replace(b"1", b"2"))
    with pytest.raises(DatasetError, match=r"images\.amat:2: not 784 digits 0 or 1"):
        binary_mnist.read(path, 2)
    with pytest.raises(DatasetError, match="3136 bytes instead of 4704, which 3 images have"):
        binary_mnist.read(path, 3)


@pytest.mark.parametrize(("name", "block"), [("mnist_threshold", 1), ("mnist_threshold_14", 2)])
def test_images_with_a_threshold_are_those_of_mnist(name, block, tmp_path):
    data_class = small(name, tmp_path)
    grey, _ = archives.digits(data_class)
    found = data_class.generate(tmp_path)["images"][..., 0]
    side = 28 // block
    assert found.shape == (data_class.rows, side, side)
    for row, column in ((0, 0), (3, 7), (side - 1, 5)):
        rows, columns = (slice(block * place, block * (place + 1)) for place in (row, column))
        means = grey[:, rows, columns].mean((1, 2))
        np.testing.assert_array_equal(found[:, row, column], np.where(means >= 128, 255, 0))


def created(**values):
    model = models.model("image_marginalization_model", sites=4, **values)
    networks = model.networks({"images": (2, 2, 1), "part": ()}, 1, "own")
    model.initialise(networks, 0)
    return model, networks


def noise(model, batch, step):
    seeds, steps = torch.tensor([0]), torch.tensor([step])
    shape = model.draws(batch, 1)["order"].shape
    return {
        "order": rng.permutations(seeds, steps, "order", *shape)[0, 0],
        "known": rng.normals_for(0, step, "known", (batch,)),
    }


def test_the_loss_of_conditionals_is_the_mean_over_unknown_pixels():
    model, networks = created()
    drawn = noise(model, 3, 0)
    loss = model.losses(networks, {"images": PATTERNS.view(3, 1, 2, 2)}, drawn, 0)
    conditionals = networks[images.CONDITIONALS]
    known = images.uniform_sites(drawn["known"], 4)
    means = []
    for row, spins in enumerate(2 * PATTERNS - 1):
        order = drawn["order"][:, row]
        before = torch.zeros(1, 4)
        before[0, order[: known[row]]] = spins[order[: known[row]]]
        unknown = order[known[row] :]
        of_each = [
            conditionals.of_site(before, site[None], spins[site][None] > 0) for site in unknown
        ]
        means.append(-torch.cat(of_each).mean())
    nll = loss.minimise[images.CONDITIONALS]
    assert nll.item() == pytest.approx(torch.stack(means).mean().item())
    gradients = torch.autograd.grad(
        loss.minimise[images.MARGINALS], list(networks[images.MARGINALS].parameters())
    )
    assert all((gradient == 0).all() for gradient in gradients)


@pytest.mark.slow
def test_trained_marginals_are_those_of_the_data():
    model, networks = created(width=32, lr=0.01, conditional_steps=STEPS // 2)
    optimisers = arrays.optimisers_of(model, TRAINING, networks)
    random = np.random.default_rng(0)
    for step in range(STEPS):
        rows = random.choice(3, 64, p=PROBABILITIES)
        batch = {"images": PATTERNS[rows].view(64, 1, 2, 2)}
        losses = model.losses(networks, batch, noise(model, 64, step), step)
        for group, loss in losses.minimise.items():
            parameters = list(networks[group].parameters())
            optimisers[group].step(torch.autograd.grad(loss, parameters))
    marginals = networks[images.MARGINALS]
    nothing = marginals(torch.zeros(1, 4))
    for known in itertools.product((0, 1), repeat=4):
        is_known = torch.tensor(known, dtype=torch.bool)
        for pattern in PATTERNS:
            agrees = (PATTERNS[:, is_known] == pattern[is_known]).all(1)
            exact = torch.tensor(PROBABILITIES)[agrees].sum().log()
            ours = marginals(((2 * pattern - 1) * is_known)[None]) - nothing
            # Of -1.6 to 0; the largest difference after these steps is 0.36.
            assert ours.item() == pytest.approx(exact.item(), abs=0.45)
