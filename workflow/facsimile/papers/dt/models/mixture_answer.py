"""Answers for a state of which the prior is a mixture, without training, beside the exact one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.no_model import NoModel
from facsimile.papers.dt import mixtures
from facsimile.papers.dt.models._filter import whole_number

LABEL = "Answer for a mixture"
PRIOR, APART, COLLAPSED = 0, 1, 2
SHARES = 5  # of the problems; a run is tested on one of them


@dataclass(frozen=True)
class MixtureAnswer(NoModel):
    """The prior, components without interaction, or the posterior with fewer components.

    Whittle et al. 2026, "Distribution transformers", Table 7. The posterior is known; a network
    that returned it would have a KL divergence of 0. The run with seed k is tested on the k-th
    fifth of the problems, so that an interval over seeds is one over problems.

    Args:
        answer: 0 for the prior; 1 for its components, each updated alone, with the weights of the
            prior; 2 for the posterior with at most ``components`` of them.
        components: components of answer 2.
        samples: samples of each posterior, by which the divergences are estimated.
    """

    answer: float = PRIOR
    components: float = 1
    samples: float = 500
    takes: ClassVar[Shapes] = {
        "components": (),
        "log_weight": (20,),
        "mean": (20, 8),
        "covariance": (20, 8, 8),
        "z": (8,),
    }

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return ``kl`` [n] from posteriors to answers, in nats, with standard errors ``kl_error``.

        Raises:
            ValueError: the seed is above 4.
        """
        if seed >= SHARES:
            raise ValueError(f"there are problems for seeds 0 to {SHARES - 1}, not for seed {seed}")
        share = len(whole["z"]) // SHARES
        rows = slice(seed * share, (seed + 1) * share)
        prior = _prior(whole, rows)
        exact = mixtures.posterior(prior, whole["z"][rows].double().numpy())
        if self.answer == PRIOR:
            answer = prior
        elif self.answer == APART:
            answer = exact._replace(log_weights=prior.log_weights)
        else:
            answer = mixtures.collapsed(exact, int(self.components))
        random = np.random.Generator(np.random.Philox(key=seed))
        kl, error = mixtures.kl(exact, answer, int(self.samples), random)
        arrays = {"kl": kl, "kl_error": error}
        return {name: torch.from_numpy(values).float() for name, values in arrays.items()}

    def check(self) -> None:
        if self.answer not in (PRIOR, APART, COLLAPSED):
            raise ValueError(f"answer must be 0, 1 or 2, not {self.answer:g}")
        whole_number("components", self.components, 1)
        whole_number("samples", self.samples, 2)


def _prior(
    whole: Batch,
    rows: slice,
) -> mixtures.Mixture:
    """The priors of some problems, without components that do not count."""
    components = int(whole["components"][0])
    names = ("log_weight", "mean", "covariance")
    values = (whole[name][rows, :components].double().numpy() for name in names)
    return mixtures.Mixture(*values)
