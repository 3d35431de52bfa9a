"""Dense layers and cross entropy of packs on a processor, with fewer passes over memory.

``torch.vmap`` adds the bias of a dense layer in a pass of its own, leaves the gradient of its
weight transposed in memory, and takes ``binary_cross_entropy_with_logits`` apart into a dozen
operations. For convolutions none of this matters; with few dense layers it is half of a step.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

Dims = tuple[int | None, ...]


class FewPasses(TorchFunctionMode):
    """Within this context, dense layers and summed cross entropies are computed as below."""

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        keywords = dict(kwargs or {})
        if function is functional.linear and len(args) == 3 and not keywords:
            return Dense.apply(*args)
        if function is functional.binary_cross_entropy_with_logits:
            options = {name for name, value in keywords.items() if value is not None}
            if options == {"reduction"} and keywords["reduction"] == "sum":
                return CrossEntropy.apply(*args[:2])
        return function(*args, **keywords)


class Dense(torch.autograd.Function):
    """x Wᵀ + b of inputs [..., b, i], weights [..., o, i] and biases [..., o].

    The leading axis, if there is one, is the run.
    """

    @staticmethod
    def forward(input: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        if input.dim() == 2:
            return torch.addmm(bias, input, weight.mT)
        return torch.baddbmm(bias.unsqueeze(1), input, weight.mT)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        input, weight, _ = inputs
        ctx.save_for_backward(input, weight)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        input, weight = ctx.saved_tensors
        gradient = gradients[0]
        of_input = None
        if ctx.needs_input_grad[0]:
            of_input = _product(gradient, weight)
        # In this order the product has the layout of the weight.
        of_weight = _product(gradient.mT, input)
        return of_input, of_weight, gradient.sum(-2)

    @staticmethod
    def vmap(
        info: Any,
        in_dims: Dims,
        *tensors: Tensor,
    ) -> tuple[Tensor, int]:
        return Dense.apply(*_of_all_runs(info.batch_size, in_dims, tensors)), 0


class CrossEntropy(torch.autograd.Function):
    """Σ softplus(x) − x·t of logits x and targets t; its gradient is σ(x) − t.

    The sum is over all axes, except for the first one if ``runs``.
    """

    @staticmethod
    def forward(logits: Tensor, targets: Tensor, runs: bool = False) -> Tensor:
        values = functional.softplus(logits).addcmul_(logits, targets, value=-1)
        return values.flatten(1).sum(1) if runs else values.sum()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        logits, targets, *_ = inputs
        ctx.save_for_backward(logits, targets)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        logits, targets = ctx.saved_tensors
        ones = [1] * (logits.dim() - gradients[0].dim())
        outer = gradients[0].reshape(*gradients[0].shape, *ones)
        return torch.sigmoid(logits).sub_(targets).mul_(outer), None, None

    @staticmethod
    def vmap(
        info: Any,
        in_dims: Dims,
        *tensors: Any,
    ) -> tuple[Tensor, int]:
        logits, targets = _of_all_runs(info.batch_size, in_dims[:2], tensors[:2])
        return CrossEntropy.apply(logits, targets, True), 0


def _product(first: Tensor, second: Tensor) -> Tensor:
    """The product of two matrices, or of two of each run."""
    if first.dim() == 2:
        return torch.mm(first, second)
    return torch.bmm(first, second)


def _of_all_runs(
    count: int,
    in_dims: Dims,
    tensors: Sequence[Tensor],
) -> list[Tensor]:
    """The tensors with the run as their first axis; what all runs share is expanded."""
    moved = []
    for tensor, dim in zip(tensors, in_dims, strict=True):
        if dim is None:
            moved.append(tensor.expand(count, *tensor.shape))
        elif dim == 0:
            moved.append(tensor)
        else:
            moved.append(tensor.movedim(dim, 0))
    return moved
