"""VAEs whose concepts can be set: what a trained model decodes under do-interventions.

The decoded pictures are stored for figures and metrics.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facsimile.models.base.arrays import Batch
from facsimile.models.base.concepts import CHANNELS, GROUP, ConceptVAE, part

ROWS = 200  # held-out rows whose counterfactuals are decoded
SHOWN = 3  # held-out rows whose strips are stored
VALUES = 7  # values of each concept in a strip, from -1 to 1 in the units of its prior


@dataclass(frozen=True)
class SettableVAE(ConceptVAE):
    """A VAE whose prior assigns a block of latents to each concept.

    do(concept = value) therefore sets that block. Subclasses override ``intervene``, too.
    """

    @abstractmethod
    def intervene(
        self,
        net: nn.Module,
        pictures: Tensor,
        concept: int,
        values: Tensor,
    ) -> Tensor:
        """Return the codes [b, concepts, width] of pictures under do(concept = values).

        Args:
            net: what ``network`` returned.
            pictures: [b, pixels] in [0, 1].
            concept: index of the concept.
            values: value of the concept for each picture, [b].
        """

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Decode held-out rows under interventions.

        Returns:
            ``counterfactual_images``, uint8 [n, concepts, side, side, 3]: entry [n, k] is row n
            under do(concept k = entry [k, k] of the row's counterfactuals).
            ``strips``, uint8 [m, concepts, values, side, side, 3]: each concept set to values from
            -1 to 1.
            ``counterfactual_rows`` [n] and ``strip_rows`` [m]: the indices of these rows in the
            data.
        """
        net = networks[GROUP]
        held_out = torch.nonzero(whole["held_out"] == 1).flatten()
        rows = _spread(held_out, ROWS)
        shown = _spread(rows, SHOWN)
        # Entry [k, k] of a row's counterfactuals is the value to which concept k is set.
        targets = whole["counterfactuals"][rows].diagonal(dim1=1, dim2=2)
        counterfactuals = []
        strips = []
        for concept, target in enumerate(targets.T):
            images = self._decoded(net, whole, rows, concept, target)
            counterfactuals.append(images)
            strip = []
            for value in torch.linspace(-1, 1, VALUES):
                images = self._decoded(net, whole, shown, concept, value.expand(len(shown)))
                strip.append(images)
            strips.append(torch.stack(strip, 1))
        return {
            "counterfactual_rows": rows,
            "counterfactual_images": torch.stack(counterfactuals, 1),
            "strip_rows": shown,
            "strips": torch.stack(strips, 1),
        }

    def _decoded(
        self,
        net: nn.Module,
        whole: Batch,
        rows: Tensor,
        concept: int,
        values: Tensor,
    ) -> Tensor:
        """Return RGB pictures, uint8 [b, side, side, 3], of rows under an intervention."""
        images = whole["images"][rows]
        pictures = self.pictures({"images": images})
        with torch.no_grad():
            codes = self.intervene(net, pictures, concept, values)
            means = part(net, "decoder")(codes).sigmoid()
        side = int(self.side or images.shape[-1])
        # Without the opaque channel.
        colours = means.view(-1, CHANNELS, side, side)[:, :3]
        return (colours.permute(0, 2, 3, 1) * 255).round().to(torch.uint8)


def with_concept(
    codes: Tensor,
    concept: int,
    values: Tensor,
) -> Tensor:
    """Return codes [b, concepts, width] with all latents of one concept set to the values [b]."""
    changed = codes.clone()
    changed[:, concept] = values[:, None]
    return changed


def _spread(rows: Tensor, count: int) -> Tensor:
    """Return at most ``count`` of the rows, at equal distances from the first to the last."""
    last = max(len(rows) - 1, 0)
    positions = torch.linspace(0, last, min(count, len(rows)))
    return rows[positions.long()]
