"""Models of spins: their distributions by enumeration, gradients, and the chains."""

import itertools

import numpy as np
import pytest
import torch

from facsimile import models
from facsimile.models.base import arrays, rng
from facsimile.papers.mam.ising import Torus
from facsimile.papers.mam.models import _spins
from facsimile.papers.mam.models.marginalization_model import CHAINS
from facsimile.studies.training import Training

ENERGY = torch.tensor([[0.1, 0.2]])
TRAINING = Training.model_validate(
    {"steps": 3, "batch_size": 1, "latents": 1, "adam": {"lr": 0.003}}
)


def created(name, sites, **values):
    """Return a model and its networks."""
    model = models.model(name, sites=sites, **values)
    networks = model.networks({"x": (sites,)}, 1, "own")
    model.initialise(networks, 0)
    return model, networks


def noise(model, step=0):
    seeds, steps = torch.tensor([0]), torch.tensor([step])
    drawn = {}
    for name, draw in model.draws(1, 1).items():
        if draw.kind == "permutation":
            drawn[name] = rng.permutations(seeds, steps, name, *draw.shape)[0, 0]
        else:
            drawn[name] = rng.normals_for(0, step, name, draw.shape)
    return drawn


def trained(model, networks, steps):
    optimisers = arrays.optimisers_of(model, TRAINING, networks)
    for step in range(steps):
        losses = model.losses(networks, {"energy": ENERGY}, noise(model, step), step)
        for group, loss in losses.minimise.items():
            parameters = list(networks[group].parameters())
            gradients = torch.autograd.grad(loss, parameters, retain_graph=True)
            optimisers[group].step(gradients)
    return networks


def everything(sites):
    return torch.tensor(list(itertools.product((-1.0, 1.0), repeat=sites)))


@pytest.fixture
def conditionals():
    _, networks = created("autoregressive_model", 4, width=8)
    return networks["network"]


def test_conditionals_along_an_order_are_a_distribution(conditionals):
    spins = everything(4)
    order = rng.permutations(torch.tensor([0]), torch.tensor([0]), "order", 4, 1)[0, 0]
    order = order.expand(-1, len(spins))
    along = conditionals.along(spins, order)
    assert along.sum(1).exp().sum().item() == pytest.approx(1, abs=1e-5)
    known = torch.zeros_like(spins)
    for site in order:
        up = spins.gather(1, site[:, None])[:, 0] > 0
        expected = conditionals.of_site(known, site, up)
        torch.testing.assert_close(along.gather(1, site[:, None])[:, 0], expected)
        known = known.scatter(1, site[:, None], spins.gather(1, site[:, None]))


def test_draws_have_the_probabilities_of_the_conditionals(conditionals):
    n = 20_000
    order = torch.tensor([2, 0, 3, 1])[:, None].expand(-1, n)
    drawn = conditionals.draw(torch.zeros(n, 4), order, rng.normals_for(0, 0, "spins", (4, n)))
    codes = (drawn > 0).long() @ torch.tensor([8, 4, 2, 1])
    frequencies = torch.bincount(codes, minlength=16) / n
    expected = conditionals.along(everything(4), order[:, :16]).sum(1).exp()
    error = (expected * (1 - expected) / n).sqrt()
    assert ((frequencies - expected).abs() < 4.5 * error).all()


@pytest.mark.slow
def test_reinforce_has_the_gradient_of_the_kl_divergence():
    """Multiplied by the standard deviation of the reward, which the loss is divided by."""
    model, networks = created("autoregressive_model", 4, width=4, samples=20_000)
    parameters = list(networks["network"].parameters())
    loss = model.losses(networks, {"energy": ENERGY}, noise(model), 0).minimise["network"]
    estimated = torch.autograd.grad(loss, parameters)

    spins = everything(4)
    log_q = networks["network"].along(spins, model.forward(16)).sum(1)
    q = log_q.exp()
    reward = log_q - _spins.log_weight(spins, ENERGY[0])
    exact = torch.autograd.grad((q * reward).sum(), parameters)
    spread = ((q * reward.square()).sum() - (q * reward).sum().square()).sqrt().item()
    of_estimate = torch.cat([values.flatten() for values in estimated]) * spread
    of_exact = torch.cat([values.flatten() for values in exact])
    assert (of_estimate - of_exact).norm() < 0.1 * of_exact.norm()


def test_chains_are_replaced_exactly_and_few_sites_at_a_time():
    model, networks = created("marginalization_model", 9, samples=6, redrawn=2, epoch=5)
    chains = networks[CHAINS]
    trained(model, networks, 1)
    first = chains.spins.detach().clone()
    assert set(first.flatten().tolist()) == {-1.0, 1.0}
    losses = model.losses(networks, {"energy": ENERGY}, noise(model, 1), 1)
    assert losses.minimise[CHAINS].item() == 0
    [gradient] = torch.autograd.grad(losses.minimise[CHAINS], [chains.spins])
    second = first - gradient
    assert set(second.flatten().tolist()) == {-1.0, 1.0}
    changed = second != first
    again = torch.zeros(6, 9, dtype=torch.bool).scatter(1, noise(model, 1)["order"][-2:].T, True)
    assert changed.any()
    assert not (changed & ~again).any()


def test_exact_marginals_have_no_violation():
    """With exact networks, the loss is that of the constant, and the KL is 0."""
    torus = Torus(3, 0.1, 0.2)
    model, networks = created("marginalization_model", 9, samples=20, epoch=1)

    def log_marginals(spins):
        values = [torus.log_marginal(row) for row in spins.double().numpy()]
        return torch.tensor(values)[:, None]

    def of_site(spins, site, up):
        more = spins.scatter(1, site[:, None], (2.0 * up - 1)[:, None])
        return (log_marginals(more) - log_marginals(spins))[:, 0]

    class Exact(torch.nn.Module):
        def forward(self, spins):
            return log_marginals(spins)

    both = networks["network"]
    both.marginals = Exact()
    both.conditionals.of_site = of_site
    terms = model.losses(networks, {"energy": ENERGY}, noise(model), 0).terms
    assert terms["violation"].item() == pytest.approx(0, abs=1e-12)
    assert terms["kl_without_log_z"].item() == pytest.approx(-torus.log_z, abs=1e-5)


def test_queries_are_summed_over_the_known_spins():
    """With all spins known, the sum of conditionals is a log-probability; with none, 0."""
    model, networks = created("marginalization_model", 4, evaluated=2)
    x = everything(4)
    query = torch.cat((x[:8], torch.zeros(8, 4)))
    stored = model.learned(networks, {"x": x, "query": query, "energy": ENERGY.expand(16, -1)}, 0)
    order = model.order(0, "evaluate: queries", 16)
    whole = model.conditionals(networks).along(x, order).sum(1)
    torch.testing.assert_close(stored["sum_of_conditionals"][:8], whole[:8])
    assert (stored["sum_of_conditionals"][8:] == 0).all()
    assert stored["log_marginal"][8:].abs().max() < 1e-6


def kl(model, networks):
    """KL divergence of a trained model on 4 x 4 sites, as the metric computes it."""
    torus = Torus(4, 0.1, 0.2)
    x = torch.tensor(torus.draw(np.random.default_rng(0).random((50, 4)))).float()
    whole = {"x": x, "query": x, "energy": ENERGY.expand(50, -1)}
    with torch.no_grad():
        stored = model.learned(networks, whole, 0)
    return (stored["sample_log_q"] - stored["sample_log_f"]).mean().item() + torus.log_z


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "steps", "most"),
    [("autoregressive_model", 80, 0.05), ("marginalization_model", 250, 0.9)],
)
def test_training_brings_the_kl_divergence_down(name, steps, most):
    """From more than 1.5 nats, that of fair coins."""
    model, networks = created(name, 16, samples=128, width=64, evaluated=1000)
    assert kl(model, networks) > 1.4
    assert abs(kl(model, trained(model, networks, steps))) < most


def test_a_data_set_of_another_size_is_refused():
    model = models.model("autoregressive_model", sites=9)
    with pytest.raises(ValueError, match="has 16 sites, but the model 9; set sites to 16"):
        model.networks({"x": (16,)}, 1, "own")


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("autoregressive_model", {"samples": 1}, "samples must be 2 or more"),
        ("autoregressive_model", {"monte_carlo": 2}, "monte_carlo must be 0 or 1"),
        ("marginalization_model", {"epoch": 0}, "epoch 0 must be 1 or more"),
        ("marginalization_model", {"weight": -1}, "weight must be 0 or more"),
    ],
)
def test_impossible_hyper_parameters_raise(name, wrong, message):
    with pytest.raises(ValueError, match=message):
        models.model(name, **wrong)
