"""What a model must be: explained, and with losses that are finite, deterministic and trainable."""

import types
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch

from facsimile import models
from facsimile.foundation import discover
from facsimile.models import ArraysModel, Model
from facsimile.models.base import networks, rng

IMAGE = (64, 64, 1)
LATENTS = 4
BATCH = 8
ADAM = types.SimpleNamespace(
    lr=1e-4,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
)
VALUE = 2.0
"""Of every hyper-parameter without a default."""


class Problem(NamedTuple):
    """What is wrong with a model, and in which part: its ``class``, its ``loss``, or ``noise``."""

    part: str
    text: str


def problems(name: str) -> Iterator[str]:
    """Yield what is wrong with a model."""
    for problem in problems_by_part(name):
        yield problem.text


def problems_by_part(name: str) -> Iterator[Problem]:
    """Yield what is wrong with a model, with the part of it that is wrong."""
    cls: Any = discover.load_class("models", name, Model)
    if not discover.module("models", name).__doc__:
        yield Problem("class", "the module needs a docstring: the model in one line")
    docstring = cls.__doc__ or ""
    # A dataclass without a docstring gets its signature as one.
    is_generated = docstring.startswith(f"{cls.__name__}(")
    if len(docstring.split()) <= 5 or is_generated:
        text = "the class needs a docstring: what the model minimises, and the paper"
        yield Problem("class", text)
    parameters = models.hyper_parameters(name)
    for parameter in parameters:
        if not parameter.meaning:
            text = f"the docstring of the class needs a line `{parameter.name}: meaning`"
            yield Problem("class", text)
    # Models of arrays are only trained with their own data sets.
    if not cls.trained or issubclass(cls, ArraysModel):
        return
    values = {}
    for parameter in parameters:
        if parameter.default is None:
            values[parameter.name] = VALUE
    yield from _loss_problems(models.model(name, **values))


def _loss_problems(model: Any) -> Iterator[Problem]:
    nets = model.networks(IMAGE, LATENTS, "dlib")
    for group, network in nets.items():
        networks.initialise(network, 0, group)
    images, noise = _batch(model)
    losses = model.losses(nets, images, noise, 0)
    groups = [sorted(nets), sorted(losses.minimise), sorted(model.adam(ADAM))]
    if not groups[0] == groups[1] == groups[2]:
        listed = "; ".join(", ".join(names) for names in groups)
        text = f"networks, losses and optimisers must have the same groups: {listed}"
        yield Problem("loss", text)
        return
    for group, loss in losses.minimise.items():
        if loss.shape != () or not loss.isfinite():
            text = f"the loss {group} must be one finite number, not {loss.tolist()}"
            yield Problem("loss", text)
        elif not loss.requires_grad:
            text = f"the loss {group} has no gradient: compute it from the networks"
            yield Problem("loss", text)
    for term, value in losses.terms.items():
        if value.shape != () or not value.isfinite():
            text = f"the term {term} must be one finite number, not {value.tolist()}"
            yield Problem("loss", text)
        if value.requires_grad:
            yield Problem("loss", f"the term {term} has a gradient: detach it")
    again = model.losses(nets, images, noise, 0).minimise
    for group, loss in losses.minimise.items():
        if not torch.equal(loss, again[group]):
            text = f"the loss {group} differs for the same batch: declare its noise in draws"
            yield Problem("noise", text)


def _batch(
    model: Any,
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Images [b, 1, 64, 64] in [0, 1], twice as many for a paired model, and noise."""
    height, width, _ = IMAGE
    count = 2 * BATCH if model.paired else BATCH
    zero = torch.tensor([0])
    pixels = rng.uniforms(zero, zero, "images", count * height * width)
    images = pixels.view(count, 1, height, width).float()
    noise = {}
    for name, declared in model.draws(BATCH, LATENTS).items():
        noise[name] = _noise(name, declared)
    return images, noise


def _noise(name: str, declared: Any) -> torch.Tensor:
    """A permutation or normal numbers, as the model declares."""
    zero = torch.tensor([0])
    if declared.kind == "permutation":
        permutations = rng.permutations(zero, zero, name, *declared.shape)
        return permutations[0, 0]
    count = torch.Size(declared.shape).numel()
    normals = rng.normals(zero, zero, name, count)
    return normals.view(declared.shape).float()
