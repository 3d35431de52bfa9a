"""DEAR: a bidirectional GAN whose prior is a structural causal model, with supervised codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base import mlp
from facsimile.models.base.adam import AdamSettings
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.labelled_share import LabelledShare, check_share
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.models.base.optimisers import Settings
from facsimile.papers.dear.models import _pictures, _scm, _settings, _spectral
from facsimile.studies.training import Training

LABEL = "DEAR"
PARAMETER_LABELS = {"labelled": "labelled share"}
STEP_SECONDS = {"1": 0.025, "side**2": 4.8e-5}  # batch of 128, float32
QUANTITIES = 4  # labels of the pendulum without a background
UNITS = 300  # of all hidden layers
ENCODER, GENERATOR, DISCRIMINATOR = "encoder", "generator", "discriminator"
FUNCTION, GRAPH = "function", "graph"
LEAST, MOST = 0.5, 2.0  # weight of a generated picture


class Discriminator(nn.Module):
    """Mean of a score of x, a score of z and a score of both, as in the released code.

    Args:
        pixels: numbers per picture.
        latents: number of latents.
        is_spectral: whether all layers have spectral normalisation, as in the released code.
    """

    def __init__(
        self,
        pixels: int,
        latents: int,
        is_spectral: bool,
    ) -> None:
        super().__init__()
        layers = _spectral.mlp if is_spectral else mlp.mlp
        self.features_x = layers((pixels, UNITS, UNITS))
        self.features_z = layers((latents, UNITS, UNITS))
        self.score_x = layers((UNITS, 1))[0]
        self.score_z = layers((UNITS, 1))[0]
        self.score_both = layers((2 * UNITS, UNITS, 1))

    def forward(self, pictures: Tensor, latents: Tensor) -> Tensor:
        """Return scores [b] of pictures [b, pixels] and latents [b, d]."""
        x = self.features_x(pictures).relu()
        z = self.features_z(latents).relu()
        both = self.score_both(torch.cat((x, z), 1))
        score: Tensor = (self.score_x(x) + self.score_z(z) + both) / 3
        return score[:, 0]


class Encoder(nn.Module):
    """Dense layers for means and log-variances, and the rows that have labels.

    Args:
        pixels: numbers per picture.
        latents: number of latents.
    """

    def __init__(
        self,
        pixels: int,
        latents: int,
    ) -> None:
        super().__init__()
        self.layers = mlp.mlp((pixels, UNITS, UNITS, 2 * latents))
        self.share = LabelledShare()

    def forward(
        self,
        pictures: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return means and log-variances [b, latents] of pictures [b, pixels]."""
        mean, log_variance = self.layers(pictures).chunk(2, 1)
        return mean, log_variance


@dataclass(frozen=True)
class DEAR(ArraysModel):
    """Shen et al. 2022, by the released code (xwshen51/DEAR@54a5603), with dense networks.

    A discriminator D tells (x, E(x)) from (G(z), z); z = f(ε (I − A)⁻¹) for the first four latents.
    The encoder minimises D(x, E(x)) plus ``supervised`` times the cross entropy of labels and the
    sigmoid of its means; generator, f and A minimise −w D(G(z), z), where the weight w is
    exp D(G(z), z), clipped to [0.5, 2] and without a gradient.

    Encoder, generator, discriminator, f and A are five groups, each with its own Adam. All are
    updated from the same point. The released code updates D first. It also calls f's optimiser
    after the encoder's loss, which does not depend on f, so that this changes nothing but a moment.

    Networks of three dense layers take the place of a ResNet-50 and of convolutions with attention;
    the generator has neither spectral nor batch normalisation, and no noise besides z.

    Args:
        function: f, 0 for a x + b, 1 for a planar flow, 2 for a piecewise linear function.
        supervised: weight of the cross entropy, which is a mean over labels.
        labelled: share of training pictures that have labels, from 0 to 1.
        rate: learning rate of encoder, generator and f.
        discriminator_rate: learning rate of the discriminator.
        graph_rate: learning rate of A.
        side: height and width to which pictures are averaged, a divisor of 64; the code has 64.
        spectral: 1 for spectral normalisation of the discriminator, as released; 0 for none, where
            the slope of D has no bound, nor has its weight beside the cross entropy.
        causal: how many labels are used, whose latents follow the causal model; others are
            independent. 5 makes the background a label, which has neither causes nor effects.
    """

    function: float = 0
    supervised: float = 5
    labelled: float = 1
    rate: float = 5e-5
    discriminator_rate: float = 1e-4
    graph_rate: float = 1e-3
    side: float = 16
    spectral: float = 0
    causal: float = 4
    takes: ClassVar[Shapes] = {
        "images": (64, 64, 3),
        "labels": (2,),
        "rank": (),
    }

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        """Create the networks.

        Raises ValueError for fewer latents than causal ones, and for pictures that cannot be
        averaged to ``side``.
        """
        causal = min(int(self.causal), shapes["labels"][0])
        if latents < causal:
            raise ValueError(
                f"DEAR has {causal} causal latents; set latents to {causal} or more, not {latents}"
            )
        pixels = _pictures.pixels("DEAR", shapes, self.side)
        return {
            ENCODER: Encoder(pixels, latents),
            GENERATOR: mlp.mlp((latents, UNITS, UNITS, pixels)),
            DISCRIMINATOR: Discriminator(pixels, latents, self.spectral == 1),
            FUNCTION: _scm.elementwise(self.function, causal, 1.0),
            GRAPH: _scm.Graph(allowed_edges(causal), is_learned=True),
        }

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Initialise layers as torch's Linear, f as released, A as 0; choose labelled rows."""
        for group in (ENCODER, GENERATOR, DISCRIMINATOR):
            mlp.initialise(networks[group], seed, group)
        scm_of(networks).function.place(seed)
        encoder_of(networks).share.place(seed)

    def optimisers(
        self,
        training: Training,
    ) -> dict[str, Settings]:
        """Adam of each group, as released; the study's optimiser is not used."""
        return {
            ENCODER: AdamSettings(self.rate, beta1=0),
            GENERATOR: AdamSettings(self.rate, beta1=0),
            DISCRIMINATOR: AdamSettings(self.discriminator_rate, beta1=0),
            FUNCTION: AdamSettings(self.rate, beta1=0),
            GRAPH: AdamSettings(self.graph_rate),
        }

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        normal = Draw("normal", (batch, latents))
        return {"z": normal, "prior": normal}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        discriminator = networks[DISCRIMINATOR]
        pictures = _pictures.reduced(batch["images"], self.side)
        mean, log_variance = networks[ENCODER](pictures)
        inferred = mean + (log_variance / 2).exp() * noise["z"]
        drawn = self.prior(networks, noise["prior"])
        generated = generate(networks, drawn)
        of_inferred = discriminator(pictures, inferred)
        of_generated = discriminator(generated, drawn)
        told_apart = functional.softplus(of_generated) + functional.softplus(-of_inferred)
        is_labelled = encoder_of(networks).share(batch["rank"], self.labelled)
        causal = len(scm_of(networks).graph.allowed)
        cross_entropy = mean_cross_entropy(mean, batch["labels"][:, :causal], is_labelled)
        weight = of_generated.detach().exp().clamp(LEAST, MOST)
        fooled = -(weight * of_generated).mean()
        minimise = {
            ENCODER: of_inferred.mean() + self.supervised * cross_entropy,
            GENERATOR: fooled,
            DISCRIMINATOR: told_apart.mean(),
            FUNCTION: fooled,
            GRAPH: fooled,
        }
        terms = {
            "told_apart": told_apart.mean(),
            "alignment": cross_entropy,
            "generator": fooled,
        }
        return Losses(minimise, detached(terms))

    def prior(
        self,
        networks: Mapping[str, nn.Module],
        noise: Tensor,
    ) -> Tensor:
        """Return latents [b, d] of noise [b, d]; those without causes are the noise itself."""
        scm = scm_of(networks)
        causal = len(scm.graph.allowed)
        return torch.cat((scm(noise[:, :causal]), noise[:, causal:]), 1)

    def traces(
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return the weights of the edges into each causal latent j, ``into_j`` [4]."""
        edges = scm_of(networks).graph.edges()
        return {f"into_{j}": column for j, column in enumerate(edges.T)}

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        with torch.no_grad():
            pictures = _pictures.reduced(batch["images"], self.side)
            mean, log_variance = networks[ENCODER](pictures)
        return {"mean": mean, "log_variance": log_variance}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return the ``graph`` A and ``set_pictures``.

        A is [4, 4], [cause, effect]. The pictures are those after a latent is set
        (``_settings.set_pictures``).
        """
        scm = scm_of(networks)

        def encode(images: Tensor) -> Tensor:
            mean: Tensor = networks[ENCODER](_pictures.reduced(images, self.side))[0]
            return mean

        def decode(causal: Tensor, before: Tensor) -> Tensor:
            return generate(networks, torch.cat((causal, before[:, causal.shape[1] :]), 1))

        pictures = _settings.set_pictures(whole, encode, scm, decode)
        return {"graph": scm.graph.edges().detach(), "set_pictures": pictures}

    def check(self) -> None:
        _scm.check_function("DEAR", self.function)
        check_share("DEAR", self.labelled)
        _pictures.check_side("DEAR", self.side)
        if self.causal < 1 or self.causal != int(self.causal):
            raise ValueError(f"DEAR: causal is a number of labels, not {self.causal:g}")
        if self.spectral not in (0, 1):
            raise ValueError(f"DEAR: spectral must be 0 or 1, not {self.spectral:g}")
        for name in ("supervised", "rate", "discriminator_rate", "graph_rate"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"DEAR: {name} must be 0 or more")


def allowed_edges(causal: int) -> Tensor:
    """Return which edges A may have, [cause, effect]: for four or more labels the pendulum's.

    For fewer labels, which are other data, every label may cause all that follow.
    """
    if causal >= QUANTITIES:
        return _scm.true_graph(causal)
    return torch.ones(causal, causal).triu(1)


def scm_of(
    networks: Mapping[str, nn.Module],
) -> _scm.SCM:
    """Return the causal model, whose two parts are groups of their own."""
    graph, function = networks[GRAPH], networks[FUNCTION]
    assert isinstance(graph, _scm.Graph)
    assert isinstance(function, _scm.Elementwise)
    return _scm.SCM(graph, function)


def encoder_of(
    networks: Mapping[str, nn.Module],
) -> Encoder:
    """Return the encoder."""
    encoder = networks[ENCODER]
    assert isinstance(encoder, Encoder)
    return encoder


def generate(
    networks: Mapping[str, nn.Module],
    latents: Tensor,
) -> Tensor:
    """Return pictures [b, pixels] in [−1, 1] of latents [b, d]."""
    pictures: Tensor = networks[GENERATOR](latents).tanh()
    return pictures


def mean_cross_entropy(
    means: Tensor,
    labels: Tensor,
    is_labelled: Tensor,
) -> Tensor:
    """Return the cross entropy in nats of labels [b, k] and the sigmoid of the first means.

    It is a mean over labels and over the pictures that have some; 0 if none has.
    """
    if not is_labelled.any():
        return means.new_zeros(())
    logits = means[is_labelled, : labels.shape[1]]
    return functional.binary_cross_entropy_with_logits(logits, labels[is_labelled])
