"""One step of K runs as one function of tensors.

It can be called as it is, or traced, compiled and captured as a CUDA graph.

The first axis of every tensor that a step reads or changes is the run. No control flow depends on
a value, so that the program is the same for every pack of a model, and the numbers of one run
never affect those of another.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from facsimile.models import Losses, Model
from facsimile.models.base import networks
from facsimile.models.base.adam import AdamSettings
from facsimile.studies.training import Training
from facsimile.training import batches
from facsimile.training.sources import Source

Named = dict[str, Tensor]
# (State as nested arguments, buffer of the source) -> loss and terms by name.
Step = Callable[[dict[str, Any], Tensor], Named]


@dataclass
class State:
    """All tensors of a pack, changed in place by a step. Parameters are named ``group.parameter``.

    ``values`` are hyper-parameters and ``adam`` the optimiser settings by group (float64), each
    [K]. ``steps`` [K] int64 counts the updates made, ``total`` [] says how many there will be.
    ``live`` [K] is false for dummies and for runs that were given up. ``finite`` [K] becomes false
    for good at the first loss that is not finite; ``last`` [K] is the last finite loss.
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
        """The tensors by name, nested: the arguments of a traced program."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


class Objective(nn.Module):
    """The losses of one model as one module, so that its parameters can be passed as arguments."""

    def __init__(
        self,
        nets: Mapping[str, nn.Module],
    ) -> None:
        super().__init__()
        self.networks = nn.ModuleDict(dict(nets))

    def forward(
        self,
        model: Model,
        images: Tensor,
        noise: Mapping[str, Tensor],
        step: Tensor,
    ) -> tuple[Named, Named]:
        losses: Losses = model.losses(self.networks, images, noise, step)  # type: ignore[arg-type]
        return losses.minimise, losses.terms


def initial(
    models: Sequence[Model],
    seeds: Sequence[int],
    training: Training,
    nets: Mapping[str, nn.Module],
    dtype: torch.dtype,
    device: torch.device,
) -> State:
    """The state before the first step, on the pack's device.

    ``nets``, on the CPU, are used as scratch: they are initialised again for each seed and copied
    into the pack. Weights are drawn on the CPU, so that they have the same bits on every device.
    """
    size = len(models)

    weights: Named = {}
    for group, network in nets.items():
        for name, parameter in network.named_parameters():
            shape = (size, *parameter.shape)
            weights[f"{group}.{name}"] = torch.empty(shape, dtype=dtype, device=device)
    _initialise(weights, seeds, nets)

    # Every field of a model is a hyper-parameter.
    values: Named = {}
    for field in dataclasses.fields(models[0]):
        numbers = [float(getattr(model, field.name)) for model in models]
        values[field.name] = torch.tensor(numbers, dtype=dtype, device=device)

    adam_settings = [model.adam(training.by_adam) for model in models]
    flags = torch.ones(size, dtype=torch.bool, device=device)
    never_finite = torch.full((size,), math.nan, dtype=dtype, device=device)
    return State(
        weights=weights,
        exp_avg=_zeros_like(weights),
        exp_avg_sq=_zeros_like(weights),
        values=values,
        adam=_adam_tensors(adam_settings, device),
        seeds=torch.tensor(list(seeds), device=device),
        steps=torch.zeros(size, dtype=torch.int64, device=device),
        total=torch.tensor(training.steps, device=device),
        live=flags,
        finite=flags.clone(),
        last=never_finite,
    )


def _zeros_like(weights: Named) -> Named:
    return {name: torch.zeros_like(weight) for name, weight in weights.items()}


def _initialise(
    weights: Named,
    seeds: Sequence[int],
    nets: Mapping[str, nn.Module],
) -> None:
    """Draw the initial weights of every slot; slots with the same seed start with the same ones.

    Those are runs that differ only in hyper-parameters, and dummies.
    """
    slot_of_seed: dict[int, int] = {}
    for slot, seed in enumerate(seeds):
        first = slot_of_seed.setdefault(seed, slot)
        if first == slot:
            _draw_weights(weights, slot, seed, nets)
        else:
            for weight in weights.values():
                weight[slot] = weight[first]


def _draw_weights(
    weights: Named,
    slot: int,
    seed: int,
    nets: Mapping[str, nn.Module],
) -> None:
    for group, network in nets.items():
        networks.initialise(network, seed, group)
        for name, parameter in network.named_parameters():
            weights[f"{group}.{name}"][slot] = parameter.detach()


def _adam_tensors(
    settings: Sequence[Mapping[str, AdamSettings]], device: torch.device
) -> dict[str, Named]:
    """Adam's settings of K runs as tensors [K], by group and name."""
    tensors: dict[str, Named] = {}
    for group in settings[0]:
        tensors[group] = {}
        for field in dataclasses.fields(AdamSettings):
            numbers = [getattr(by_group[group], field.name) for by_group in settings]
            values = torch.tensor(numbers, dtype=torch.float64, device=device)
            tensors[group][field.name] = values
    return tensors


def step(
    model: Model,
    objective: Objective,
    training: Training,
    source: Source,
    sizes: tuple[int, ...],
    autocast: Callable[[], Any],
) -> Step:
    """Return a function (state, buffer of the source) -> loss and terms by name, each [K].

    That function makes one step of all runs and changes the state in place. ``sizes`` are those of
    the data set's grid. ``autocast`` creates the context in which losses are computed.
    """
    declared = model.draws(training.drawn, training.latents)
    differentiate = differentiated(model, objective, autocast)

    def make_step(
        state: dict[str, Any],
        buffer: Tensor,
    ) -> Named:
        seeds = state["seeds"]
        steps = state["steps"]
        # Draws have shape [steps, runs, ...]; each run is at one step, so [0] takes all of them.
        indices = batches.rows(seeds, steps[None], training.drawn, sizes, model.paired)[0]
        dtype = next(iter(state["weights"].values())).dtype
        images = source.take(buffer, indices).to(dtype)

        noise = {}
        for name, draw in declared.items():
            values = batches.noise(seeds, steps[None], name, draw)[0]
            noise[name] = values.to(dtype) if draw.kind == "normal" else values

        losses = differentiate(state["weights"], state["values"], images, noise, steps)
        minimise, terms, gradients = losses
        with torch.no_grad():
            loss = total(minimise)
            updated = is_updated(state, loss)
            # No branches: frozen runs take part in everything and keep their values.
            _adam(state, gradients, updated)
            advance(state, loss, updated)
        return {"loss": loss.detach()} | terms

    return make_step


def differentiated(
    model: Model,
    objective: Objective,
    autocast: Callable[[], Any],
) -> Callable[[Named, Named, Tensor, Named, Tensor], tuple[Named, Named, Named]]:
    """Return a function (weights, values, images, noise, steps) -> losses, terms, gradients.

    All are by name, with the run as their first axis.
    """

    def losses_of_one_run(
        weights: Named,
        values: Named,
        images: Tensor,
        noise: Named,
        step: Tensor,
    ) -> tuple[Named, Named]:
        parameters = {f"networks.{name}": weight for name, weight in weights.items()}
        # Runs of a pack may differ in hyper-parameters, which are mapped over like the weights.
        model_of_run = dataclasses.replace(model, **values)
        arguments = (model_of_run, images, noise, step)
        return torch.func.functional_call(objective, parameters, arguments)

    def differentiate(
        weights: Named,
        values: Named,
        images: Tensor,
        noise: Named,
        steps: Tensor,
    ) -> tuple[Named, Named, Named]:
        # Leaves of the graph of this step: gradients do not reach back into earlier steps.
        leaves = {}
        for name, weight in weights.items():
            leaves[name] = weight.detach().requires_grad_()
        with autocast():
            losses_of_runs = torch.func.vmap(losses_of_one_run)
            minimise, terms = losses_of_runs(leaves, values, images, noise, steps)
        return minimise, terms, _gradients(minimise, leaves)

    return differentiate


def total(minimise: Named) -> Tensor:
    """The loss of each run [K]: the sum of the losses of its groups, as in the serial loop."""
    group_losses = torch.stack(list(minimise.values()))
    return group_losses.sum(0)


def is_updated(
    state: dict[str, Any],
    loss: Tensor,
) -> Tensor:
    """Which runs [K] this step changes: those that are active and whose loss is finite."""
    return _is_active(state) & torch.isfinite(loss)


def _is_active(state: dict[str, Any]) -> Tensor:
    unfinished = state["steps"] < state["total"]
    return state["live"] & state["finite"] & unfinished


def advance(
    state: dict[str, Any],
    loss: Tensor,
    updated: Tensor,
) -> None:
    """Count the step of each run, and note which losses were finite."""
    active = _is_active(state)
    state["finite"].logical_and_(torch.isfinite(loss) | ~active)
    state["last"].copy_(torch.where(updated, loss, state["last"]))
    state["steps"].add_(updated.to(torch.int64))


def _gradients(minimise: Named, weights: Named) -> Named:
    """The gradient of each group's loss with respect to the group's own parameters.

    Losses are summed over runs, which keeps the runs apart: a run's loss depends on its own
    weights only.
    """
    gradients: Named = {}
    keep_graph = len(minimise) > 1
    for group, loss in minimise.items():
        prefix = f"{group}."
        names = [name for name in weights if name.startswith(prefix)]
        own_weights = [weights[name] for name in names]
        values = torch.autograd.grad(loss.sum(), own_weights, retain_graph=keep_graph)
        gradients |= dict(zip(names, values, strict=True))
    return gradients


def _adam(
    state: dict[str, Any],
    gradients: Named,
    updated: Tensor,
) -> None:
    """TensorFlow's Adam (adam.py) for the runs where ``updated`` [K] is true.

    Each run has its own settings and its own step. Coefficients are computed in float64. Only
    plain products, sums, roots and quotients are used, which round the same wherever a value lies
    in memory: what becomes of a run must not depend on its slot.
    """
    count = (state["steps"] + 1).to(torch.float64)
    for group, settings in state["adam"].items():
        decay1 = settings["beta1"]
        decay2 = settings["beta2"]
        # The corrections of both moments' bias towards zero.
        correction1 = 1 - decay1**count
        correction2 = 1 - decay2**count
        rate = settings["lr"] * torch.sqrt(correction2) / correction1
        coefficients = (
            decay1,
            decay2,
            1 - decay1,
            1 - decay2,
            rate,
            settings["epsilon"],
        )
        for name, gradient in gradients.items():
            if name.startswith(f"{group}."):
                _update_parameter(state, name, gradient, coefficients, updated)


def _update_parameter(
    state: dict[str, Any],
    name: str,
    gradient: Tensor,
    coefficients: Sequence[Tensor],
    updated: Tensor,
) -> None:
    weight = state["weights"][name]
    m = state["exp_avg"][name]
    v = state["exp_avg_sq"][name]
    beta1, beta2, rest1, rest2, lr, epsilon = (
        _per_run(coefficient.to(weight.dtype), weight) for coefficient in coefficients
    )
    new_m = beta1 * m + rest1 * gradient
    new_v = beta2 * v + rest2 * (gradient * gradient)
    new_weight = weight - lr * new_m / (torch.sqrt(new_v) + epsilon)
    is_updated = _per_run(updated, weight)
    for old, new in ((weight, new_weight), (m, new_m), (v, new_v)):
        old.copy_(torch.where(is_updated, new, old))


def _per_run(values: Tensor, like: Tensor) -> Tensor:
    """Reshape [K] to [K, 1, …], to be broadcast against a tensor of K runs."""
    ones = [1] * (like.dim() - 1)
    return values.view(-1, *ones)
