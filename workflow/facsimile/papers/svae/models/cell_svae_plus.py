"""sVAE+ of single cells: a spike-and-slab prior of the shifts, with a Beta prior of each target's weight."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import logsigmoid

from facsimile.models.base.arrays import Shapes
from facsimile.papers.svae.models.cell_svae import CellSVAE

STEP_SECONDS = {"1": 0.00769}


@dataclass(frozen=True)
class CellSVAEPlus(CellSVAE):
    """γ ~ Bernoulli(w), w ~ Beta(1, α), each target with a w of its own (Lopez et al. 2023).

    The bound is multiplied by the number of training cells, as the penalty is of all of them. By the text the penalty is
    KL(q(γ), p(γ | w)) − log Beta(w; 1, α), w learned as a point. The released code takes q(γ) for w, so that −log Beta(q; 1, α)
    is left: it says so beside the lines (svae/_module.py at 0001ea0); at its first commit it had the KL and this. Learned
    weights go to 0 by themselves and leave a KL that is nearly flat where a mask starts, so that masks stay at 1.

    alpha: of the Beta prior; the larger, the sparser.
    learned_weights: 1 as the text, 0 as the code.
    cells: training cells by which the bound is multiplied.
    sparsity: of sVAE, not used.
    """

    alpha: float = 20
    learned_weights: float = 0
    cells: float = 20_000
    starts: ClassVar[Mapping[str, float]] = {**CellSVAE.starts, "weights": 1}  # w of 0.731

    def prior_shapes(self, latents: int) -> Shapes:
        shapes = dict(super().prior_shapes(latents))
        return shapes | ({"weights": shapes["mask"]} if self.learned_weights else {})

    def penalty(self, prior: Mapping[str, Tensor]) -> Tensor:
        if not self.learned_weights:
            return -log_beta(prior["mask"], self.alpha).sum()
        return (
            kl_of_bernoullis(prior["mask"], prior["weights"])
            - log_beta(prior["weights"], self.alpha)
        ).sum()

    def total(self, bound: Tensor, penalty: Tensor) -> Tensor:
        return self.cells * bound + penalty

    def check(self) -> None:
        super().check()
        if self.alpha < 1 or self.cells < 1 or self.learned_weights not in (0, 1):
            raise ValueError("alpha and cells must be 1 or more, learned_weights 0 or 1")


def log_beta(logits: Tensor, alpha: float) -> Tensor:
    """Log-density of Beta(1, α) at σ(logits)."""
    return log(alpha) + (alpha - 1) * logsigmoid(-logits)


def kl_of_bernoullis(of: Tensor, to: Tensor) -> Tensor:
    """KL of Bernoulli(σ(of)) to Bernoulli(σ(to)), element by element, nats."""
    q = of.sigmoid()
    return q * (logsigmoid(of) - logsigmoid(to)) + (1 - q) * (logsigmoid(-of) - logsigmoid(-to))
