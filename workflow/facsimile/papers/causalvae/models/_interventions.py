"""VAEs whose concepts can be set: what a trained one decodes under do-interventions, stored for pictures and for metrics."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facsimile.models.base.arrays import Batch
from facsimile.papers.causalvae.models._concepts import CHANNELS, GROUP, ConceptVAE, part

ROWS = 200  # held-out rows of which counterfactuals are decoded
SHOWN = 3  # held-out rows of which strips are stored
VALUES = 7  # of each concept in a strip, from -1 to 1 in the units of its prior


@dataclass(frozen=True)
class SettableVAE(ConceptVAE):
    """A VAE whose prior says which block of latents is which concept, so that do(concept = value) sets that block."""

    @abstractmethod
    def intervene(self, net: nn.Module, pictures: Tensor, concept: int, values: Tensor) -> Tensor:
        """Codes [b, concepts, width] of pictures [b, pixels] if a concept were set to the values [b]."""

    def learned(
        self, networks: Mapping[str, nn.Module], whole: Batch, seed: int
    ) -> dict[str, Tensor]:
        """``counterfactual_images`` and ``strips``, uint8, and the rows of the data that they are of.

        counterfactual_images [n, concepts, side, side, 3]: held-out row n under do(concept k = entry [k, k] of its
        counterfactuals). strips [m, concepts, values, side, side, 3]: each concept set to values from -1 to 1.
        """
        net = networks[GROUP]
        every = torch.nonzero(whole["held_out"] == 1).flatten()
        rows = every[torch.linspace(0, max(len(every) - 1, 0), min(ROWS, len(every))).long()]
        shown = rows[torch.linspace(0, max(len(rows) - 1, 0), min(SHOWN, len(rows))).long()]
        targets = whole["counterfactuals"][rows].diagonal(dim1=1, dim2=2)
        range_ = torch.linspace(-1, 1, VALUES).expand(len(shown), -1)
        strips = [
            [self._decoded(net, whole, shown, k, column) for column in range_.T]
            for k in range(targets.shape[1])
        ]
        done = [self._decoded(net, whole, rows, k, target) for k, target in enumerate(targets.T)]
        return {
            "counterfactual_rows": rows,
            "counterfactual_images": torch.stack(done, 1),
            "strip_rows": shown,
            "strips": torch.stack([torch.stack(row, 1) for row in strips], 1),
        }

    def _decoded(
        self, net: nn.Module, whole: Batch, rows: Tensor, concept: int, values: Tensor
    ) -> Tensor:
        """RGB pictures uint8 [b, side, side, 3] of rows under an intervention."""
        pictures = self.pictures({"images": whole["images"][rows]})
        with torch.no_grad():
            means = part(net, "decoder")(self.intervene(net, pictures, concept, values)).sigmoid()
        side = int(self.side or whole["images"].shape[-1])
        colours = means.view(-1, CHANNELS, side, side)[:, :3].permute(0, 2, 3, 1)
        return (colours * 255).round().to(torch.uint8)


def with_concept(codes: Tensor, concept: int, values: Tensor) -> Tensor:
    """Codes [b, concepts, width] with the block of one concept set to the values [b], all of its dimensions alike."""
    changed = codes.clone()
    changed[:, concept] = values[:, None]
    return changed
