"""One step of K runs as one function of tensors, to be run as it is, or traced, compiled and captured as a CUDA graph.

Everything that a step reads or changes is a tensor whose first axis is the run; nothing in here depends on a value, so that the
program is the same for every pack of a model, and no run's numbers touch another's.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from facsimile.models import Draw, Losses, Model
from facsimile.models.base import networks, rng
from facsimile.models.base.adam import AdamSettings
from facsimile.studies.training import Training
from facsimile.training import batches
from facsimile.training.sources import Source

Named = dict[str, Tensor]
Step = Callable[[dict[str, Any], Tensor], Named]


@dataclass
class State:
    """All tensors of a pack, changed in place by a step. Names of parameters are ``group.parameter``.

    ``values`` are hyper-parameters, ``adam`` the optimiser's settings by group (float64), each [K]. ``steps`` [K] int64 counts
    the updates made, ``total`` [] says how many there shall be; ``live`` [K] is false for dummies and given-up runs; ``finite``
    [K] is false for good once a loss was not; ``last`` [K] is the last finite loss.
    """

    weights: Named
    exp_avg: Named
    exp_avg_sq: Named
    values: Named
    adam: dict[str, Named]
    seeds: Tensor
    steps: Tensor
    total: Tensor
    live: Tensor
    finite: Tensor
    last: Tensor

    def arguments(self) -> dict[str, Any]:
        """The tensors by name, nested: what a traced program takes."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


class Objective(nn.Module):
    """The losses of one model as one module, so that its parameters can be given from outside."""

    def __init__(self, made: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleDict(dict(made))

    def forward(
        self, model: Model, images: Tensor, noise: Mapping[str, Tensor], step: Tensor
    ) -> tuple[Named, Named]:
        losses: Losses = model.losses(self.networks, images, noise, step)  # type: ignore[arg-type]
        return losses.minimise, losses.terms


def initial(
    models: Sequence[Model],
    seeds: Sequence[int],
    training: Training,
    made: Mapping[str, nn.Module],
    dtype: torch.dtype,
) -> State:
    """The state before the first step; ``made``, on the pack's device, lends its shapes and is initialised over and over."""
    device = next(
        parameter.device for network in made.values() for parameter in network.parameters()
    )
    size = len(models)
    weights = {
        f"{group}.{name}": torch.empty((size, *parameter.shape), dtype=dtype, device=device)
        for group, network in made.items()
        for name, parameter in network.named_parameters()
    }
    drawn: dict[
        int, int
    ] = {}  # seed -> slot: runs that differ in hyper-parameters alone begin alike
    for slot, seed in enumerate(seeds):
        if (first := drawn.setdefault(seed, slot)) == slot:
            _draw_weights(weights, slot, seed, made)
        else:
            for weight in weights.values():
                weight[slot] = weight[first]
    fields = [field.name for field in dataclasses.fields(models[0])]
    values = {
        name: torch.tensor([float(getattr(m, name)) for m in models], dtype=dtype, device=device)
        for name in fields
    }
    flags = torch.ones(size, dtype=torch.bool, device=device)
    return State(
        weights,
        {name: torch.zeros_like(weight) for name, weight in weights.items()},
        {name: torch.zeros_like(weight) for name, weight in weights.items()},
        values,
        _settings([model.adam(training.by_adam) for model in models], device),
        torch.tensor(list(seeds), device=device),
        torch.zeros(size, dtype=torch.int64, device=device),
        torch.tensor(training.steps, device=device),
        flags,
        flags.clone(),
        torch.full((size,), math.nan, dtype=dtype, device=device),
    )


def _draw_weights(weights: Named, slot: int, seed: int, made: Mapping[str, nn.Module]) -> None:
    for group, network in made.items():
        networks.initialise(network, seed, group)
        for name, parameter in network.named_parameters():
            weights[f"{group}.{name}"][slot] = parameter.detach()


def _settings(
    settings: Sequence[Mapping[str, AdamSettings]], device: torch.device
) -> dict[str, Named]:
    names = [field.name for field in dataclasses.fields(AdamSettings)]
    return {
        group: {
            name: torch.tensor(
                [getattr(of[group], name) for of in settings], dtype=torch.float64, device=device
            )
            for name in names
        }
        for group in settings[0]
    }


def step(
    model: Model,
    objective: Objective,
    training: Training,
    source: Source,
    sizes: tuple[int, ...],
    autocast: Callable[[], Any],
) -> Step:
    """The function (state, buffer of the source) -> loss and terms [K] by name; it changes the state in place.

    ``sizes`` are those of the data set's grid. ``autocast`` makes the context in which losses are computed.
    """
    declared = model.draws(training.drawn, training.latents)

    def one(
        weights: Named, values: Named, images: Tensor, noise: Named, at: Tensor
    ) -> tuple[Named, Named]:
        named = {f"networks.{name}": weight for name, weight in weights.items()}
        arguments = (dataclasses.replace(model, **values), images, noise, at)
        return torch.func.functional_call(objective, named, arguments)

    def make(state: dict[str, Any], buffer: Tensor) -> Named:
        seeds, at = state["seeds"], state["steps"]
        indices = batches.rows(seeds, at[None], training.drawn, sizes, model.paired)[0]
        dtype = next(iter(state["weights"].values())).dtype
        images = source.take(buffer, indices).to(dtype)
        noise = {
            name: _noise(seeds, at[None], name, draw, dtype) for name, draw in declared.items()
        }
        weights = {
            name: weight.detach().requires_grad_() for name, weight in state["weights"].items()
        }
        with autocast():
            minimise, terms = torch.func.vmap(one)(weights, state["values"], images, noise, at)
        gradients = _gradients(minimise, weights)
        with torch.no_grad():
            loss = torch.stack(list(minimise.values())).sum(0)
            active = state["live"] & state["finite"] & (at < state["total"])
            fine = torch.isfinite(loss)
            _adam(state, gradients, active & fine)
            state["finite"].logical_and_(fine | ~active)
            state["last"].copy_(torch.where(active & fine, loss, state["last"]))
            state["steps"].add_((active & fine).to(torch.int64))
        return {"loss": loss.detach()} | terms

    return make


def _noise(seeds: Tensor, at: Tensor, name: str, draw: Draw, dtype: torch.dtype) -> Tensor:
    if draw.kind == "normal":
        return (
            rng.normals(seeds, at, name, math.prod(draw.shape))[0]
            .unflatten(-1, draw.shape)
            .to(dtype)
        )
    return rng.permutations(seeds, at, name, *draw.shape)[0]


def _gradients(minimise: Named, weights: Named) -> Named:
    """Of each group's losses with respect to its own parameters; the sum over runs keeps them apart."""
    found: Named = {}
    for group, loss in minimise.items():
        own = {name: weight for name, weight in weights.items() if name.startswith(f"{group}.")}
        drawn = torch.autograd.grad(loss.sum(), list(own.values()), retain_graph=len(minimise) > 1)
        found |= dict(zip(own, drawn, strict=True))
    return found


def _adam(state: dict[str, Any], gradients: Named, update: Tensor) -> None:
    """TensorFlow's Adam (adam.py) with settings and step of each run's own, for the runs that ``update`` [K] names.

    Coefficients in float64. Plain products, sums, roots and quotients, each of which is rounded the same wherever it lies in
    memory: what a run becomes must not depend on its slot.
    """
    count = (state["steps"] + 1).to(torch.float64)
    for group, s in state["adam"].items():
        rate = s["lr"] * torch.sqrt(1 - s["beta2"] ** count) / (1 - s["beta1"] ** count)
        for name in (name for name in gradients if name.startswith(f"{group}.")):
            weight, gradient = state["weights"][name], gradients[name]
            beta1, beta2, rest1, rest2, lr, epsilon = (
                _beside(c.to(weight.dtype), weight)
                for c in (
                    s["beta1"],
                    s["beta2"],
                    1 - s["beta1"],
                    1 - s["beta2"],
                    rate,
                    s["epsilon"],
                )
            )
            old_m, old_v = state["exp_avg"][name], state["exp_avg_sq"][name]
            m = beta1 * old_m + rest1 * gradient
            v = beta2 * old_v + rest2 * (gradient * gradient)
            new = weight - lr * m / (torch.sqrt(v) + epsilon)
            chosen = _beside(update, weight)
            for old, made in ((weight, new), (old_m, m), (old_v, v)):
                old.copy_(torch.where(chosen, made, old))


def _beside(per_run: Tensor, like: Tensor) -> Tensor:
    """[K] as [K, 1, …], to be multiplied with a tensor of K runs."""
    return per_run.view(-1, *[1] * (like.dim() - 1))
