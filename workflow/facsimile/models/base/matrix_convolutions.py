"""Convolutions as products of matrices, for packs: K of them are one batched product.

``torch.vmap`` makes a grouped convolution of K convolutions with weights of their own, which cuDNN was not made for. The same
numbers, up to rounding, come from gathering each output's patch and multiplying. Patches are gathered by slices and spread by
sums of padded slices, so that gradients need no atomic additions, whose order, and so whose bits, would be left to chance.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class MatrixConv2d(nn.Conv2d):
    """A convolution [b, c, h, w] -> [b, o, h', w'], square in kernel, stride and padding, with neither dilation nor groups."""

    def forward(self, input: Tensor) -> Tensor:
        kernel, stride, padding = self.kernel_size[0], self.stride[0], int(self.padding[0])
        padded = functional.pad(input, (padding,) * 4)
        high, wide = ((size - kernel) // stride + 1 for size in padded.shape[-2:])
        ends = stride * (high - 1) + 1, stride * (wide - 1) + 1
        taps = [(i, j) for i in range(kernel) for j in range(kernel)]
        patches = torch.stack(
            [padded[:, :, i : i + ends[0] : stride, j : j + ends[1] : stride] for i, j in taps], -1
        )
        rows = patches.permute(0, 2, 3, 1, 4).flatten(3).flatten(0, 2)  # [b·h'·w', c·k·k]
        made = rows @ self.weight.flatten(1).t()
        return _with_bias(
            made.unflatten(0, (len(input), high, wide)).permute(0, 3, 1, 2), self.bias
        )


class MatrixConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution [b, c, h, w] -> [b, o, 2h, 2w] whose kernel is twice its stride of 2."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        batch, _, high, wide = input.shape
        rows = input.permute(0, 2, 3, 1).flatten(0, 2)
        patches = (
            (rows @ self.weight.flatten(1))
            .unflatten(1, (-1, 4, 4))
            .unflatten(0, (batch, high, wide))
        )
        columns = _overlapped(
            patches.permute(0, 3, 1, 4, 2, 5), 4, 5
        )  # [b, o, h, 4, w, 4] -> [b, o, h, 4, 2w + 2]
        whole = _overlapped(columns, 2, 3)
        cut = int(self.padding[0])
        return _with_bias(
            whole[:, :, cut : whole.shape[2] - cut, cut : whole.shape[3] - cut], self.bias
        )


def as_matrix_products(network: nn.Module) -> None:
    """Let a network's convolutions be computed as products of matrices; weights and their names stay.

    Raises ValueError for a convolution of another kind than the project's networks have.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            plain = (
                isinstance(layer.padding[0], int) and layer.dilation == (1, 1) and layer.groups == 1
            )
            _check(
                layer,
                plain
                and all(
                    len(set(shape)) == 1
                    for shape in (layer.kernel_size, layer.stride, layer.padding)
                ),
            )
            layer.__class__ = (
                MatrixConv2d  # the layer is what it was but for the way it is computed
            )
        elif isinstance(layer, nn.ConvTranspose2d):
            shapes = (layer.kernel_size, layer.stride, layer.output_padding, layer.dilation)
            _check(layer, shapes == ((4, 4), (2, 2), (0, 0), (1, 1)) and layer.groups == 1)
            layer.__class__ = MatrixConvTranspose2d


def _check(layer: nn.Module, fits: bool) -> None:
    if not fits:
        raise ValueError(
            f"{layer}: not known as a product of matrices; use grouped convolutions, or add it here"
        )


def _with_bias(made: Tensor, bias: Tensor | None) -> Tensor:
    return made if bias is None else made + bias.to(made.dtype)[:, None, None]


def _overlapped(patches: Tensor, at: int, tap: int) -> Tensor:
    """[…, n (at), 4 (tap), …] to […, 2n + 2, …]: patches of four, laid down two apart, and added where they overlap."""
    first, second, third, fourth = patches.unbind(tap)
    even, odd = (
        _shifted(a, at, 0) + _shifted(b, at, 1) for a, b in ((first, third), (second, fourth))
    )
    return torch.stack((even, odd), at + 1).flatten(at, at + 1)


def _shifted(values: Tensor, at: int, by: int) -> Tensor:
    """One longer along an axis: a zero before (``by`` 1) or behind (0)."""
    zeros = [0, 0] * (values.dim() - at - 1)
    return functional.pad(values, [*zeros, by, 1 - by])
