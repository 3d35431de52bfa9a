"""Codes of known structure, decoded by the true renderer, on which UC, CG and IRS are known."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from facsimile.models.base.control import Control, with_log_variance
from facsimile.papers.causal_disent_metrics import sprites
from facsimile.papers.causal_disent_metrics.sprites import SIZES

LABEL = "Known codes"


@dataclass(frozen=True)
class KnownSets(Control):
    """One latent for each factor, except that the first ``merged`` factors share one.

    The latent that they share is the number of their combination. UC of k factors, with one latent
    for each, is 1 - merged (merged - 1) / (k (k - 1)): each pair of the merged factors overlaps
    wholly, each other pair not at all.

    merged: how many factors share the first latent, from 1 to 5; 1 is a latent for each.
    side: height and width of the decoded pictures, 16 or 64.
    """

    merged: float = 1
    side: float = 16

    def codes(
        self,
        factors: np.ndarray,
        seed: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        count = int(self.merged)
        shared = np.ravel_multi_index(tuple(factors[:, :count].T), SIZES[:count])
        return with_log_variance(np.column_stack((shared, factors[:, count:])))

    def decode(
        self,
        networks: Mapping[str, nn.Module],
        codes: Tensor,
    ) -> Tensor:
        """Draw the sprites of codes [b, d], float32 [b, 1, side, side]."""
        count = int(self.merged)
        values = codes.round().long().numpy()
        first = np.unravel_index(values[:, 0], SIZES[:count])
        factors = np.column_stack((*first, values[:, 1:]))
        pictures = torch.from_numpy(sprites.drawn(factors, int(self.side)))
        return pictures.movedim(-1, 1).float() / 255

    def check(self) -> None:
        if self.merged not in range(1, len(SIZES) + 1):
            raise ValueError(
                f"known_sets: merged must be a whole number from 1 to {len(SIZES)}, "
                f"not {self.merged:g}"
            )
        if self.side not in (16, 64):
            raise ValueError(f"known_sets: side must be 16 or 64, not {self.side:g}")
