"""A linear structural causal model that is fitted to a table, cut, and sampled."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from facsimile.models.base import rng
from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.no_model import NoModel
from facsimile.papers.ccgm import biased, structural

LABEL = "Linear causal model"


@dataclass(frozen=True)
class LinearSCM(NoModel):
    """Least squares along a known graph; some edges are cut before rows are generated.

    The table's variables are an attribute, a mediator and an outcome. To generate rows, what is
    left of each variable is that of another, random row.

    Args:
        strength: what the weights of the edges are multiplied by: 1 keeps them, 0 cuts them.
        edges: which edges: 0 for the direct one from attribute to outcome, 1 for all from the
            attribute, 2 for all.
        refitted: 1 to fit without the direct edge instead of scaling edges.
    """

    strength: float = 1
    edges: float = 0
    refitted: float = 0
    takes: ClassVar[Shapes] = {"values": (3,), "parents": (3, 3)}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return the fitted ``weights`` [3, 3] and ``generated`` rows [n, 3]."""
        values = whole["values"].double().numpy()
        n, size = values.shape
        parents = whole["parents"][0].numpy() == 1
        if self.refitted:
            parents[biased.DIRECT] = False
        weights, _ = structural.regression(np.cov(values.T), parents)
        left = values @ (np.eye(size) - weights)
        order = rng.uniforms_for(seed, 0, "rows of what is left", (n, size)).argsort(0).numpy()
        shuffled = np.take_along_axis(left, order, axis=0)
        edges = biased.edges_cut(int(self.edges))
        scale = structural.factors(size, edges, self.strength)
        generated = shuffled @ structural.mixing(weights * scale)
        return {
            "weights": torch.from_numpy(weights).float(),
            "generated": torch.from_numpy(generated).float(),
        }

    def check(self) -> None:
        if not 0 <= self.strength <= 1:
            raise ValueError(f"strength must be from 0 to 1, not {self.strength:g}")
        if self.edges not in (0, 1, 2):
            raise ValueError(f"edges must be 0, 1 or 2, not {self.edges:g}")
        if self.refitted not in (0, 1):
            raise ValueError(f"refitted must be 0 or 1, not {self.refitted:g}")
        if self.refitted and (self.strength != 1 or self.edges):
            raise ValueError("refitted: no edges are cut then; leave strength at 1 and edges at 0")
