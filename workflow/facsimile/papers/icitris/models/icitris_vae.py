"""iCITRIS-VAE: CITRIS-VAE whose prior also learns edges between variables of the same frame."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base import latent_assignment
from facsimile.models.base.adamw import AdamWSettings
from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.base.frame_networks import PerLatent, Uniform
from facsimile.models.base.frame_vae import CLIP, GROUP, FrameVAE, Pair, normal_kl, part
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.models.base.optimisers import Settings
from facsimile.models.base.staged_adamw import DelayedSettings
from facsimile.papers.icitris.models import _edges, _guides, _schedules
from facsimile.papers.icitris.models._guides import Sampled
from facsimile.studies.training import Training

LABEL = "iCITRIS-VAE"
# Batches of 64 pairs at a width of 16.
STEP_SECONDS = {"1": 0.02, "width**4": 1.5e-6}
CLASSIFIER, CRITIC, EDGES = "classifier", "critic", "edges"
FASTER = 2.0  # the guides' learning rate over that of the other networks
GUIDE_DECAY = 1e-4
WARM_UP = 200  # steps in which the learning rate grows
EDGE_RATE = 5e-4  # learning rate of the edges
GRAPHS = 8  # sampled per row by ENCO
MOST = 9  # variables for which noise is drawn
SHARE = 1e-4  # least weight of each variable in the divergence of a latent
CENTRING = 0.1  # weight of the penalty on the latents' means and spreads


@dataclass(frozen=True)
class ICitrisVAE(FrameVAE):
    """iCITRIS-VAE (Lippe et al. 2023, sections 4.2 and 4.3), as the released code computes it.

    It minimises |x^{t+1} − x̂|² + β KL + β_c · (cross entropy of the targets) + β_m · (confusion of
    the critic). The prior of a latent of variable i is a normal, whose parameters are a network of
    z^t, target i, and the latents of i's causes in z^{t+1}; interventions remove the causes. Edges
    are learned by ENCO or by NOTEARS.

    width: channels of the first convolutions, and units of the prior's networks.
    beta: weight of the KL.
    beta_classifier: weight of the cross entropy of the targets.
    beta_critic: weight of the critic; it grows to three times as much.
    sparsity: cost of an edge.
    notears: 1 if edges are learned by NOTEARS, 0 if by ENCO.
    shorter: by what factor the freeze and the warm-ups of graph and critic are shorter than those
        of the released code, whose training has about 58,000 steps. The graph's rate is higher by
        the same factor.
    """

    beta: float = 10
    beta_classifier: float = 10
    beta_critic: float = 10
    sparsity: float = 0.02
    notears: float = 0
    shorter: float = 1
    weight_decay: ClassVar[float] = 0.0

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        groups = super().networks(shapes, latents, network)
        [variables] = shapes["targets"]
        if variables > MOST:
            raise ValueError(
                f"{type(self).__name__} takes at most {MOST} causal variables, not {variables}; "
                "raise MOST in icitris_vae.py, which is the number for which noise is drawn"
            )
        edges = _edges.notears if self.notears else _edges.enco
        units = 2 * int(self.width)
        classifier = [nn.Linear(3 * latents, units), _norm(units), nn.SiLU()]
        critic = [nn.Linear(3 * latents + variables, units), _norm(units), nn.SiLU()]
        critic += [nn.Linear(units, units), _norm(units), nn.SiLU()]
        return groups | {
            CLASSIFIER: nn.Sequential(*classifier, nn.Linear(units, variables)),
            CRITIC: nn.Sequential(*critic, nn.Linear(units, 1, bias=False)),
            EDGES: edges(variables),
        }

    def prior(
        self,
        latents: int,
        variables: int,
    ) -> nn.ModuleDict:
        units = int(self.width)
        inputs = 3 * latents + variables
        network = nn.Sequential(
            PerLatent(latents, inputs, units),
            _norm(units),
            nn.SiLU(),
            PerLatent(latents, units, units),
            _norm(units),
            nn.SiLU(),
            PerLatent(latents, units, 2),
        )
        parts = {
            "psi": Uniform(0.0, latents, variables),
            "network": network,
            "limit": Uniform(0.0, latents, 2),
        }
        return nn.ModuleDict(parts)

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Set starting values; weights of last layers are 0, but those of encoder and decoder."""
        super().initialise(networks, seed)
        _edges.start(networks[EDGES])
        lasts: list[Any] = [part(part(networks[GROUP], "prior"), "network")]
        lasts += [networks[CLASSIFIER], networks[CRITIC]]
        with torch.no_grad():
            for network in lasts:
                network[-1].weight.zero_()

    def optimisers(
        self,
        training: Training,
    ) -> dict[str, Settings]:
        """AdamW for all; the guides learn twice as fast, and the edges start late."""
        edges = DelayedSettings(
            EDGE_RATE * self.shorter,
            steps=training.steps,
            warm_up=round(_schedules.GRAPH_WARM_UP / self.shorter),
            clip=CLIP,
            freeze=round(_schedules.FREEZE / self.shorter),
        )
        guide = self.course(training, FASTER, GUIDE_DECAY)
        own = self.course(training, 1.0, self.weight_decay)
        return {GROUP: own, CLASSIFIER: guide, CRITIC: guide, EDGES: edges}

    def course(
        self,
        training: Training,
        factor: float,
        weight_decay: float,
    ) -> AdamWSettings:
        """Return settings of AdamW as for other models of frames, with a warm-up of 200 steps."""
        settings = super().course(training, factor, weight_decay)
        return replace(settings, warm_up=min(WARM_UP, training.steps // 10))

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        graph = (MOST, MOST)
        assignment = Draw("normal", (batch, latents, MOST))
        own = {
            "assignment": assignment,
            "classifier_assignment": assignment,
            "critic_assignment": assignment,
            "graphs": Draw("normal", (batch, 2 if self.notears else GRAPHS, *graph)),
            "classifier_graph": Draw("normal", (batch, *graph)),
            "critic_graph": Draw("normal", (batch, *graph)),
            "critic_causes": Draw("normal", (batch, MOST)),
            "shuffle": Draw("normal", (batch, MOST)),
        }
        return super().draws(batch, latents) | own

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        edges = networks[EDGES]
        graphs = self._graphs(edges, noise["graphs"])
        means, pair, targets = self.bound(networks, batch, {**noise, "graph": graphs[:, :1]})
        classifier_sample = self._sampled(networks, noise, CLASSIFIER)
        predicted = self._predicted(networks[CLASSIFIER], pair, classifier_sample, True)
        for_classifier = latent_assignment.model_loss(
            self._predicted(networks[CLASSIFIER], pair, classifier_sample, False),
            targets,
        )
        weight = _schedules.critic_weight(step, self.shorter)
        inputs = self._critic_inputs(networks, noise, pair, targets, weight)
        means["targets"] = self.beta_classifier * _guides.latent_loss(
            predicted,
            targets,
            classifier_sample.graph,
        )
        confusion = _guides.confusion_loss(networks[CRITIC], inputs)
        means["confusion"] = self.beta_critic * (1 + 2 * weight) * confusion
        means["centring"] = CENTRING * centring(pair)
        loss = torch.stack(list(means.values())).sum()
        for_critic = _guides.critic_loss(networks[CRITIC], inputs)
        minimise = {
            GROUP: loss,
            CLASSIFIER: for_classifier,
            CRITIC: for_critic,
            EDGES: self._edge_loss(networks, means["kl"], pair, targets, noise, step),
        }
        guides = {"classifier": for_classifier, "critic": for_critic}
        return Losses(minimise, detached(means | guides))

    def divergence(
        self,
        prior: nn.ModuleDict,
        pair: Pair,
        targets: Tensor,
        noise: Mapping[str, Tensor],
    ) -> dict[str, Tensor]:
        """Return the KL [b]; ``noise`` also has ``graph``, the sampled edges [b, 1, k, k]."""
        by_variable = self.by_variable(prior, pair, targets, noise)[:, 0]
        weights = torch.softmax(part(prior, "psi").values, 1) + SHARE
        kl = (by_variable * weights.T).sum((1, 2))
        return {"kl": self.beta * kl}

    def by_variable(
        self,
        prior: nn.ModuleDict,
        pair: Pair,
        targets: Tensor,
        noise: Mapping[str, Tensor],
    ) -> Tensor:
        """Return the KL [b, g, k, latents] of each latent if it belonged to each variable.

        There is one per graph of ``noise["graph"]`` [b, g, k, k].
        """
        graphs = noise["graph"]
        psi = part(prior, "psi").values
        latents, variables = psi.shape
        assignment = latent_assignment.sampled(psi, noise["assignment"][..., :variables])
        # Latents of the causes of each variable, unless it is intervened on.
        causes = torch.einsum("blj,bgji->bgil", assignment, graphs)
        causes = causes * (1 - targets[:, None, :, None])
        shown = causes[..., None, :] * (1 - torch.eye(latents))
        shape = shown.shape[:-1]
        before = pair.mean[:, 0, None, None, None].expand(*shape, -1)
        own_target = torch.diag_embed(targets)[:, None, :, None].expand(*shape, -1)
        after = pair.sample[:, 1, None, None, None] * shown
        inputs = [after, 2 * shown - 1, own_target, before]
        raw = part(prior, "network")(torch.cat(inputs, -1))
        limit = part(prior, "limit").values.exp()
        prior_mean, prior_log_deviation = (limit * torch.tanh(raw / limit)).unbind(-1)
        return normal_kl(
            pair.mean[:, 1, None, None],
            pair.log_deviation[:, 1, None, None],
            prior_mean,
            prior_log_deviation,
        )

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return which latents belong to which variable, and the learned graph.

        Returns:
            ``assignment``, int64 [latents, k] of 0 and 1, the most probable variable of each
            latent. ``psi``: the probabilities. ``graph``, int64 [k, k]: learned edges in the same
            frame. ``edge_probabilities``: their probabilities.
        """
        with torch.no_grad():
            psi = torch.softmax(part(part(networks[GROUP], "prior"), "psi").values, 1)
            chances = _edges.probabilities(networks[EDGES])
        assignment = functional.one_hot(psi.argmax(1), psi.shape[1])
        return {
            "assignment": assignment,
            "psi": psi,
            "graph": _edges.decided(networks[EDGES]),
            "edge_probabilities": chances,
        }

    def check(self) -> None:
        if self.notears not in (0, 1):
            raise ValueError("notears must be 0 or 1")
        if self.shorter <= 0:
            raise ValueError("shorter must be above 0")

    def _graphs(
        self,
        edges: nn.Module,
        normals: Tensor,
    ) -> Tensor:
        """Graphs [b, g, k, k]: eight of ENCO, or one of NOTEARS with a gradient."""
        chances = _edges.probabilities(edges)
        count = len(chances)
        chosen = normals[..., :count, :count]
        if self.notears:
            return _edges.relaxed(edges, chosen.movedim(1, -1))[:, None]
        return _edges.sampled(chances, chosen)

    def _sampled(
        self,
        networks: Mapping[str, nn.Module],
        noise: Mapping[str, Tensor],
        guide: str,
    ) -> Sampled:
        """Assignments and graphs [b, k, k] of a guide's own."""
        psi = part(part(networks[GROUP], "prior"), "psi").values
        count = psi.shape[1]
        chances = _edges.probabilities(networks[EDGES])
        normals = noise[f"{guide}_graph"][:, :count, :count]
        assignment = latent_assignment.sampled(psi, noise[f"{guide}_assignment"][..., :count])
        return Sampled(assignment, _edges.sampled(chances, normals))

    def _predicted(
        self,
        classifier: nn.Module,
        pair: Pair,
        sample: Sampled,
        for_latents: bool,
    ) -> Tensor:
        """Logits [b, k + 2, k] of the targets; latents get a gradient from one call alone."""
        masks = _guides.sets(sample.assignment, sample.graph)
        values = (pair.mean[:, 0], pair.sample[:, 1], masks)
        if not for_latents:
            values = (values[0].detach(), values[1].detach(), masks.detach())
        return latent_assignment.classified(classifier, *values)

    def _critic_inputs(
        self,
        networks: Mapping[str, nn.Module],
        noise: Mapping[str, Tensor],
        pair: Pair,
        targets: Tensor,
        weight: float,
    ) -> Tensor:
        """Inputs of the critic, which is shown a variable's causes with probability ``weight``."""
        sample = self._sampled(networks, noise, CRITIC)
        count = targets.shape[1]
        is_shown = torch.special.ndtr(noise["critic_causes"][:, :count]) < weight
        return _guides.comparisons(
            (pair.mean[:, 0], pair.sample[:, 1]),
            targets,
            sample.assignment,
            sample.graph * is_shown[:, None],
            noise["shuffle"],
        )

    def _edge_loss(
        self,
        networks: Mapping[str, nn.Module],
        kl: Tensor,
        pair: Pair,
        targets: Tensor,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Tensor:
        """Loss of the edges' parameters: the KL's for NOTEARS, gradients by ENCO's rule."""
        edges = networks[EDGES]
        if self.notears:
            chances = _edges.probabilities(edges)
            weight = _schedules.acyclic_weight(step, self.shorter)
            penalty = self.sparsity * chances.sum() + weight * _schedules.cycles(chances)
            return kl + self.beta * penalty
        graphs = self._graphs(edges, noise["graphs"])
        prior = cast(nn.ModuleDict, part(networks[GROUP], "prior"))
        with torch.no_grad():
            by_variable = self.by_variable(
                prior,
                pair,
                targets,
                {**noise, "graph": graphs},
            )
            psi = torch.softmax(part(prior, "psi").values, 1)
            costs = (by_variable * psi.T).sum(-1)
        gradients = _edges.enco_gradients(edges, graphs, costs, targets, self.sparsity)
        return _edges.enco_loss(edges, gradients)


def centring(pair: Pair) -> Tensor:
    """Return the mean over latents of squared mean and squared log standard deviation.

    Over the batch and both frames; of the first one, posterior means.
    """
    values = torch.cat([pair.mean[:, 0], pair.sample[:, 1]])
    deviation = values.std(0).clamp(min=1e-6)
    return (values.mean(0).square() + deviation.log().square()).mean()


def _norm(units: int) -> nn.LayerNorm:
    """LayerNorm without parameters."""
    return nn.LayerNorm(units, elementwise_affine=False)
