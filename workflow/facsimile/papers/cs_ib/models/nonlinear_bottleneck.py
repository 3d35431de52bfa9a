"""The nonlinear information bottleneck, and its squared and exponential variants."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from facsimile.models.base.arrays import Batch
from facsimile.papers.cs_ib.models._bottleneck import Bottleneck, Network, squared_error

IDENTITY, SQUARE, EXPONENTIAL = 0, 1, 2


@dataclass(frozen=True)
class NonlinearBottleneck(Bottleneck):
    """Mean squared error plus beta times u(I), I a pairwise upper bound of I(x; t) in nats.

    Codes have noise of one learned variance σ². The bound is
    -mean_i log mean_j exp(-|μᵢ - μⱼ|² / (2σ²)) (Kolchinsky et al. 2019, "Nonlinear information
    bottleneck", eq. 10). The functions u are those of Rodríguez Gálvez et al. 2020, "The convex
    information bottleneck Lagrangian". Predictions and the measured I(x; t) are taken at
    mean codes.

    Args:
        function: u, 0 for I itself, 1 for I², 2 for exp(I).
    """

    function: float = IDENTITY
    noise: ClassVar[str] = "one"

    def parts(
        self,
        network: Network,
        batch: Batch,
        noise: Mapping[str, Tensor],
    ) -> tuple[Tensor, Tensor, Tensor]:
        _, means = network.codes(batch["x"])
        log_variance = network.log_variance_of_all
        codes = means + (0.5 * log_variance).exp() * noise["code"]
        predicted = network.predict(codes)
        bound = pairwise_bound(means, log_variance)
        if self.function == SQUARE:
            bound = bound.square()
        elif self.function == EXPONENTIAL:
            bound = bound.exp()
        return squared_error(batch["y"], predicted), bound, predicted

    def check(self) -> None:
        super().check()
        if self.function not in (IDENTITY, SQUARE, EXPONENTIAL):
            raise ValueError(f"function must be 0, 1 or 2, not {self.function:g}")


def pairwise_bound(
    means: Tensor,
    log_variance: Tensor,
) -> Tensor:
    """Return the upper bound of I(x; t) for codes N(mean, exp(log_variance)), in nats.

    Args:
        means: mean codes [b, k].
        log_variance: a scalar.
    """
    squares = means.square().sum(1)
    distances = squares[:, None] + squares - 2 * means @ means.T
    exponents = -distances.clamp(min=0) / (2 * log_variance.exp())
    # The logarithm of the mean over j, for each i.
    logarithms = exponents.logsumexp(1) - exponents.new_tensor(len(means)).log()
    return -logarithms.mean()
