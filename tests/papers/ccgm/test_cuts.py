"""CCGM: its causal layer, its loss, and pictures after cuts."""

import numpy as np
import pandas as pd
import pytest
import torch

from facsimile import models
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.models.base.concepts import GROUP
from facsimile.papers.ccgm import structural
from facsimile.papers.ccgm.cuts import ALL_CUT, CUT, CUTS, KEPT
from facsimile.papers.ccgm.metrics import edge_cut

ROWS, LATENTS = 6, 8
PARENTS = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]])
WEIGHTS = torch.tensor([[9, 9, 0.3, 0.6], [9, 9, 0.1, 0.9], [9, 9, 9, 9], [9, 9, 9, 9.0]])


@pytest.fixture
def batch():
    drawn = torch.Generator().manual_seed(0)
    return {
        "images": torch.rand((ROWS, 3, 8, 8), generator=drawn),
        "labels": torch.rand((ROWS, 4), generator=drawn),
        "scaled": torch.rand((ROWS, 4), generator=drawn) * 2 - 1,
        "held_out": torch.tensor([0, 0, 1, 1, 1, 1]),
        "counterfactuals": torch.zeros((ROWS, 4, 4)),
        "parents": PARENTS.expand(ROWS, 4, 4),
    }


def created(**values):
    """A model whose weights are ``WEIGHTS``, also where the graph has no edge."""
    model = models.model("ccgm", **values)
    shapes = {"images": (8, 8, 3), "labels": (4,)}
    networks = model.networks(shapes, LATENTS, "own")
    model.initialise(networks, 0)
    with torch.no_grad():
        networks[GROUP]["weights"].values.copy_(WEIGHTS)
    return model, networks


def learned_of(model, networks, batch):
    with torch.no_grad():
        return model.learned(networks, batch, 0)


def test_only_edges_of_the_graph_have_weights(batch):
    model, networks = created()
    graph = model.edges(networks[GROUP], PARENTS)
    torch.testing.assert_close(graph, WEIGHTS * PARENTS)
    absent = created(absent=1)[0].edges(networks[GROUP], PARENTS)
    assert absent[1, 3] == 0
    assert (absent != graph).sum() == 1


def test_terms_of_the_loss_by_hand(batch):
    model, networks = created(alpha=0.4, alignment=10, separate=1)
    noise = {"codes": torch.zeros(ROWS, LATENTS)}
    terms = model.losses(networks, batch, noise, 0).terms
    z = model.infer(networks, batch)["mean"][:2].view(2, 4, 2)
    exogenous = z.clone()
    exogenous[:, 2] -= 0.3 * z[:, 0] + 0.1 * z[:, 1]
    exogenous[:, 3] -= 0.6 * z[:, 0] + 0.9 * z[:, 1]
    u = batch["scaled"][:2]
    squares = 0.2 * exogenous.square().sum((1, 2)).mean()
    distances = 5 * (z - u[..., None]).square().sum((1, 2)).mean()
    left = u.clone()
    left[:, 2] -= 0.3 * u[:, 0] + 0.1 * u[:, 1]
    left[:, 3] -= 0.6 * u[:, 0] + 0.9 * u[:, 1]
    errors = 5 * left.square().sum(1).mean()
    for name, value in (("kl_exogenous", squares), ("kl_prior", distances), ("labels", errors)):
        assert terms[name].item() == pytest.approx(value.item(), rel=1e-4)


@pytest.mark.parametrize("separate", [0, 1])
def test_a_cut_changes_its_effect_alone_and_one_of_no_edge_no_bit(batch, separate):
    model, networks = created(separate=separate)
    learned = learned_of(model, networks, batch)
    before, after = (learned["cut_concepts"][CUTS.index(cut)] for cut in (KEPT, CUT))
    torch.testing.assert_close(before[:, :3], after[:, :3], rtol=0, atol=0)
    torch.testing.assert_close(before[:, 3] - after[:, 3], 0.9 * before[:, 1])
    no_edge = learned_of(created(separate=separate, cause=2, effect=3)[0], networks, batch)
    for name in ("cut_weights", "cut_concepts", "cut_images"):
        first = no_edge[name][0]
        assert all(torch.equal(first, other) for other in no_edge[name][1:3])
        assert torch.equal(first, learned[name][0])


def test_without_edges_each_concept_is_its_own_exogenous_term(batch):
    model, networks = created()
    learned = learned_of(model, networks, batch)
    apart = CUTS.index(ALL_CUT)
    assert not learned["cut_weights"][apart].any()
    z = model.infer(networks, batch)["mean"][2:].view(4, 4, 2)
    graph = WEIGHTS * PARENTS
    exogenous = (z - torch.einsum("bid,ij->bjd", z, graph)).mean(2)
    # Shuffled within each concept, so that the values of a concept are the same.
    generated = learned["cut_concepts"][apart]
    expected = exogenous.detach().sort(0).values
    torch.testing.assert_close(generated.sort(0).values, expected)
    variances = learned["exogenous_variances"].double().numpy()
    exact = structural.covariance(learned["cut_weights"][apart].double().numpy(), variances)
    np.testing.assert_array_equal(exact, np.diag(variances))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"absent": 2}, "absent must be 0 or 1, not 2"),
        ({"cause": 0.5}, "cause must be the number of a concept, not 0.5"),
        ({"noise": 0}, "noise must be above 0"),
    ],
)
def test_impossible_values_are_named(values, message):
    with pytest.raises(ValueError, match=message):
        models.model("ccgm", **values)


def test_a_concept_that_the_data_do_not_have_is_named(batch):
    with pytest.raises(ValueError, match="concepts 0 to 3, not 1 or 4"):
        created(effect=4)


@pytest.mark.slow
def test_true_pictures_are_read_as_z_says():
    from facsimile.datasets.pendulum import Pendulum

    labels = Pendulum.grid()[::7]
    is_held_out = np.arange(len(labels)) % 4 == 3
    values = Pendulum.scale(labels)
    data = {
        "images": Pendulum.draw(labels),
        "values": values,
        "scaled": values,
        "held_out": is_held_out.astype(int),
        "parents": np.broadcast_to(Pendulum.graph(), (len(labels), 4, 4)),
    }
    rows = values[is_held_out]
    side = 16
    pictures = Pendulum.draw(labels[is_held_out])
    small = pictures.reshape(len(rows), side, 6, side, 6, 3).mean(axis=(2, 4)).round()
    inferred = {
        "cut_edge": np.array([1, 3]),
        "cut_weights": np.zeros((len(CUTS), 4, 4)),
        "exogenous_variances": rows.var(axis=0),
        "cut_concepts": np.stack([rows] * len(CUTS)),
        "cut_images": np.stack([small.astype(np.uint8)] * len(CUTS)),
    }
    outputs = RunOutputs("m", {}, inferred, pd.DataFrame(), data, None, None, (500, 0), 0)
    scores = edge_cut.score(outputs)
    assert scores["read_cut"] == pytest.approx(scores["latent_cut"], abs=0.02)
    assert scores["latent_cut"] == pytest.approx(np.corrcoef(rows.T)[1, 3])
    assert scores["error_cut"] < 0.05
    assert (scores["read_cut_theory"], scores["largest_cut_theory"]) == (0, 0)
    # As computed by hand from the equations of the scene: 0.924 units of position for one of light.
    assert scores["weight_theory"] == pytest.approx(0.92, abs=0.02)
