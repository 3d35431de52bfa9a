"""A torch module, or a function of a tensor, as an ``encode`` for ``facsimile.evaluate``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt


def torch_encoder(
    module: Callable[..., Any],
    device: Any = None,
) -> Callable[[npt.NDArray[np.float32]], Any]:
    """A function of NumPy images that calls a torch module.

    The module is called in evaluation mode and without gradients; afterwards it is in the mode in
    which it was.

    Parameters
    ----------
    module : torch.nn.Module, a method of one, or another function of a tensor
        Takes images float32 [n, channels, height, width] from 0 to 1. Returns means [n, d], or a
        tuple (means, log_variances), both [n, d].
    device : torch.device, str or None, default=None
        Where the images go. None: to the device of the module's first parameter; to the processor
        for a function that is no method of a module.

    Returns
    -------
    callable
        Takes images float32 [n, height, width, channels], and returns what the module returns.

    Examples
    --------
    >>> import facsimile
    >>> import numpy as np
    >>> import torch
    >>> module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64 * 64, 10))
    >>> encode = facsimile.torch_encoder(module)
    >>> encode(np.zeros((2, 64, 64, 1), np.float32)).shape
    torch.Size([2, 10])
    """
    # Imported late: torch takes seconds to import.
    import torch

    owner: Any = getattr(module, "__self__", module)
    is_module = isinstance(owner, torch.nn.Module)
    if device is None:
        parameters = owner.parameters() if is_module else iter(())
        first = next(parameters, None)
        device = "cpu" if first is None else first.device

    def encode(images: npt.NDArray[np.float32]) -> Any:
        channels_first = torch.from_numpy(images).movedim(-1, 1).contiguous()
        modules = list(owner.modules()) if is_module else []
        with torch.no_grad(), _evaluating(modules):
            return module(channels_first.to(device))

    return encode


@contextmanager
def _evaluating(modules: list[Any]) -> Iterator[None]:
    """Evaluation mode: dropout is off, and batch normalisation uses stored statistics."""
    trained = [module for module in modules if module.training]
    for module in trained:
        module.training = False
    try:
        yield
    finally:
        for module in trained:
            module.training = True
