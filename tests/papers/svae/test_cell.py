"""Models of single cells: likelihoods and penalties against torch and values computed by hand."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Beta, NegativeBinomial, Normal, kl_divergence

from facsimile.papers.svae.models import _cell, _cell_networks, cell_svae, cell_svae_plus
from facsimile.papers.svae.models.cell_ivae import CellIVAE
from facsimile.papers.svae.models.cell_svae import CellSVAE
from facsimile.papers.svae.models.cell_svae_plus import CellSVAEPlus
from facsimile.papers.svae.models.cell_vae import CellVAE

SHAPES = {"counts": (6,), "intervention": (), "held_out": ()}
ROWS, LATENTS = 40, 2


@pytest.fixture(scope="module")
def batch():
    drawn = np.random.default_rng(0)
    counts = torch.from_numpy(drawn.poisson(9.0, (ROWS, 6)).astype(np.float32))
    intervention = torch.from_numpy(np.repeat(np.arange(4), ROWS // 4))
    return {"counts": counts, "intervention": intervention, "held_out": (intervention == 3).long()}


def create_networks(model, seed=0):
    networks = model.networks(SHAPES, LATENTS, "own")
    model.initialise(networks, seed)
    return networks


def noise(model):
    drawn = torch.Generator().manual_seed(0)
    return {
        name: torch.randn(draw.shape, generator=drawn)
        for name, draw in model.draws(ROWS, LATENTS).items()
    }


def test_the_likelihood_is_the_negative_binomial_of_its_mean_and_dispersion(batch):
    net = _cell.cells_of(create_networks(CellVAE()))
    hidden = torch.randn(ROWS, _cell_networks.WIDTH)
    mean = batch["counts"].sum(1, keepdim=True) * net.share(hidden).softmax(-1)
    theta = net.log_dispersion.exp()
    by_hand = NegativeBinomial(theta, probs=mean / (mean + theta)).log_prob(batch["counts"]).sum(1)
    torch.testing.assert_close(
        net.log_likelihood(batch["counts"], hidden), by_hand, rtol=1e-4, atol=1e-4
    )


def test_the_kl_is_that_of_normals():
    mean, variance, prior = torch.randn(5, 3), torch.rand(5, 3) + 0.1, torch.randn(5, 3)
    by_torch = kl_divergence(Normal(mean, variance.sqrt()), Normal(prior, 1.0))
    torch.testing.assert_close(_cell.kl_to(prior, mean, variance), by_torch)


def test_starting_values():
    net = _cell.cells_of(create_networks(CellSVAEPlus(learned_weights=1, interventions=4)))
    dense = net.encoder.dense[1]
    assert dense.weight.abs().max() <= 1 / math.sqrt(128)
    assert dense.weight.std().item() == pytest.approx(1 / math.sqrt(3 * 128), rel=0.03)
    assert net.encoder.norms[0].weight.eq(1).all()
    assert net.encoder.norms[0].bias.eq(0).all()
    assert net.prior["mask"].eq(5).all()
    assert net.prior["weights"].eq(1).all()
    assert net.prior["shifts"].unique().numel() == 4 * LATENTS


def test_settled_layers_equal_normalisation_by_the_whole_batch():
    hidden = _cell.cells_of(create_networks(CellVAE())).encoder
    x = torch.randn(50, 6)
    torch.testing.assert_close(
        hidden.normalised(x, hidden.statistics(x)), hidden(x), rtol=1e-4, atol=1e-5
    )


def test_dropout_keeps_nine_in_ten_and_their_mean():
    mask = _cell_networks._dropout_mask(
        torch.ones(400, 128), _cell_networks.generator(torch.tensor([0.3]))
    )
    assert mask.unique().tolist() == pytest.approx([0.0, 1 / 0.9])
    assert mask.mean().item() == pytest.approx(1, abs=5 * (1 / 3) / math.sqrt(400 * 128))


@pytest.mark.parametrize(
    "model",
    [
        CellVAE(),
        CellIVAE(interventions=4),
        CellSVAE(interventions=4),
        CellSVAEPlus(interventions=4),
    ],
)
def test_held_out_cells_do_not_change_the_loss(model, batch):
    networks, drawn = create_networks(model), noise(model)
    changed = batch | {
        "counts": torch.where(batch["held_out"][:, None] > 0, batch["counts"] + 50, batch["counts"])
    }
    losses = [
        model.losses(networks, cells, drawn, 10_000).minimise["cells"].item()
        for cells in (batch, changed)
    ]
    assert losses[0] == losses[1]


def test_the_kl_is_warmed_up_and_weighed(batch):
    networks, drawn = create_networks(CellVAE()), noise(CellVAE())
    parts = CellVAE().losses(networks, batch, drawn, 0).terms
    half, full = (
        CellVAE(beta=8, warm_up=100).losses(networks, batch, drawn, step).minimise["cells"]
        for step in (50, 700)
    )
    assert half.item() == pytest.approx(
        (parts["reconstruction"] + 4 * parts["kl"]).item(), rel=1e-6
    )
    assert full.item() == pytest.approx(
        (parts["reconstruction"] + 8 * parts["kl"]).item(), rel=1e-6
    )


def test_masks_are_drawn_with_their_probability_and_differentiated_straight_through():
    logits = torch.full((20_000, 1), 0.7, requires_grad=True)
    drawn = cell_svae.straight_through(
        logits, torch.randn(20_000, 1, generator=torch.Generator().manual_seed(1))
    )
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    share = 1 / (1 + math.exp(-0.7))
    assert drawn.mean().item() == pytest.approx(
        share, abs=5 * math.sqrt(share * (1 - share) / 20_000)
    )
    assert (torch.autograd.grad(drawn.sum(), logits)[0] > 0).all()


def test_the_penalty_of_svae_is_the_mean_probability():
    assert CellSVAE(sparsity=30).penalty({"mask": torch.zeros(4, 2)}).item() == pytest.approx(15)


@pytest.mark.parametrize("learned", [0, 1])
def test_the_penalty_of_svae_plus_is_that_of_torch_distributions(learned):
    mask, weights = torch.randn(4, 2), torch.randn(4, 2)
    beta, q, w = Beta(torch.tensor(1.0), torch.tensor(20.0)), mask.sigmoid(), weights.sigmoid()
    text = kl_divergence(Bernoulli(q), Bernoulli(w)) - beta.log_prob(w)
    by_torch = text.sum() if learned else -beta.log_prob(q).sum()
    model = CellSVAEPlus(alpha=20, learned_weights=learned)
    penalty = model.penalty({"mask": mask, "weights": weights})
    torch.testing.assert_close(penalty, by_torch, rtol=1e-4, atol=1e-3)


def test_the_bound_of_svae_plus_is_for_all_cells():
    assert CellSVAEPlus(cells=20_000).total(torch.tensor(2.0), torch.tensor(3.0)).item() == 40_003


def test_weights_of_targets_are_learned_only_with_the_penalty_of_the_text():
    assert "weights" in CellSVAEPlus(learned_weights=1).prior_shapes(3)
    assert "weights" not in CellSVAEPlus().prior_shapes(3)
    assert cell_svae_plus.log_beta(torch.zeros(1), 3).item() == pytest.approx(math.log(3 * 0.25))


def test_targets_of_ivae_are_its_two_largest_shifts():
    shifts = torch.tensor([[0.1, -5.0, 2.0], [3.0, 0.0, -0.2]])
    assert CellIVAE(interventions=2).shifts_and_targets({"shifts": shifts})["targets"].tolist() == [
        [0, 1, 1],
        [1, 0, 1],
    ]


def test_held_out_shifts_are_the_mean_of_their_posterior_means_and_zero_without_a_shift(batch):
    mean = torch.tensor([[0.0, 2.0], [4.0, 0.0], [7.0, 7.0]])
    interventions = torch.tensor([3, 3, 1])
    shifts = CellIVAE(interventions=4).held_out_prior_mean(mean, interventions)
    torch.testing.assert_close(shifts, torch.tensor([[2.0, 1.0], [2.0, 1.0], [7.0, 7.0]]))
    assert CellVAE().held_out_prior_mean(mean, interventions).eq(0).all()


def test_the_held_out_bound_is_exact_where_the_posterior_is(monkeypatch):
    """If counts do not depend on z, every particle yields the exact likelihood.

    The posterior is then q = N(0, 1).
    """
    model, net = CellVAE(particles=7), _cell.cells_of(create_networks(CellVAE()))
    with torch.no_grad():
        net.share.weight.zero_()
    decoder = _cell.Settled(net.decoder, net.decoder.statistics(torch.randn(30, LATENTS)))
    counts, zero = torch.full((5, 6), 3.0), torch.zeros(5, LATENTS)
    exact = -net.log_likelihood(counts, torch.zeros(5, _cell_networks.WIDTH))
    monkeypatch.setattr(_cell, "ROWS", 14)  # two cells per block
    blocks = list(model.negative_log_likelihoods(net, decoder, counts, (zero, zero + 1), zero, 0))
    assert [len(block) for block in blocks] == [2, 2, 1]
    torch.testing.assert_close(torch.cat(blocks), exact)
    shifted = torch.cat(
        list(
            model.negative_log_likelihoods(net, decoder, counts, (zero + 2, zero + 1), zero + 2, 0)
        )
    )
    torch.testing.assert_close(shifted, exact)


def test_learned_has_one_row_per_cell_and_one_number_per_held_out_cell(batch):
    model = CellSVAE(interventions=4, particles=3)
    with torch.no_grad():
        learned = model.learned(create_networks(model), batch, 0)
    assert {name: tuple(values.shape) for name, values in learned.items()} == {
        "mean": (ROWS, LATENTS),
        "log_variance": (ROWS, LATENTS),
        "shifts": (4, LATENTS),
        "targets": (4, LATENTS),
        "held_out_nll": (ROWS // 4,),
    }
    assert "targets" not in CellVAE().shifts_and_targets({})


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (CellVAE(warm_up=0), "warm_up"),
        (CellSVAEPlus(alpha=0.5), "alpha"),
        (CellSVAEPlus(learned_weights=2), "learned_weights"),
    ],
)
def test_invalid_values_raise(model, message):
    with pytest.raises(ValueError, match=message):
        model.check()
