"""Convolutions that are fast on a CPU: same results up to rounding, in another order.

They take and return images with channels last in memory. Measured with torch 2.13, batch 64,
network ``dlib`` (benchmarks/results/training-peers.md, training-float32.md): a training step takes
two thirds (bfloat16) or four fifths (float32) of the time of torch's own layers. There are three
reasons: the layout; the gradient of a convolution, which takes up to twice as long if it includes
the bias; and the last transposed convolution, to one channel, which takes up to ten times as long
as the equivalent matrix product.
"""

import itertools
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base.networks import at_least_float32

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
# Outputs with fewer channels are images, for which the matrix product is faster.
CHANNELS = 4
# A transposed convolution that doubles height and width.
DOUBLING = (
    (4, 4),  # kernel
    (2, 2),  # stride
    (1, 1),  # padding
    (0, 0),  # output padding
    (1, 1),  # dilation
)
# The ordinary convolution of which it is the transpose, as torch.ops takes it.
HALVING = (
    (2, 2),  # stride
    (1, 1),  # padding
    (1, 1),  # dilation
    False,  # transposed
    (0, 0),  # output padding
    1,  # groups
)


class Convolution(nn.Conv2d):
    """A convolution that computes the gradient of its bias separately."""

    def forward(self, input: Tensor) -> Tensor:
        return _convolved(self, input)


class TransposedConvolution(nn.ConvTranspose2d):
    """A transposed convolution that computes the gradient of its bias separately."""

    def forward(
        self,
        input: Tensor,
        output_size: list[int] | None = None,
    ) -> Tensor:
        return _convolved(self, input)


class ToImage(nn.ConvTranspose2d):
    """A transposed convolution [b, c, h, w] -> [b, o, 2h, 2w], with output in float32.

    It is computed as a matrix product that yields patches, and a sum of the overlapping patches.
    """

    def forward(
        self,
        input: Tensor,
        output_size: list[int] | None = None,
    ) -> Tensor:
        dtype = _compute_dtype(input)
        input = input.to(dtype)
        weight = self.weight.to(dtype)
        image: Tensor = _FromPatches.apply(input, weight)
        if self.bias is None:
            return image
        return image + self.bias[:, None, None]


class ReLU(nn.ReLU):
    """A ReLU before a convolution, which computes its gradient in place.

    No other layer reads the gradient that this convolution returns.
    """

    def forward(self, input: Tensor) -> Tensor:
        output: Tensor = _ReLU.apply(input)
        return output


def as_cpu_layers(network: nn.Module) -> None:
    """Replace the layers of a network, in place, by those above; weights keep values and names.

    Weights are then stored with channels last, too.
    """
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for layer in network.modules():
        # Changing the class keeps parameters, names and hooks, and changes only ``forward``.
        if isinstance(layer, nn.Conv2d):
            layer.__class__ = Convolution
        elif isinstance(layer, nn.ConvTranspose2d):
            layer.__class__ = ToImage if _to_image(layer) else TransposedConvolution
        elif isinstance(layer, nn.ReLU):
            layer.inplace = True
        elif isinstance(layer, nn.Sequential):
            for first, second in itertools.pairwise(layer):
                if isinstance(first, nn.ReLU) and isinstance(second, CONVOLUTIONS):
                    first.__class__ = ReLU


def _to_image(layer: nn.ConvTranspose2d) -> bool:
    """Return whether a layer doubles height and width and has the channels of an image."""
    shape = (
        layer.kernel_size,
        layer.stride,
        layer.padding,
        layer.output_padding,
        layer.dilation,
    )
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
    dtype = _compute_dtype(input)
    bias = None if layer.bias is None else layer.bias.to(dtype)
    input = input.to(dtype)
    weight = layer.weight.to(dtype)
    output: Tensor = _Convolved.apply(input, weight, bias, settings)
    return output


def _compute_dtype(input: Tensor) -> torch.dtype:
    """Return the dtype that autocast would choose; it ignores functions with custom gradients."""
    if torch.is_autocast_enabled("cpu"):
        return torch.get_autocast_dtype("cpu")
    return input.dtype


class _ReLU(torch.autograd.Function):
    """A ReLU that overwrites its input, and the gradient of its output."""

    @staticmethod
    def forward(ctx: Any, input: Tensor) -> Tensor:
        ctx.mark_dirty(input)
        output = input.relu_()
        ctx.save_for_backward(output)
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (output,) = ctx.saved_tensors
        gradient = gradients[0]
        of_input: Tensor = torch.ops.aten.threshold_backward.grad_input(
            gradient,
            output,
            0,
            grad_input=gradient,
        )
        return of_input


class _Convolved(torch.autograd.Function):
    """A convolution whose gradient of the bias is a separate sum."""

    @staticmethod
    def forward(
        ctx: Any,
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        settings: tuple[Any, ...],
    ) -> Tensor:
        ctx.save_for_backward(input, weight)
        ctx.settings = settings
        return torch.ops.aten.convolution(input, weight, bias, *settings)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        input, weight = ctx.saved_tensors
        gradient = gradients[0]
        mask = [ctx.needs_input_grad[0], True, False]  # input, weight, bias
        of_input, of_weight, _ = torch.ops.aten.convolution_backward(
            gradient,
            input,
            weight,
            None,
            *ctx.settings,
            mask,
        )
        of_bias = None
        if ctx.needs_input_grad[2]:
            of_bias = gradient.sum((0, 2, 3))
        return of_input, of_weight, of_bias, None


class _FromPatches(torch.autograd.Function):
    """The transposed convolution of ``ToImage`` without its bias.

    Its gradients are those of the ordinary convolution that it transposes, computed with channels
    last in memory, as the input is.
    """

    @staticmethod
    def forward(
        ctx: Any,
        input: Tensor,
        weight: Tensor,
    ) -> Tensor:
        ctx.save_for_backward(input, weight)
        height, width = input.shape[-2:]
        patches = weight.flatten(1).t() @ input.flatten(2)  # [b, o·4·4, h·w]
        patches = at_least_float32(patches)  # sums in bfloat16 would lose digits
        size = (2 * height, 2 * width)
        return functional.fold(patches, size, kernel_size=4, stride=2, padding=1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        input, weight = ctx.saved_tensors
        image = gradients[0].to(input.dtype, memory_format=torch.channels_last)
        _, of_weight, _ = torch.ops.aten.convolution_backward(
            input,
            image,
            weight,
            None,
            *HALVING,
            [False, True, False],  # the gradient of the weight only
        )
        of_input = functional.conv2d(image, weight, stride=2, padding=1)
        return of_input, of_weight
