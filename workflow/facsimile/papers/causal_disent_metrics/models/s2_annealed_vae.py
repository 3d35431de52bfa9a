"""AnnealedVAE, with labels of a share of the pictures."""

from dataclasses import dataclass

from facsimile.models.annealed_vae import AnnealedVAE
from facsimile.models.base.vae import VAE
from facsimile.papers.causal_disent_metrics.models._s2_vae import S2VAE

LABEL = "S2-AnnealedVAE"
PARAMETER_LABELS = {"labelled": "labelled share", "gamma_sup": "γ_sup", "c_max": "C_max"}


@dataclass(frozen=True)
class S2AnnealedVAE(S2VAE):
    """The model ``annealed_vae`` with the term of S2VAE.

    c_max: capacity at the end of the schedule, in nats.
    gamma: weight of the distance from the capacity.
    iteration_threshold: step at which the capacity, which grows linearly from 0, is c_max.
    """

    c_max: float = 25
    gamma: float = 1000
    iteration_threshold: float = 30000

    def vae(self) -> VAE:
        return AnnealedVAE(self.c_max, self.gamma, self.iteration_threshold)
