"""Which rows of a batch have a label, for models that are trained on a labelled share.

The data set ranks its rows at random (``datasets/base/label_ranks.py``). In a run, those rows have
a label whose ranks lie in a window of the interval from 0 to 1, which is closed to a circle. The
width of the window is the labelled share, and its start depends on the seed of the run. Thus

- a share s of n rows is s · n rows, to within one;
- with one seed, a smaller share is a subset of a larger one;
- seeds that follow each other have windows far apart, and no row in common if shares are small.

Example::

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.share = LabelledShare()
            ...

    def initialise(self, networks, seed):
        super().initialise(networks, seed)
        networks["vae"].share.place(seed)

    def losses(self, networks, batch, noise, step):
        is_labelled = networks["vae"].share(batch["rank"], self.labelled)
"""

import math

import torch
from torch import Tensor, nn

# Multiples of the golden ratio, modulo 1, are spread over the circle as evenly as possible.
GOLDEN_RATIO = (math.sqrt(5) - 1) / 2


class LabelledShare(nn.Module):
    """The start of a run's window of ranks. It is no parameter, but is stored with the weights."""

    start: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("start", torch.zeros((), dtype=torch.float64))

    @torch.no_grad()
    def place(self, seed: int) -> None:
        """Set the start of the window.

        Args:
            seed: seed of the run.
        """
        self.start.fill_(seed * GOLDEN_RATIO % 1)

    def forward(
        self,
        rank: Tensor,
        share: float,
    ) -> Tensor:
        """Return which rows have a label, bool [b].

        Args:
            rank: ranks of rows [b]; negative for rows that never have a label.
            share: share of the rows that have a label, from 0 to 1.
        """
        after_start = (rank.double() - self.start) % 1
        return (after_start < share) & (rank >= 0)


def check_share(
    model: str,
    labelled: float,
) -> None:
    """Raise ValueError unless ``labelled`` is a share.

    Args:
        model: name of the model, for the message.
        labelled: its hyper-parameter.
    """
    if not 0 <= labelled <= 1:
        raise ValueError(
            f"{model}: labelled is the share of training rows with a label, from 0 to 1, "
            f"not {labelled:g}"
        )
