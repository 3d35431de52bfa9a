"""Convolutions as a processor computes them fastest in bfloat16: the same numbers up to rounding, by another order of work.

Measured with torch 2.13 on a processor with ``avx512_bf16``, batch 64, network ``dlib`` (benchmarks/results/training-peers.md):
a training step takes two thirds of the time that torch's own layers take. A convolution's gradient is up to twice as slow where
the bias is part of it, and the last transposed convolution, to one channel, takes ten times the time of the product of matrices
that it is. In float32 nothing of this gains, so it is left alone.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base.networks import at_least_float32

CHANNELS = 4  # fewer are images: the product of matrices wins
DOUBLING = (
    (4, 4),
    (2, 2),
    (1, 1),
    (0, 0),
    (1, 1),
)  # kernel, stride, padding, output padding, dilation


class Convolution(nn.Conv2d):
    """A convolution with the gradients of ``_Convolved``."""

    def forward(self, input: Tensor) -> Tensor:
        return _convolved(self, input)


class TransposedConvolution(nn.ConvTranspose2d):
    """A transposed convolution with the gradients of ``_Convolved``."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        return _convolved(self, input)


class ToImage(nn.ConvTranspose2d):
    """A transposed convolution [b, c, h, w] -> [b, o, 2h, 2w] in float32: a product of matrices whose patches are added."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        dtype = _dtype(input)
        made: Tensor = _FromPatches.apply(input.to(dtype), self.weight.to(dtype))
        return made if self.bias is None else made + self.bias[:, None, None]


def as_bf16_layers(network: nn.Module) -> None:
    """Let a network's layers be computed as above; weights and their names stay."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.__class__ = Convolution  # the layer is what it was but for the way it is computed
        elif isinstance(layer, nn.ConvTranspose2d):
            layer.__class__ = ToImage if _to_image(layer) else TransposedConvolution
        elif isinstance(layer, nn.ReLU):
            layer.inplace = True


def _to_image(layer: nn.ConvTranspose2d) -> bool:
    shape = (layer.kernel_size, layer.stride, layer.padding, layer.output_padding, layer.dilation)
    return layer.out_channels < CHANNELS and shape == DOUBLING and layer.groups == 1


def _convolved(layer: nn.Conv2d | nn.ConvTranspose2d, input: Tensor) -> Tensor:
    settings = (
        layer.stride,
        layer.padding,
        layer.dilation,
        layer.transposed,
        layer.output_padding,
        layer.groups,
    )
    dtype = _dtype(input)
    bias = None if layer.bias is None else layer.bias.to(dtype)
    made: Tensor = _Convolved.apply(input.to(dtype), layer.weight.to(dtype), bias, settings)
    return made


def _dtype(input: Tensor) -> torch.dtype:
    """In which to compute: what autocast would, as it does not look into functions with gradients of their own."""
    return torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else input.dtype


class _Convolved(torch.autograd.Function):
    """A convolution with its bias, and gradients of which the bias's is a sum apart."""

    @staticmethod
    def forward(
        ctx: Any, input: Tensor, weight: Tensor, bias: Tensor | None, settings: tuple[Any, ...]
    ) -> Tensor:
        ctx.save_for_backward(input, weight)
        ctx.settings = settings
        return torch.ops.aten.convolution(input, weight, bias, *settings)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        input, weight = ctx.saved_tensors
        wanted = [ctx.needs_input_grad[0], True, False]
        of_input, of_weight, _ = torch.ops.aten.convolution_backward(
            gradients[0], input, weight, None, *ctx.settings, wanted
        )
        return (
            of_input,
            of_weight,
            gradients[0].sum((0, 2, 3)) if ctx.needs_input_grad[2] else None,
            None,
        )


class _FromPatches(torch.autograd.Function):
    """The last layer; its gradients are those of the convolution that it transposes, with channels last as its input has."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(input, weight)
        high, wide = input.shape[-2:]
        patches = weight.flatten(1).t() @ input.flatten(2)  # [b, o·4·4, h·w]
        return functional.fold(
            at_least_float32(patches), (2 * high, 2 * wide), kernel_size=4, stride=2, padding=1
        )

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        input, weight = ctx.saved_tensors
        image = gradients[0].to(input.dtype, memory_format=torch.channels_last)
        settings = ((2, 2), (1, 1), (1, 1), False, (0, 0), 1)
        of_weight = torch.ops.aten.convolution_backward(
            input, image, weight, None, *settings, [False, True, False]
        )[1]
        return functional.conv2d(image, weight, stride=2, padding=1), of_weight
