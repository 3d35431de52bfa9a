"""A pack against a plain loop over one run, and bits that depend on neither slot nor other runs."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from training_worker import PARAMS

from facsimile.models.base import networks
from facsimile.training import batches, loop
from facsimile.training.pack import Member, Pack, PackSettings
from gpu.check import NO_TIME, Check, Row
from gpu.small_runs import SMALL, equal, new_model, toy

# Largest relative differences between a pack and a plain loop in float64.
LOSS_LIMIT, GRADIENT_LIMIT = 1e-12, 1e-10


def float64(check: Check) -> Iterator[Row]:
    """First step of a pack of two runs against a plain loop over one run, for every method."""
    data = toy(check)
    for convolutions in ("grouped", "matrix"):
        for name in PARAMS:
            row: Row = {"method": name, "convolutions": convolutions}
            if check.left() < 0:
                yield row | {"not_done": NO_TIME}
                continue
            yield row | _differences(check, new_model(name), data, convolutions)


def _differences(check: Check, model: Any, data: Any, convolutions: str) -> Row:
    expected_loss, expected = _alone(model, 4, data)
    settings = PackSettings(check.device, "float64", convolutions=convolutions)
    pack = Pack([Member(model, 3), Member(model, 4)], 3, SMALL, data, settings)
    loss = float(pack.advance(1).terms["loss"][0, 1])
    gradients = _gradients(pack, model, 1)
    loss_error = abs(loss - expected_loss) / abs(expected_loss)
    gradient_error = max(_error(gradients[name], expected[name]) for name in expected)
    is_exact = loss_error < LOSS_LIMIT and gradient_error < GRADIENT_LIMIT
    return {"loss_error": loss_error, "gradient_error": gradient_error, "ok": is_exact}


def _alone(model: Any, seed: int, data: Any) -> tuple[float, dict[str, Tensor]]:
    """Loss and gradients of the first step of one run, on the processor, without a pack."""
    nets = model.networks(data.image_shape, SMALL.latents, SMALL.network)
    for group, network in nets.items():
        networks.initialise(network.double(), seed, group)
    seeds, now = torch.tensor([seed]), torch.tensor([0])
    rows = batches.rows(seeds, now, SMALL.drawn, data.factor_sizes, model.paired)
    images = loop.as_input(data.images(rows[0, 0].numpy())).double()
    noise = {}
    for name, draw in model.draws(SMALL.drawn, SMALL.latents).items():
        values = batches.noise(seeds, now, name, draw)[0, 0]
        noise[name] = values.double() if draw.kind == "normal" else values
    minimise = model.losses(nets, images, noise, 0).minimise
    gradients = {}
    for group, loss in minimise.items():
        parameters = dict(nets[group].named_parameters())
        values = torch.autograd.grad(loss, list(parameters.values()), retain_graph=True)
        for name, value in zip(parameters, values, strict=True):
            gradients[f"{group}.{name}"] = value
    return float(sum(loss.item() for loss in minimise.values())), gradients


def _gradients(pack: Pack, model: Any, slot: int) -> dict[str, Tensor]:
    """Gradients of the first step: Adam's first moment is then (1 − β₁) times the gradient."""
    settings = model.adam(SMALL.by_adam)
    gradients = {}
    for name, moments in pack._state.exp_avg.items():
        rest = 1 - settings[name.split(".")[0]].beta1
        gradients[name] = moments[slot].cpu() / rest
    return gradients


def _error(actual: Tensor, expected: Tensor) -> float:
    """Largest difference relative to the largest entry."""
    return float((actual - expected).abs().max() / expected.abs().max())


def bits(check: Check) -> Iterator[Row]:
    """A run in two slots and among other runs has the same bits."""
    data = toy(check)
    precisions = ("bf16", "float32", "tf32") if check.on_gpu else ("float32",)
    for name in ("beta_vae", "factor_vae"):
        model, other = new_model(name), new_model(name, 3)
        for precision in precisions:
            row: Row = {"method": name, "precision": precision}
            if check.left() < 0:
                yield row | {"not_done": NO_TIME}
                continue
            # Compiling takes a minute: once is enough here, the speed needs it anyway.
            is_compiled = check.on_gpu and (name, precision) == ("beta_vae", "bf16")
            settings = PackSettings(check.device, precision, compiled=is_compiled)
            first = [Member(model, 3), Member(other, 4), Member(model, 5)]
            second = [Member(other, 7), Member(model, 3)]
            tensors = []
            for members, slot in ((first, 0), (second, 1)):
                pack = Pack(members, 3, SMALL, data, settings)
                pack.advance(5)
                tensors.append(pack.tensors(slot))
            yield row | {"compiled": is_compiled, "ok": equal(*tensors)}
