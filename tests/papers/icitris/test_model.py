"""iCITRIS's prior, ENCO, NOTEARS and schedules: closed forms, and what must not change a loss."""

import math

import pytest
import torch

from facsimile import models
from facsimile.models.base.frame_vae import Pair
from facsimile.papers.icitris.models import _edges, _guides, _schedules, icitris_vae

ROWS, K = 7, 3
SHAPES = {"images": (32, 32, 3), "targets": (K,)}


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def built():
    """A model whose latent i belongs to variable i, and its networks, with weights that matter."""
    model = models.model("icitris_vae", width=4)
    networks = model.networks(SHAPES, K, "own")
    model.initialise(networks, 0)
    prior = networks["vae"]["prior"]
    with torch.no_grad():
        last = prior["network"][-1]
        last.weight.copy_(drawn(*last.weight.shape))
        prior["psi"].values.fill_(-1e6)
        prior["psi"].values[range(K), range(K)] = 0
    return model, networks


def pair():
    mean = drawn(ROWS, 2, K, seed=1)
    sample = drawn(ROWS, 2, K, seed=3).requires_grad_()
    return Pair(mean, 0.3 * drawn(ROWS, 2, K, seed=2), sample)


def divergences(built, targets, graph, posterior):
    """KL [b, k] of each variable's own latent."""
    model, networks = built
    noise = {
        "assignment": drawn(ROWS, K, icitris_vae.MOST, seed=5),
        "graph": graph.expand(ROWS, 1, K, K),
    }
    kl = model.by_variable(networks["vae"]["prior"], posterior, targets, noise)[:, 0]
    return kl.diagonal(dim1=1, dim2=2)


@pytest.mark.parametrize("intervened", [False, True])
def test_a_variable_depends_on_its_causes_in_the_same_frame_unless_intervened_on(built, intervened):
    graph = torch.tensor([[0.0, 1, 0], [0, 0, 1], [0, 0, 0]])
    targets = torch.full((ROWS, K), float(intervened))
    posterior = pair()
    kl = divergences(built, targets, graph, posterior)
    for effect in range(K):
        [slope] = torch.autograd.grad(kl[:, effect].sum(), [posterior.sample], retain_graph=True)
        is_cause = (slope[:, 1] != 0).any(0)
        expected = (graph[:, effect] == 1) & (not intervened)
        assert is_cause.tolist() == expected.tolist()


def test_the_divergence_weighs_variables_by_their_probability(built):
    model, networks = built
    prior, targets = networks["vae"]["prior"], torch.zeros(ROWS, K)
    graph = torch.zeros(1, 1, K, K).expand(ROWS, 1, K, K)
    noise = {"assignment": drawn(ROWS, K, icitris_vae.MOST), "graph": graph}
    kl = model.by_variable(prior, pair(), targets, noise)[:, 0]
    own = kl.diagonal(dim1=1, dim2=2).sum(1)
    expected = model.beta * (own + 1e-4 * kl.sum((1, 2)))
    torch.testing.assert_close(model.divergence(prior, pair(), targets, noise)["kl"], expected)


def test_enco_compares_graphs_with_and_without_an_edge():
    """If one edge saves a fixed cost, its gradient is in closed form."""
    edges = _edges.enco(K)
    _edges.start(edges)
    with torch.no_grad():
        edges["theta"].values.copy_(torch.tensor([[0.0, 1, 0], [-1, 0, 0], [0, 0, 0]]))
    graphs = (drawn(ROWS, 40, K, K, seed=6) > 0).float()
    saved = 1.5
    costs = torch.zeros(ROWS, 40, K)
    costs[..., 1] = 2 - saved * graphs[..., 0, 1]
    none = torch.zeros(ROWS, K)
    gamma, theta = _edges.enco_gradients(edges, graphs, costs, none, 0.02)
    exists, directed = torch.sigmoid(torch.tensor([4.0, 1.0]))
    expected = exists * (1 - exists) * directed * (0.02 - saved)
    assert gamma[0, 1].item() == pytest.approx(expected.item(), rel=1e-4)
    assert (gamma.diagonal() == 0).all()
    # Without interventions, directions are not learned.
    assert (theta == 0).all()
    on_cause = none.clone()
    on_cause[:, 0] = 1
    gamma, theta = _edges.enco_gradients(edges, graphs, costs, on_cause, 0.02)
    expected = -directed * (1 - directed) * exists * saved
    assert theta[0, 1].item() == pytest.approx(expected.item(), abs=0.01)
    torch.testing.assert_close(theta, -theta.T)
    gamma, _ = _edges.enco_gradients(edges, graphs, costs, torch.ones(ROWS, K), 0.02)
    assert (gamma == 0).all()


def test_the_loss_of_enco_has_these_gradients():
    edges = _edges.enco(K)
    wanted = drawn(2, K, K)
    loss = _edges.enco_loss(edges, (wanted[0], wanted[1]))
    parameters = [edges["gamma"].values, edges["theta"].values]
    for gradient, expected in zip(torch.autograd.grad(loss, parameters), wanted, strict=True):
        torch.testing.assert_close(gradient, expected)


def test_sampled_graphs_have_the_probabilities_of_their_edges():
    edges = _edges.enco(K)
    _edges.start(edges)
    chances = _edges.probabilities(edges)
    expected = torch.sigmoid(torch.tensor(4.0)) / 2 * (1 - torch.eye(K))
    torch.testing.assert_close(chances, expected)
    graphs = _edges.sampled(chances, drawn(20_000, K, K))
    torch.testing.assert_close(graphs.mean(0), chances, atol=0.015, rtol=0)
    assert (_edges.decided(edges) == 0).all()
    relaxed = _edges.relaxed(_edges.notears(K), drawn(20_000, K, K, 2))
    half = (1 - torch.eye(K)) / 2
    torch.testing.assert_close(relaxed.mean(0), half, atol=0.015, rtol=0)


def test_the_penalty_is_zero_without_cycles_and_positive_with_one():
    graph = torch.triu(torch.ones(4, 4), 1)
    assert _schedules.cycles(graph).item() == pytest.approx(0, abs=1e-5)
    graph[3, 0] = 1
    assert _schedules.cycles(graph).item() > 0.1


def test_all_schedules_are_shorter_together():
    weight = _schedules.critic_weight
    assert weight(20_000, 1) == weight(1000, 20) == 0.004
    assert weight(45_000, 1) == pytest.approx(weight(2250, 20)) == pytest.approx(0.502)
    assert weight(70_000, 1) == weight(3500, 20) == 1
    assert _schedules.acyclic_weight(0, 1) == pytest.approx(math.exp(-6))
    assert _schedules.acyclic_weight(11_000, 10) == pytest.approx(math.exp(4))


def test_sets_have_a_variable_and_its_causes():
    assignment = torch.eye(K)[None, [0, 1, 1, 2]]
    graph = torch.tensor([[[0.0, 1, 0], [0, 0, 0], [0, 0, 0]]])
    expected = [[1, 0, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]]
    assert _guides.sets(assignment, graph)[0].tolist() == expected


def test_the_latent_loss_leaves_targets_of_causes_open():
    graph = torch.zeros(ROWS, K, K)
    graph[:, 0, 1] = 1
    targets = (drawn(ROWS, K, seed=4) > 0).float()
    predicted = torch.zeros(ROWS, K + 2, K, requires_grad=True)
    loss = _guides.latent_loss(predicted, targets, graph)
    [slope] = torch.autograd.grad(loss, [predicted])
    is_open = (slope == 0).all(0)
    assert is_open.nonzero().tolist() == [[1, 0]]
    empty = models.base.latent_assignment.latent_loss(predicted, targets)
    torch.testing.assert_close(_guides.latent_loss(predicted, targets, 0 * graph), empty)


def test_the_critic_compares_rows_with_the_same_intervention():
    before, after = drawn(ROWS, K, seed=7), drawn(ROWS, K, seed=8)
    targets = torch.zeros(ROWS, K)
    targets[:4, 1] = 1
    targets[5, 2] = 1
    assignment = torch.eye(K).expand(ROWS, K, K)
    graph = torch.zeros(ROWS, K, K)
    graph[:, 0, 1] = 1
    inputs = _guides.comparisons((before, after), targets, assignment, graph, drawn(ROWS, K))
    assert inputs.shape == (5, 2, 3 * K + K)
    true, false = inputs.unbind(1)
    torch.testing.assert_close(true[:, :K], before[[0, 1, 2, 3, 5]])
    torch.testing.assert_close(true[:4, K : 2 * K], after[:4] * torch.tensor([1.0, 1, 0]))
    own, others = K + 1, [n for n in range(4 * K) if n != K + 1]
    torch.testing.assert_close(true[:4, others], false[:4, others])
    torch.testing.assert_close(true[:4, own].sort().values, false[:4, own].sort().values)
    assert not torch.equal(true[:4, own], false[:4, own])
    torch.testing.assert_close(true[4], false[4])


@pytest.mark.parametrize("notears", [0, 1])
def test_no_guide_learns_from_the_loss_of_another(notears):
    model = models.model("icitris_vae", width=2, notears=notears)
    networks = model.networks(SHAPES, 4, "own")
    model.initialise(networks, 0)
    batch = {
        "images": torch.rand(ROWS, 2, 3, 32, 32),
        "targets": torch.zeros(ROWS, 2, K, dtype=torch.int64),
    }
    batch["targets"][::2] = 1
    noise = {name: drawn(*draw.shape) for name, draw in model.draws(ROWS, 4).items()}
    minimise = model.losses(networks, batch, noise, 0).minimise
    assert set(minimise) == set(networks)
    for group, loss in minimise.items():
        assert math.isfinite(loss.item())
        own = list(networks[group].parameters())
        slopes = torch.autograd.grad(loss, own, retain_graph=True)
        assert any((slope != 0).any() for slope in slopes)
    encoder = list(networks["vae"]["encoder"].parameters())
    for guide in ("classifier", "critic"):
        unused = torch.autograd.grad(minimise[guide], encoder, allow_unused=True, retain_graph=True)
        assert unused == (None,) * len(encoder)
    # A batch without interventions has nothing to compare.
    batch["targets"][:] = 0
    assert model.losses(networks, batch, noise, 0).terms["critic"].item() == 0


@pytest.mark.parametrize(
    ("wrong", "message"), [({"notears": 2}, "must be 0 or 1"), ({"shorter": 0}, "above 0")]
)
def test_impossible_hyper_parameters_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        models.model("icitris_vae", **wrong)


def test_too_many_variables_are_refused():
    with pytest.raises(ValueError, match="at most 9 causal variables, not 10"):
        models.model("icitris_vae").networks(SHAPES | {"targets": (10,)}, K, "own")
