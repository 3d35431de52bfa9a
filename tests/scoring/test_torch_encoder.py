"""A torch module as an encoder."""

import numpy as np
import pytest
import torch
from torch import nn

import facsimile

IMAGES = np.random.default_rng(0).random((5, 8, 8, 3), dtype=np.float32)


class Encoder(nn.Module):
    """Means and log-variances, with layers that behave otherwise in training."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 4, 4), nn.BatchNorm2d(4), nn.Dropout(), nn.Flatten(), nn.Linear(100, 6)
        )

    def forward(self, images):
        return self.layers(images).chunk(2, dim=1)

    def mean(self, images):
        return self.forward(images)[0]


@pytest.fixture
def module():
    torch.manual_seed(0)
    return Encoder()


def test_channels_come_first_and_the_module_evaluates(module):
    mean, log_variance = facsimile.torch_encoder(module)(IMAGES)
    module.eval()
    tensor = torch.from_numpy(IMAGES).permute(0, 3, 1, 2)
    expected_mean, expected_log_variance = module(tensor)
    torch.testing.assert_close(mean, expected_mean)
    torch.testing.assert_close(log_variance, expected_log_variance)
    assert not mean.requires_grad


def test_the_module_is_left_in_the_mode_in_which_it_was(module):
    module.layers[2].eval()
    before = [part.training for part in module.modules()]
    statistics = module.layers[1].running_mean.clone()
    facsimile.torch_encoder(module)(IMAGES)
    assert [part.training for part in module.modules()] == before
    torch.testing.assert_close(module.layers[1].running_mean, statistics)


def test_a_method_of_a_module_evaluates_too(module):
    encode = facsimile.torch_encoder(module.mean)
    torch.testing.assert_close(encode(IMAGES), encode(IMAGES))
    assert encode(IMAGES).shape == (5, 3)


def test_images_go_to_the_device_of_the_module_or_the_one_that_is_named(module):
    assert facsimile.torch_encoder(lambda images: images, device="meta")(IMAGES).is_meta
    on_meta = facsimile.torch_encoder(nn.Linear(8, 2, device="meta"))
    assert on_meta(IMAGES).is_meta
    assert facsimile.torch_encoder(lambda images: images)(IMAGES).shape == (5, 3, 8, 8)


@pytest.mark.slow
def test_a_module_is_evaluated_as_it_stands(tmp_path):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(64 * 64, 3))
    data = facsimile.dataset("toy", tmp_path / "toy.h5")
    settings = {"metrics": "mig", "n_train": 60, "n_test": 30, "progress": False}
    table = facsimile.evaluate(module, data, **settings)
    adapted = facsimile.evaluate(facsimile.torch_encoder(module), data, **settings)
    assert table["value"][0] == adapted["value"][0]
    assert module.training
