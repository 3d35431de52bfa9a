"""The true variables as codes, on which the matrices of R² are known."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.base.control import LOG_VARIANCE
from facsimile.models.no_model import NoModel

LABEL = "True variables"


@dataclass(frozen=True)
class TrueVariables(NoModel):
    """One latent for each causal variable; in some pairs of variables, each latent shows both.

    The latents of such a pair are its two variables, turned by 45 degrees. If the two are
    independent, with the same distribution, symmetric around 0, then the best prediction of either
    from either latent is proportional to the latent, and explains half of the variance. Of k
    independent variables of which 2 p are in pairs, R² is then 1 - p / k on the diagonal, the mean
    of the rows' maxima off it is p / k, and the mean of all entries off it is p / (k (k - 1)).

    pairs: number p of pairs whose latents are turned: the first two variables, the next two, …
    """

    pairs: float = 0
    takes: ClassVar[Shapes] = {"latents": (4,)}

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return ``mean`` [b, k] and the constant ``log_variance`` [b, k] of the codes.

        Raises ValueError if there are fewer than ``pairs`` pairs of variables.
        """
        codes = batch["latents"].clone()
        turned = 2 * int(self.pairs)
        if turned > codes.shape[1]:
            raise ValueError(
                f"true_variables: pairs is {self.pairs:g}, and the data set has "
                f"{codes.shape[1]} variables; use at most {codes.shape[1] // 2}"
            )
        first, second = codes[:, 0:turned:2].clone(), codes[:, 1:turned:2].clone()
        codes[:, 0:turned:2] = (first + second) / math.sqrt(2)
        codes[:, 1:turned:2] = (first - second) / math.sqrt(2)
        return {"mean": codes, "log_variance": torch.full_like(codes, LOG_VARIANCE)}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return ``assignment``, int64 [k, k]: latent i belongs to variable i."""
        return {"assignment": torch.eye(whole["latents"].shape[1], dtype=torch.int64)}

    def check(self) -> None:
        if self.pairs < 0 or self.pairs != int(self.pairs):
            raise ValueError(
                f"true_variables: pairs must be a whole number of at least 0, not {self.pairs:g}"
            )
