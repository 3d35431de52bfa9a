"""Losses are pure: under vmap over three runs, each run gets the gradients that it gets alone."""

import dataclasses

import pytest
import torch
from torch import nn

from facsimile import models
from facsimile.models.base.vae import Posterior

RUNS = 3


class Objective(nn.Module):
    """The losses of one model as a module, so that ``functional_call`` can replace parameters."""

    def __init__(self, nets):
        super().__init__()
        self.nets = nn.ModuleDict(nets)

    def forward(self, model, images, noise, step):
        return model.losses(self.nets, images, noise, step).minimise


def stacked(items):
    return {key: torch.stack([item[key] for item in items]) for key in items[0]}


@pytest.fixture
def runs(make_model, initialised, batch, trained):
    """Models that differ in every hyper-parameter, each with its networks and batch, in float64."""
    base = make_model(trained)
    variants = [
        dataclasses.replace(base, **{key: (k + 1.5) * v for key, v in vars(base).items()})
        for k in range(RUNS)
    ]
    objectives = [Objective(initialised(base, seed, torch.float64)) for seed in range(RUNS)]
    images, noise = zip(
        *(batch(base, size=4, seed=seed, dtype=torch.float64) for seed in range(RUNS)), strict=True
    )
    return variants, objectives, torch.stack(images), stacked(noise)


def groups(objective):
    """Return the parameters of each group by their full names."""
    names = {group: f"nets.{group}." for group in objective.nets}
    return {
        group: {name: p for name, p in objective.named_parameters() if name.startswith(prefix)}
        for group, prefix in names.items()
    }


@pytest.mark.slow
def test_packed_gradients_equal_those_of_a_run_alone(runs):
    variants, objectives, images, noise = runs
    weights = stacked([{name: p.detach() for name, p in o.named_parameters()} for o in objectives])
    weights = {name: weight.requires_grad_() for name, weight in weights.items()}
    values = [
        {key: torch.tensor(v, dtype=torch.float64) for key, v in vars(model).items()}
        for model in variants
    ]
    steps = torch.tensor([0, 1, 2])

    def losses(weights, values, images, noise, step):
        return torch.func.functional_call(
            objectives[0],
            weights,
            (dataclasses.replace(variants[0], **values), images, noise, step),
        )

    packed = torch.func.vmap(losses)(weights, stacked(values), images, noise, steps)
    assert packed.keys() == objectives[0].nets.keys()
    for group, loss in packed.items():
        names = groups(objectives[0])[group]
        together = torch.autograd.grad(
            loss.sum(), [weights[name] for name in names], retain_graph=True
        )
        for k, objective in enumerate(objectives):
            alone_loss = objective(
                variants[k], images[k], {key: value[k] for key, value in noise.items()}, k
            )[group]
            alone = torch.autograd.grad(alone_loss, list(groups(objective)[group].values()))
            torch.testing.assert_close(loss[k], alone_loss, rtol=1e-12, atol=0)
            for of_pack, of_run in zip(together, alone, strict=True):
                # Units that are dead, as in a layer of two units, have gradients of 0.
                assert (of_pack[k] - of_run).norm() <= 1e-10 * of_run.norm()


def test_a_step_may_be_a_tensor():
    model = models.model("annealed_vae", c_max=25, gamma=1000, iteration_threshold=100_000)
    q = Posterior(*torch.zeros(3, 2, 2), torch.tensor(3.0))
    for step in (0, 12_345, 100_000, 300_000):
        assert torch.equal(model.regularizer(q, step), model.regularizer(q, torch.tensor(step)))
