"""What CCVAE and M2 share: data, starting values, the labelled share, and exchanged labels."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from facsimile.datasets.base.table import TEST
from facsimile.models.base import networks as architectures
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.labelled_share import LabelledShare, check_share
from facsimile.models.base.model import Losses, detached
from facsimile.papers.ccvae.models import _labels, _networks
from facsimile.papers.ccvae.models._networks import SIDE

GROUP = "vae"
EXCHANGED = 2  # test pictures of each label vector whose labels are exchanged


class PartlyLabelledNetwork(nn.Module):
    """Base class of the networks of one run.

    Args:
        labels: number of labels, k.
        exclusive: whether exactly one of them holds.
    """

    def __init__(
        self,
        labels: int,
        exclusive: bool,
    ) -> None:
        super().__init__()
        self.share = LabelledShare()
        self.vectors: Tensor
        self.register_buffer("vectors", _labels.vectors(labels, exclusive))


@dataclass(frozen=True)
class PartlyLabelled(ArraysModel):
    """A VAE of pictures of which a share has labels.

    It maximises the mean over a batch of a bound on log p(x, y) for pictures with a label and on
    log p(x) for the others. The authors alternate batches with labels and batches without, as often
    as each occurs; here a batch has both.

    Subclasses override ``network``, ``bounds``, ``label_probabilities`` and ``exchanged``.

    Args:
        labelled: share of training pictures with a label, from 0 to 1.
        exclusive: 1 if exactly one label holds at a time, 0 if labels are binary and independent.
    """

    labelled: float = 1
    exclusive: float = 1
    takes: ClassVar[Shapes] = {
        "images": (SIDE, SIDE, 1),
        "targets": (2,),
        "rank": (),
    }

    @abstractmethod
    def network(
        self,
        labels: int,
        latents: int,
        network: str,
    ) -> PartlyLabelledNetwork:
        """Create the module that holds all parameters.

        Args:
            labels: number of labels, k.
            latents: number of latents.
            network: name of the architecture, one of ``_networks.WIDTHS``.
        """

    @abstractmethod
    def bounds(
        self,
        network: PartlyLabelledNetwork,
        images: Tensor,
        label: Tensor,
        is_labelled: Tensor,
        noise: Mapping[str, Tensor],
    ) -> tuple[Tensor, Tensor]:
        """Estimate the bounds with one sample of the codes.

        Args:
            network: what ``network`` returned.
            images: [b, 1, 28, 28] in [0, 1].
            label: position of the label vector of each picture, int64 [b]; to be used only where
                ``is_labelled``.
            is_labelled: bool [b].
            noise: one tensor for each entry of ``draws``.

        Returns:
            The objective of pictures with a label and of those without, in nats; [b] each, of which
            only the entries of such pictures are used.
        """

    @abstractmethod
    def label_probabilities(
        self,
        network: PartlyLabelledNetwork,
        images: Tensor,
    ) -> Tensor:
        """Return q(y|x) of all label vectors [b, m], at the mean code, as in the released code."""

    @abstractmethod
    def exchanged(
        self,
        network: PartlyLabelledNetwork,
        images: Tensor,
        labels: list[int],
    ) -> Tensor:
        """Decode each picture with what another picture has for some labels.

        Args:
            network: what ``network`` returned.
            images: [m, 1, 28, 28].
            labels: the labels to exchange.

        Returns:
            Means of pixels [m, m, 1, 28, 28]; entry [i, j] is picture i with the labels, or their
            characteristics, of picture j.
        """

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        if shapes["images"] != (SIDE, SIDE, 1):
            size = " × ".join(str(length) for length in shapes["images"])
            raise ValueError(
                f"{type(self).__name__} takes grey pictures of {SIDE} × {SIDE} pixels, not {size}; "
                "resize the data set"
            )
        _networks.check(network)
        [labels] = shapes["targets"]
        return {GROUP: self.network(labels, latents, network)}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Initialise layers as TensorFlow, and choose the rows that have labels.

        Other parameters keep the values of their constructor.
        """
        network = network_of(networks)
        for name, layer in network.named_modules():
            if isinstance(layer, architectures.Layer):
                architectures.initialise(layer, seed, f"{GROUP}.{name}")
        network.share.place(seed)

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        network = network_of(networks)
        is_labelled = network.share(batch["rank"], self.labelled)
        label = _labels.positions(batch["targets"], bool(self.exclusive))
        images = batch["images"]
        with_label, without = self.bounds(network, images, label, is_labelled, noise)
        objective = torch.where(is_labelled, with_label, without).mean()
        terms = {
            "objective": objective,
            "labelled": is_labelled.to(images.dtype).mean(),
        }
        return Losses({GROUP: -objective}, detached(terms))

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return ``label_probability`` [b, k]: the probability that each label holds."""
        network = network_of(networks)
        probabilities = self.label_probabilities(network, batch["images"])
        return {"label_probability": probabilities @ network.vectors}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Decode test pictures with the labels of other test pictures.

        Returns:
            ``exchanged_rows`` int64 [m]: rows of the first two test pictures of each label vector.
            ``exchanged`` uint8 [l, m, m, 28, 28, 1]: entry [l, i, j] is picture i with what picture
            j has for label l; all labels are exchanged together if they are exclusive.
        """
        network = network_of(networks)
        rows = self._rows(whole)
        images = whole["images"][rows]
        labels = range(network.vectors.shape[1])
        groups = [list(labels)] if self.exclusive else [[label] for label in labels]
        decoded = []
        for group in groups:
            pixels = self.exchanged(network, images, group) * 255
            decoded.append(pixels.movedim(2, -1).round().to(torch.uint8))
        return {
            "exchanged_rows": rows,
            "exchanged": torch.stack(decoded),
        }

    def _rows(self, whole: Batch) -> Tensor:
        """Rows of the first test pictures of each label vector; without parts, of all pictures."""
        label = _labels.positions(whole["targets"], bool(self.exclusive))
        is_test = torch.ones_like(label, dtype=torch.bool)
        if "part" in whole:
            is_test = whole["part"] == TEST
        rows = []
        for value in label.unique():
            of_value = torch.nonzero(is_test & (label == value)).flatten()
            rows.append(of_value[:EXCHANGED])
        return torch.cat(rows)

    def check(self) -> None:
        check_share(type(self).__name__, self.labelled)
        if self.exclusive not in (0, 1):
            raise ValueError(
                f"{type(self).__name__}: exclusive must be 0 or 1, not {self.exclusive:g}"
            )


def network_of(networks: Mapping[str, nn.Module]) -> PartlyLabelledNetwork:
    """Return the network of a run."""
    return cast(PartlyLabelledNetwork, networks[GROUP])


def with_columns_of_others(
    rows: Tensor,
    columns: list[int],
) -> Tensor:
    """Return [m, m, n]: entry [i, j] is row i of ``rows`` [m, n] with some columns of row j."""
    m = len(rows)
    mixed = rows[:, None].repeat(1, m, 1)
    mixed[:, :, columns] = rows[None, :, columns].expand(m, m, -1)
    return mixed
