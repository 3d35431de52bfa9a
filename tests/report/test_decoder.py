"""The exported decoder computes what torch computes, by another engine."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from facsimile.models.base import networks
from facsimile.report import _decoder

LATENTS = 10


def run(exported, codes):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(exported, options, providers=["CPUExecutionProvider"])
    return session.run(["pixels"], {"codes": codes.numpy()})[0]


@pytest.mark.parametrize("channels", [1, 3])
def test_the_exported_decoder_gives_the_pixels_of_the_model(channels):
    network = networks.autoencoder("dlib", (64, 64, channels), LATENTS)
    networks.initialise(network, seed=0, group="vae")
    with torch.no_grad():
        for parameter in network.decoder.parameters():
            parameter.mul_(3)  # pictures with contrast: an untrained decoder's are grey
    codes = torch.randn((5, LATENTS), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = network.decode(codes).sigmoid().numpy()
    pixels = run(_decoder.export([*network.decoder, nn.Sigmoid()], LATENTS), codes)
    assert pixels.shape == (5, channels, 64, 64)
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(pixels, expected, rtol=0, atol=1e-5)


def test_strides_pads_and_output_padding_of_a_transposed_convolution_are_kept():
    torch.manual_seed(0)
    layers = [
        nn.Linear(3, 18),
        nn.Unflatten(1, (2, 3, 3)),
        nn.ConvTranspose2d(2, 4, (3, 5), (2, 3), (1, 2), (1, 0), bias=False),
    ]
    codes = torch.randn(2, 3)
    with torch.no_grad():
        expected = nn.Sequential(*layers)(codes).numpy()
    np.testing.assert_allclose(run(_decoder.export(layers, 3), codes), expected, rtol=0, atol=1e-5)


def test_a_layer_without_a_known_operator_is_named():
    with pytest.raises(TypeError, match="GELU: no ONNX operator is known"):
        _decoder.export([nn.Linear(3, 3), nn.GELU()], 3)
