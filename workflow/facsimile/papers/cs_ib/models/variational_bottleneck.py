"""The variational information bottleneck, for regression."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from facsimile.models.base.arrays import Batch
from facsimile.papers.cs_ib.models._bottleneck import Bottleneck, Network, squared_error


@dataclass(frozen=True)
class VariationalBottleneck(Bottleneck):
    """Mean squared error plus beta times the mean KL of q(t|x) from N(0, I), in nats.

    Alemi et al. 2017, "Deep variational information bottleneck", eq. 17, with a Gaussian likelihood
    of fixed variance. Predictions and I(x; t) are taken at mean codes.
    """

    noise: ClassVar[str] = "rows"

    def parts(
        self,
        network: Network,
        batch: Batch,
        noise: Mapping[str, Tensor],
    ) -> tuple[Tensor, Tensor, Tensor]:
        features, means = network.codes(batch["x"])
        log_variances = network.log_variance(features)
        deviations = (0.5 * log_variances).exp()
        predicted = network.predict(means + deviations * noise["code"])
        squares = means.square() + log_variances.exp()
        kl = 0.5 * (squares - log_variances - 1).sum(1).mean()
        return squared_error(batch["y"], predicted), kl, predicted
