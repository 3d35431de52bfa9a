"""sVAE+ of single cells: a spike-and-slab prior of shifts, whose weights have a Beta prior."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import logsigmoid

from facsimile.models.base.arrays import Shapes
from facsimile.papers.svae.models.cell_svae import CellSVAE

STEP_SECONDS = {"1": 0.0062}


@dataclass(frozen=True)
class CellSVAEPlus(CellSVAE):
    """γ ~ Bernoulli(w), w ~ Beta(1, α), with one w per target (Lopez et al. 2023).

    The bound is multiplied by the number of training cells, because the penalty is for all of them.

    In the text, the penalty is KL(q(γ), p(γ | w)) − log Beta(w; 1, α), where w is learned as a
    point. The released code substitutes q(γ) for w, which leaves −log Beta(q; 1, α), as a comment
    beside the lines says (svae/_module.py at 0001ea0); its first commit had the KL in addition.

    Learned weights approach 0 by themselves and leave a KL that is nearly flat where a mask starts,
    so that masks stay at 1.

    Args:
        alpha: parameter of the Beta prior; larger values are sparser.
        learned_weights: 1 for the penalty of the text, 0 for that of the code.
        cells: number of training cells, by which the bound is multiplied.
        sparsity: a parameter of sVAE, unused here.
    """

    alpha: float = 20
    learned_weights: float = 0
    cells: float = 20_000
    starts: ClassVar[Mapping[str, float]] = {
        **CellSVAE.starts,
        "weights": 1,  # a w of 0.731
    }

    def prior_shapes(self, latents: int) -> Shapes:
        shapes = dict(super().prior_shapes(latents))
        if self.learned_weights:
            shapes["weights"] = shapes["mask"]
        return shapes

    def penalty(self, prior: Mapping[str, Tensor]) -> Tensor:
        mask = prior["mask"]
        if not self.learned_weights:
            return -log_beta(mask, self.alpha).sum()
        weights = prior["weights"]
        kl = kl_of_bernoullis(mask, weights)
        penalty = kl - log_beta(weights, self.alpha)
        return penalty.sum()

    def total(
        self,
        bound: Tensor,
        penalty: Tensor,
    ) -> Tensor:
        return self.cells * bound + penalty

    def check(self) -> None:
        super().check()
        for name in ("alpha", "cells"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, not {getattr(self, name):g}")
        if self.learned_weights not in (0, 1):
            raise ValueError(f"learned_weights must be 0 or 1, not {self.learned_weights:g}")


def log_beta(logits: Tensor, alpha: float) -> Tensor:
    """Return the log-density of Beta(1, α) at σ(logits)."""
    return log(alpha) + (alpha - 1) * logsigmoid(-logits)


def kl_of_bernoullis(q_logits: Tensor, p_logits: Tensor) -> Tensor:
    """Return KL(Bernoulli(σ(q_logits)) ‖ Bernoulli(σ(p_logits))), elementwise in nats."""
    q = q_logits.sigmoid()
    log_ratio = logsigmoid(q_logits) - logsigmoid(p_logits)
    log_ratio_of_zero = logsigmoid(-q_logits) - logsigmoid(-p_logits)
    return q * log_ratio + (1 - q) * log_ratio_of_zero
