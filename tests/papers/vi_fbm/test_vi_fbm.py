"""The bridge of fractional noise: exact controls, bounds, and what is learned."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import optimize

from facsimile import models
from facsimile.models.base.model import Losses
from facsimile.papers.vi_fbm import chain as chains
from facsimile.papers.vi_fbm.datasets.bridge_observation import BridgeObservation
from facsimile.papers.vi_fbm.datasets.fractional_paths import MEMBERS, FractionalPaths
from facsimile.papers.vi_fbm.metrics import fbm_approximation, fbm_bridge, hurst_index
from facsimile.papers.vi_fbm.models import learned_hurst
from facsimile.statistics import fractional_brownian as fractional


def whole(dataset):
    return {name: torch.from_numpy(values) for name, values in dataset.generate(None).items()}


def bridge(kind=1, hurst=0.3, steps=200, number=5, value=0.0):
    return chains.bridge(chains.chain(kind, hurst, number, 0.0, steps, 2.0), value, 0.1)


def test_short_steps_have_the_covariance_of_the_approximation():
    """Richardson: the chain's covariance with steps h and h / 2, towards none."""
    gammas = fractional.speeds(5, chains.FASTEST)
    for kind in (1, 2):
        omega = fractional.coefficients(kind, 0.7, gammas, chains.HORIZON)
        exact = fractional.markov_covariance(kind, omega, gammas, [1.0, 2.0])
        found = []
        for steps in (200, 400):
            covariance = chains.chain(kind, 0.7, 5, 0.0, steps, 2.0).covariance()
            found.append(covariance[np.ix_([steps // 2, steps], [steps // 2, steps])])
        np.testing.assert_allclose(2 * found[1] - found[0], exact, rtol=2e-3)


def test_white_noise_has_a_brownian_bridge():
    """Number 0: variance t (T - t) / T for a sharp observation, and evidence by hand."""
    white = chains.bridge(chains.chain(1, 0.3, 0, 0.0, 200, 2.0), 0.5, 0.1)
    times = np.linspace(0, 2, 201)
    np.testing.assert_allclose(white.posterior() ** 2, times - times**2 / 2.01, atol=1e-12)
    expected = 0.5 * np.log(2.01 / 0.01) + 0.5 * 0.25 / 2.01
    assert white.evidence_losses()[0] == pytest.approx(expected)


def test_the_best_loss_is_that_of_a_scalar_problem():
    """One observation: the prediction m of x(end) is a martingale, and 1 / a its precision."""
    of = bridge(kind=1, hurst=0.7, value=0.4)
    responses, size = of.chain.responses()[-1], 6
    gains = responses[size:]
    left = np.append(np.cumsum(gains[::-1] ** 2)[::-1] * of.chain.dt, 0.0)
    a = 1 / (0.01 + left)
    start = responses[:size] @ of.chain.start @ responses[:size]
    best = 0.5 * a[0] * (start + 0.16) + 0.5 * of.chain.dt * np.sum(a[1:] * gains**2)
    solution = of.solve()
    assert solution.losses[0] == pytest.approx(best, rel=1e-12)
    np.testing.assert_allclose(solution.offsets[0], a[:-1] * gains * 0.4, rtol=1e-9)


@pytest.mark.parametrize("kind", [1, 2])
def test_no_linear_control_beats_the_best_one(kind):
    """Few steps, all feedback free: a general optimiser finds the same loss, and no less."""
    chain = chains.chain(kind, 0.7, 1, 0.0, 5, 1.0)
    of = chains.Observed(chain, (3, 5), np.array([[0.3, -0.2]]), 0.3)

    def loss(parameters):
        rows, offsets = parameters[:10].reshape(5, 2), parameters[10:]
        mean, covariance, total = np.zeros(2), chain.start, 0.0
        for i in range(5):
            u = offsets[i] - rows[i] @ mean
            total += 0.5 * chain.dt * (u**2 + rows[i] @ covariance @ rows[i])
            matrix = chain.matrix - chain.dt * np.outer(chain.inputs, rows[i])
            mean = chain.matrix @ mean + chain.dt * chain.inputs * u
            noise = chain.dt * np.outer(chain.inputs, chain.inputs)
            covariance = matrix @ covariance @ matrix.T + noise
            if i + 1 in of.places:
                missed = mean[0] - of.values[0, of.places.index(i + 1)]
                total += 0.5 * (missed**2 + covariance[0, 0]) / 0.09
        return total

    found = optimize.minimize(loss, np.zeros(15), method="BFGS")
    assert found.fun == pytest.approx(of.solve().losses[0], rel=1e-6)
    solution = of.solve()
    exact = np.concatenate([solution.rows.ravel(), solution.offsets[0]])
    assert loss(exact) == pytest.approx(of.solve().losses[0], rel=1e-12)


def test_the_gaps_of_the_plan_and_their_limits():
    """Type I at H = 0.1, ..., 0.9: what Y(0) costs; nothing in type II, whose bound gets tight."""
    gaps = []
    for hurst in (0.1, 0.3, 0.5, 0.7, 0.9):
        of = bridge(1, hurst, steps=400)
        gaps.append(of.given_start_losses()[0] - of.evidence_losses()[0])
    # In continuous time, to four digits; 400 steps change the first one by 2 %.
    exact = [0.0441, 0.0051, 0.0004, 0.0062, 0.0967]
    np.testing.assert_allclose(gaps, exact, rtol=0.03, atol=1e-4)
    step_gaps = []
    for steps in (200, 400):
        of = bridge(2, 0.7, steps)
        evidence = of.evidence_losses()[0]
        assert of.given_start_losses()[0] == pytest.approx(evidence, abs=1e-9)
        step_gaps.append(of.solve().losses[0] - evidence)
    # First order in the step.
    assert step_gaps[0] / step_gaps[1] == pytest.approx(2, rel=0.05)
    assert bridge(1, 0.1).solve().losses[0] == pytest.approx(16.94, abs=0.01)


def test_the_posterior_of_several_observations_is_that_of_conditioning():
    chain = chains.chain(1, 0.7, 5, 0.0, 100, 2.0)
    values = np.array([[0.3, -1.0], [0.0, 0.5]])
    of = chains.Observed(chain, (50, 100), values, 0.1)
    prior = chain.covariance()[np.ix_([50, 100], [50, 100])] + 0.01 * np.eye(2)
    for row, loss in zip(values, of.evidence_losses(), strict=True):
        logarithm = np.log(np.linalg.det(prior / 0.01))
        assert loss == pytest.approx(0.5 * logarithm + 0.5 * row @ np.linalg.inv(prior) @ row)
    assert (of.solve().losses > of.given_start_losses()).all()
    assert (of.given_start_losses() > of.evidence_losses()).all()


def scored(model, hurst):
    inferred = model.learned({}, whole(BridgeObservation), 0)
    arrays = {name: values.numpy() for name, values in inferred.items()}
    outputs = SimpleNamespace(inferred=arrays, data=BridgeObservation.generate(None))
    return outputs, fbm_bridge.score(outputs)


def test_sampled_paths_under_the_best_control_have_its_closed_form(monkeypatch):
    monkeypatch.setattr("facsimile.papers.vi_fbm.models.exact_bridge.TESTED", 4000)
    for theta in (0, 2):
        model = models.model("exact_bridge", hurst=0.7, kind=1, theta=theta, steps=100)
        outputs, scores = scored(model, 0.7)
        assert abs(scores["control_gap"]) < 4 * scores["loss_error"]
        for place in (25, 50, 100):
            exact = scores[f"spread_{place}_theory"]
            assert scores[f"spread_{place}"] == pytest.approx(exact, rel=4 / np.sqrt(8000))
        total = scores["control_gap"] + scores["step_gap"] + scores["start_gap"]
        assert scores["loss"] - scores["evidence"] == pytest.approx(total)
        assert ("fractional" in scores) == (theta == 0)
    of_approximation = fbm_approximation.score(outputs)
    assert of_approximation["variance"] == pytest.approx(1.962, abs=1e-3)
    released = of_approximation["released_cost"]
    assert released == pytest.approx(of_approximation["released_cost_theory"], rel=1e-9)
    assert of_approximation["share"] < of_approximation["interpolated"]


def test_a_loss_is_that_of_its_paths_by_hand():
    """No control before training: the energy is 0, and x(end) is a sum of increments."""
    model = models.model("bridge_network", hurst=0.7, kind=2, steps=100, width=8, paths=3)
    networks = model.networks({}, 1, "own")
    model.initialise(networks, 0)
    noise = {"start": torch.zeros(3, 6), "noise": torch.randn(3, 100)}
    found = model.losses(networks, whole(BridgeObservation), noise, 0)
    assert isinstance(found, Losses)
    responses = chains.chain(2, 0.7, 5, 0.0, 100, 2.0).responses()[-1, 6:]
    ends = noise["noise"].double().numpy() @ responses * np.sqrt(0.02)
    assert found.terms["energy"] == 0
    assert found.terms["loss"].item() == pytest.approx(np.mean(ends**2) / 0.02, rel=1e-4)


@pytest.mark.parametrize("kind", [1, 2])
def test_coefficients_as_polynomials_of_the_index(kind):
    gammas = fractional.speeds(5, chains.FASTEST)
    fitted = learned_hurst.polynomials(kind, 5)
    for hurst in (0.05, 0.31, 0.77, 0.95):
        given = torch.tensor(hurst, dtype=torch.float64, requires_grad=True)
        found = learned_hurst.omega(fitted, given)
        exact = fractional.coefficients(kind, hurst, gammas, chains.HORIZON)
        np.testing.assert_allclose(found.detach().numpy(), exact, rtol=1e-4, atol=1e-4)
        [slope] = torch.autograd.grad(found[0], given)
        around = [
            fractional.coefficients(kind, hurst + d, gammas, chains.HORIZON)[0]
            for d in (-1e-4, 1e-4)
        ]
        assert slope.item() == pytest.approx((around[1] - around[0]) / 2e-4, rel=1e-3, abs=1e-3)


@pytest.mark.slow
def test_training_lowers_the_bound_towards_the_best_one_and_finds_the_index():
    """150 steps: most of the way, and never below the best loss but by sampling."""
    data, model = whole(FractionalPaths), models.model("learned_hurst", kind=2, steps=88, width=32)
    shapes = {name: tuple(values.shape[1:]) for name, values in data.items()}
    networks = model.networks(shapes, 1, "own")
    model.initialise(networks, 0)
    optimiser = torch.optim.Adam(networks["fractional"].parameters(), 0.005)
    generator = torch.Generator().manual_seed(0)
    losses = []
    for step in range(150):
        noise = {
            "start": torch.randn(64, 6, generator=generator),
            "noise": torch.randn(64, 88, generator=generator),
        }
        loss = model.losses(networks, data, noise, step).minimise["fractional"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    with torch.no_grad():
        learned = model.learned(networks, data, 0)
    inferred = {name: values.numpy() for name, values in learned.items()}
    outputs = SimpleNamespace(inferred=inferred, data=FractionalPaths.generate(None))
    scores = hurst_index.score(outputs)
    assert scores["of_motion"] == pytest.approx(0.7, abs=0.1)
    assert scores["of_evidence"] == pytest.approx(scores["of_motion"], abs=0.02)
    assert scores["loss_theory"] < scores["loss"] < 0.1 * losses[0]
    assert scores["hurst"] > 0.6


def test_paths_have_the_covariance_of_the_motion():
    """64 paths: the mean of whitened squares is 1 within 4 standard errors, for each member."""
    for settings in MEMBERS.values():
        member = type("Member", (FractionalPaths,), settings)
        arrays = member.generate(None)
        prior = fractional.covariance(settings["kind"], settings["hurst"], arrays["times"][0])
        covariance = prior + 0.01 * np.eye(8)
        values = arrays["values"].astype(float)
        squares = np.sum(values * np.linalg.solve(covariance, values.T).T, axis=1)
        assert squares.mean() / 8 == pytest.approx(1, abs=4 * np.sqrt(2 / (8 * 64)))


def test_impossible_hyper_parameters_are_refused():
    for name, values, message in (
        ("exact_bridge", {"hurst": 1.2}, "hurst must be between 0 and 1"),
        ("bridge_network", {"hurst": 0.5, "kind": 3}, "kind must be 1 or 2"),
        ("bridge_network", {"hurst": 0.5, "number": 2.5}, "number must be a whole number"),
        ("bridge_network", {"hurst": 0.5, "width": 0}, "width must be a whole number from 1"),
        ("learned_hurst", {"steps": 0}, "steps must be a whole number from 1"),
    ):
        with pytest.raises(ValueError, match=message):
            models.model(name, **values)
    with pytest.raises(ValueError, match="use 81 or more"):
        chains.chain(1, 0.5, 5, 0.0, 80, 2.0)
    with pytest.raises(ValueError, match="no multiple of 3 observations"):
        models.model("learned_hurst").networks({"values": (3,)}, 1, "own")
