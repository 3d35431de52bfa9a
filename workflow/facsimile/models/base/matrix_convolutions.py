"""Convolutions as matrix products, for packs: K of them become one batched product.

``torch.vmap`` turns K convolutions with different weights into one grouped convolution, for which
cuDNN is not optimised. Gathering the patch of each output and multiplying by the weights gives the
same numbers up to rounding. Patches are gathered by slices and scattered by sums of padded slices,
so that gradients need no atomic additions, which would make order, and hence bits, random.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

# A transposed convolution that doubles height and width.
DOUBLING = (
    (4, 4),  # kernel
    (2, 2),  # stride
    (0, 0),  # output padding
    (1, 1),  # dilation
)


class MatrixConv2d(nn.Conv2d):
    """A convolution [b, c, h, w] -> [b, o, h', w'] as a matrix product.

    Kernel, stride and padding must be square, without dilation and groups.
    """

    def forward(self, input: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        padded = functional.pad(input, (int(self.padding[0]),) * 4)
        height = (padded.shape[-2] - kernel) // stride + 1
        width = (padded.shape[-1] - kernel) // stride + 1

        # One slice per element of the kernel: the input pixels that it multiplies.
        slices = []
        for i in range(kernel):
            rows = slice(i, i + stride * (height - 1) + 1, stride)
            for j in range(kernel):
                columns = slice(j, j + stride * (width - 1) + 1, stride)
                slices.append(padded[:, :, rows, columns])
        patches = torch.stack(slices, -1)  # [b, c, h', w', k·k]

        flat = patches.permute(0, 2, 3, 1, 4).flatten(3)  # [b, h', w', c·k·k]
        products = flat.flatten(0, 2) @ self.weight.flatten(1).t()  # [b·h'·w', o]
        image = products.unflatten(0, (len(input), height, width))
        return _with_bias(image.permute(0, 3, 1, 2), self.bias)


class MatrixConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution [b, c, h, w] -> [b, o, 2h, 2w] as a matrix product.

    The kernel must be 4 × 4 and the stride 2.
    """

    def forward(
        self,
        input: Tensor,
        output_size: list[int] | None = None,
    ) -> Tensor:
        batch, _, height, width = input.shape
        flat = input.permute(0, 2, 3, 1).flatten(0, 2)  # [b·h·w, c]
        products = flat @ self.weight.flatten(1)  # [b·h·w, o·4·4]
        patches = products.unflatten(1, (-1, 4, 4)).unflatten(0, (batch, height, width))
        patches = patches.permute(0, 3, 1, 4, 2, 5)  # [b, o, h, 4, w, 4]
        columns = _overlapped(patches, 4, 5)  # [b, o, h, 4, 2w + 2]
        image = _overlapped(columns, 2, 3)  # [b, o, 2h + 2, 2w + 2]
        # The padding of a transposed convolution is cut off its output.
        margin = int(self.padding[0])
        bottom = image.shape[2] - margin
        right = image.shape[3] - margin
        return _with_bias(image[:, :, margin:bottom, margin:right], self.bias)


def as_matrix_products(network: nn.Module) -> None:
    """Replace the convolutions of a network, in place; weights keep their values and names.

    Raises:
        ValueError: a convolution is of a kind that the classes above do not support.
    """
    for layer in network.modules():
        # Changing the class keeps parameters, names and hooks, and changes only ``forward``.
        if isinstance(layer, nn.Conv2d):
            _check(layer, _is_square(layer))
            layer.__class__ = MatrixConv2d
        elif isinstance(layer, nn.ConvTranspose2d):
            shape = (
                layer.kernel_size,
                layer.stride,
                layer.output_padding,
                layer.dilation,
            )
            _check(layer, shape == DOUBLING and layer.groups == 1)
            layer.__class__ = MatrixConvTranspose2d


def _is_square(layer: nn.Conv2d) -> bool:
    """Return whether ``MatrixConv2d`` can compute a layer."""
    if layer.dilation != (1, 1) or layer.groups != 1:
        return False
    if not isinstance(layer.padding[0], int):  # "same" or "valid"
        return False
    shapes = (layer.kernel_size, layer.stride, layer.padding)
    return all(len(set(shape)) == 1 for shape in shapes)


def _check(layer: nn.Module, supported: bool) -> None:
    if not supported:
        raise ValueError(
            f"{layer}: not supported as a matrix product; use grouped convolutions, or implement "
            "it in matrix_convolutions.py"
        )


def _with_bias(image: Tensor, bias: Tensor | None) -> Tensor:
    if bias is None:
        return image
    return image + bias.to(image.dtype)[:, None, None]


def _overlapped(
    patches: Tensor,
    axis: int,
    tap: int,
) -> Tensor:
    """Add patches of four elements that start two elements apart.

    Args:
        patches: [..., n, ..., 4, ...].
        axis: axis of the n patches.
        tap: axis of the four elements of a patch.

    Returns:
        [..., 2n + 2, ...], without the axis ``tap``.
    """
    # The third element of a patch lies on the first of the next, the fourth on the second.
    first, second, third, fourth = patches.unbind(tap)
    even = _shifted(first, axis, 0) + _shifted(third, axis, 1)
    odd = _shifted(second, axis, 0) + _shifted(fourth, axis, 1)
    return torch.stack((even, odd), axis + 1).flatten(axis, axis + 1)


def _shifted(
    values: Tensor,
    axis: int,
    by: int,
) -> Tensor:
    """Pad an axis with one zero: before the values if ``by`` is 1, after them if it is 0."""
    zeros = [0, 0] * (values.dim() - axis - 1)
    return functional.pad(values, [*zeros, by, 1 - by])
