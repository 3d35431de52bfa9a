"""Curves of the information plane: compression ratios, and gaps at equal compression."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import synthetic
import torch

from facsimile import models
from facsimile.models.base.optimisers import SGDSettings
from facsimile.papers.cs_ib import compression
from facsimile.papers.cs_ib.claims.gap_at_equal_compression import GapAtEqualCompression
from facsimile.papers.cs_ib.claims.score_gap import ScoreGap
from facsimile.papers.cs_ib.figures import information_plane
from facsimile.presentation.spec import ONE_RUN, Quantity

X, Y = "information_plane.i_xt", "information_plane.i_ty_held_out"


def runs(method, lead, weights=(0.1, 1.0, 2.0), seeds=(0, 1, 2)):
    """Scores of runs whose I(T;Y) is 1 - r + lead, at r = weight / 4 beyond the smallest one."""
    rows = []
    for seed in seeds:
        for weight in weights:
            r = 0.0 if weight == weights[0] else weight / 4
            scale = 0.8 + 0.1 * seed
            for name, result in ((X, scale * (1 - r)), (Y, 1 - r + lead + 0.001 * seed)):
                rows.append((f"{method}/{weight}/{seed}", method, weight, seed, name, result))
    columns = ["run", "method", "value", "seed", "name", "result"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(dataset="d", model="m", label=method, control=False)


def test_ratios_compare_a_run_with_the_smallest_weight_of_its_seed():
    table = compression.ratios(runs("a", 0.0), "d", "a", X, Y)
    by_weight = table.groupby("value")["r"].mean()
    np.testing.assert_allclose(by_weight, [0, 0.25, 0.5], atol=1e-12)
    assert table.groupby("value")["r"].std().max() < 1e-12
    assert compression.ratios(runs("a", 0.0), "d", "b", X, Y).empty


def test_information_is_interpolated_within_a_curve_and_missing_beyond_its_ends():
    # Curves of runs("a", 0.0) are straight lines from r = 0 to 0.5.
    curves = compression.curves(compression.ratios(runs("a", 0.0), "d", "a", X, Y))
    values = compression.informations(curves, np.array([0.1, 0.375, 0.75]))
    assert values.shape == (3, 3)
    expected = np.array([0.9, 0.625]) + 0.001 * np.arange(3)[:, None]
    np.testing.assert_allclose(values[:, :2], expected, atol=1e-9)
    assert np.isnan(values[:, 2]).all()
    assert compression.informations([], np.array([0.1])).shape == (0, 1)


def test_a_published_marker_is_compared_with_our_curve_at_its_ratio():
    near = Quantity("figure_1", "dsprites", "m", '{"r":0.375}', Y, ONE_RUN)
    beyond = dataclasses.replace(near, params='{"r":0.75}')
    authors = {near: 0.75, beyond: 0.2}
    context = synthetic.context(methods={"m": ("beta",)}, authors=authors)
    spec = synthetic.spec("information_plane", id="figure_1", metrics=(X,), against=(Y,))
    scores = runs("m", 0.125).assign(dataset="dsprites", label="", variation="")
    scores[["metric", "score"]] = scores["name"].str.split(".", expand=True)
    ours = information_plane.own_estimates(scores, spec, context)
    assert list(ours) == [near]
    # 1 - r + 0.125, plus 0, 0.001 and 0.002 in the three seeds.
    assert ours[near].value == pytest.approx(0.751)
    assert ours[near].n == 3
    assert ours[near].low < 0.75 < ours[near].high


@pytest.mark.parametrize("most", [1.0, 0.0])
def test_the_gap_of_two_curves_is_their_lead_at_equal_ratios(most):
    # The curves have other weights and thus other ratios.
    scores = pd.concat([runs("a", 0.125), runs("b", 0.0, weights=(0.5, 1.5, 3.0))])
    claim = GapAtEqualCompression(Y, X, "a", "b", most)
    result = claim.compute(scores, ["d"])
    assert result.missing == ()
    assert result.estimate.value == pytest.approx(0.125, abs=1e-9)
    assert result.estimate.low <= 0.125 <= result.estimate.high
    alone = claim.compute(runs("a", 0.125), ["d"])
    assert "no ratio in common" in " ".join(alone.missing)
    assert np.isnan(alone.estimate.value)


def test_a_gap_of_two_scores_pairs_the_runs():
    claim = ScoreGap(X, Y, ("a",))
    scores = runs("a", 0.0, weights=(1.0,))
    result = claim.compute(scores, ["d"])
    assert result.estimate.n == 3
    assert result.estimate.value == pytest.approx(np.mean([0.8 - 1, 0.9 - 1.001, 1.0 - 1.002]))
    assert claim.compute(scores[scores["name"] == X], ["d"]).missing


def test_stored_early_steps_are_those_of_the_training():
    model = models.model("divergence_descent", rate=20)
    assert model.optimisers(None) == SGDSettings(20)
    batch = {"mean": torch.tensor([[-4.0, -4.0], [4.0, 4.0]])}
    networks = model.networks({"mean": (2,)}, 2, "own")
    model.initialise(networks, 3)
    stored = model.learned(networks, batch, 3)
    points = networks["points"]
    values = []
    for _ in range(6):
        losses = model.losses(networks, batch, {}, 0)
        values.append(losses.terms["cs_divergence"].item())
        [gradient] = torch.autograd.grad(losses.minimise["points"], [points.free])
        with torch.no_grad():
            points.free -= 20 * gradient
    np.testing.assert_allclose(stored["early_cs_divergence"][:6].numpy(), values, rtol=1e-5)
    assert values[0] > values[-1]
