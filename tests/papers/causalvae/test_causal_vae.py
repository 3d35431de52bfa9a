"""CausalVAE: its graph, its losses and its interventions, by hand."""

import math

import pytest
import torch

from facsimile import models
from facsimile.models.base import concepts
from facsimile.models.base.concepts import GROUP, part
from facsimile.papers.causalvae.models import causal_vae

SHAPES = {
    "images": (8, 8, 3),
    "labels": (4,),
    "scaled": (4,),
    "held_out": (),
    "counterfactuals": (4, 4),
}
ROWS, LATENTS = 6, 8


@pytest.fixture
def batch():
    drawn = torch.Generator().manual_seed(0)
    scaled = torch.rand((ROWS, 4), generator=drawn) * 2 - 1
    return {
        "images": torch.rand((ROWS, 3, 8, 8), generator=drawn),
        "labels": (scaled * 40 + 5).round(),
        "scaled": scaled,
        "held_out": torch.tensor([0, 0, 0, 0, 1, 1]),
        "counterfactuals": torch.rand((ROWS, 4, 4), generator=drawn),
    }


def created(name="causal_vae", **values):
    model = models.model(name, **values)
    networks = model.networks(SHAPES, LATENTS, "own")
    model.initialise(networks, 0)
    return model, networks


def losses(model, networks, batch):
    noise = torch.randn((ROWS, LATENTS), generator=torch.Generator().manual_seed(1))
    return model.losses(networks, batch, {"codes": noise}, 0)


def set_graph(networks, entries):
    with torch.no_grad():
        weights = causal_vae.edges(networks[GROUP])
        weights.zero_()
        for (i, j), value in entries.items():
            weights[i, j] = value


def test_acyclicity_is_zero_without_cycles_and_known_with_one():
    assert causal_vae.acyclicity(
        torch.tensor([[0.0, 3, 5], [0, 0, 2], [0, 0, 0]])
    ) == pytest.approx(0, abs=1e-6)
    assert causal_vae.acyclicity(torch.tensor([[0.0, 1], [1, 0]])).item() == pytest.approx(
        0.5
    )  # 2 (1 + 1/4) - 2


def test_the_released_start_has_the_edges_of_the_first_two_concepts():
    _, networks = created()
    expected = torch.tensor([[0.0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]])
    assert torch.equal(causal_vae.edges(networks[GROUP]), expected)
    assert not causal_vae.edges(created(causes=0)[1][GROUP]).any()


def test_causal_codes_are_those_of_their_parents_and_their_own_noise(batch):
    model, networks = created()
    codes = model.codes_of(networks[GROUP], model.pictures(batch), 4)
    mixed = torch.einsum("bid,ij->bjd", codes["causal"], causal_vae.edges(networks[GROUP]))
    torch.testing.assert_close(codes["causal"], mixed + codes["exogenous"])
    # With the start's edges: z₃ = z₀ + z₁ + ε₃ and z₁ = z₀ + ε₁.
    e = codes["exogenous"]
    torch.testing.assert_close(codes["causal"][:, 3], 2 * e[:, 0] + e[:, 1] + e[:, 3])


def test_terms_of_the_loss_have_their_formulas(batch):
    model, networks = created(alpha=0.3, beta=1, acyclicity=3)
    set_graph(networks, {(0, 1): 0.5, (1, 0): 0.5})
    terms = losses(model, networks, batch).terms
    counted = {name: value[:4] for name, value in batch.items()}
    codes = model.codes_of(networks[GROUP], model.pictures(counted), 4)
    assert terms["kl_exogenous"].item() == pytest.approx(
        0.15 * codes["exogenous"].square().sum((1, 2)).mean().item(), rel=1e-5
    )
    prior = counted["scaled"][..., None].expand(-1, -1, 2)
    assert terms["kl_prior"].item() == pytest.approx(
        0.5 * (codes["causal"] - prior).square().sum((1, 2)).mean().item(), rel=1e-5
    )
    h = causal_vae.acyclicity(causal_vae.edges(networks[GROUP])).item()
    assert terms["cycles"].item() == pytest.approx(3 * h + 0.5 * h**2, rel=1e-5)


def test_labels_are_predicted_in_the_chosen_units(batch):
    raw, scaled = (losses(*created(raw=raw), batch).terms["labels"].item() for raw in (1, 0))
    assert raw > 100 * scaled


@pytest.mark.parametrize("name", ["causal_vae", "conditional_vae", "scene_ivae", "scene_beta_vae"])
def test_a_sum_over_all_pixels_is_as_many_rows_of_pixels(name, batch):
    along, over = (
        losses(*created(name, summed=summed), batch).terms["reconstruction"].item()
        for summed in (0, 1)
    )
    assert over == pytest.approx(along * 4 * 8)  # 4 channels of 8 rows
    start = 4 * 8 * 8 * math.log(2)  # of logits 0, nearly where training starts
    assert over == pytest.approx(start, rel=0.2)


@pytest.mark.parametrize("name", ["causal_vae", "conditional_vae", "scene_ivae", "scene_beta_vae"])
def test_held_out_rows_do_not_contribute(name, batch):
    model, networks = created(name)
    before = losses(model, networks, batch).minimise[GROUP]
    for key in ("images", "labels", "scaled"):
        batch[key][4:] = 0.123
    torch.testing.assert_close(losses(model, networks, batch).minimise[GROUP], before)


def test_pictures_are_averaged_down_with_an_opaque_channel(batch):
    model, networks = created(side=2)
    pictures = model.pictures(batch).view(ROWS, 4, 2, 2)
    assert pictures[0, 1, 0, 1].item() == pytest.approx(batch["images"][0, 1, :4, 4:].mean().item())
    assert (pictures[:, 3] == 1).all()
    assert part(networks[GROUP], "encoder")[0].in_features == 16
    with pytest.raises(ValueError, match="does not divide 8 x 8 pixels into squares"):
        created(side=3)
    with pytest.raises(ValueError, match="9 is not divisible by the number of concepts, 4"):
        models.model("causal_vae").networks(SHAPES, 9, "own")


def test_a_set_concept_has_its_value_and_reaches_its_children(batch):
    model, networks = created(causes=0)
    set_graph(networks, {(0, 2): 1.0})
    net, pictures = networks[GROUP], model.pictures(batch)
    with torch.no_grad():
        part(net, "attention").values.zero_()  # all concepts then attend alike, whatever is set
    low, high = (
        model.intervene(net, pictures, 0, torch.full((ROWS,), value)) for value in (-1.0, 1.0)
    )
    assert (low[:, 0] == -1).all()
    assert (high[:, 0] == 1).all()
    assert (low[:, 2] != high[:, 2]).any()
    torch.testing.assert_close(low[:, [1, 3]], high[:, [1, 3]])


def test_without_a_graph_a_set_concept_reaches_no_other(batch):
    model, networks = created("conditional_vae")
    low, high = (
        model.intervene(networks[GROUP], model.pictures(batch), 1, torch.full((ROWS,), v))
        for v in (-1.0, 1.0)
    )
    assert (high[:, 1] == 1).all()
    torch.testing.assert_close(low[:, [0, 2, 3]], high[:, [0, 2, 3]])


def test_interventions_are_decoded_for_held_out_rows(batch):
    model, networks = created()
    learned = model.learned(networks, batch, 0)
    assert learned["counterfactual_rows"].tolist() == [4, 5]
    assert learned["counterfactual_images"].shape == (2, 4, 8, 8, 3)
    assert learned["strips"].shape == (2, 4, 7, 8, 8, 3)
    values = batch["counterfactuals"][4:].diagonal(dim1=1, dim2=2)[:, 3]
    codes = model.intervene(networks[GROUP], model.pictures(batch)[4:], 3, values)
    means = (
        part(networks[GROUP], "decoder")(codes)
        .sigmoid()
        .view(2, 4, 8, 8)[:, :3]
        .permute(0, 2, 3, 1)
    )
    assert (learned["counterfactual_images"][:, 3].float() - means * 255).abs().max() <= 0.51


def test_weights_start_within_one_over_the_root_of_the_inputs():
    net = concepts.dense(400, 50)
    model = models.model("causal_vae")
    model.initialise({GROUP: net}, 3)
    assert net[0].weight.abs().max() <= 1 / 20
    assert net[0].weight.std().item() == pytest.approx(1 / 20 / math.sqrt(3), rel=0.02)
