"""Relevant axes of linear models, whose slopes, spreads and rank are known."""

import numpy as np
import pytest

from facsimile.metrics.base import draws as base_draws
from facsimile.papers.ard_vae.metrics import ard_relevance

N, PIXELS = 2000, 40
FACTORS = np.stack([np.arange(N) % 4, np.arange(N) % 5], axis=1)


def scored(codes, log_variances, decoder, convention="ard-code", seed=0):
    codes = np.asarray(codes, np.float32)
    outputs = base_draws.ModelOutputs(
        np.broadcast_to(np.float32(log_variances), codes.shape), decoder=decoder
    )
    return ard_relevance.score(
        base_draws.from_table(codes, FACTORS, 1500, 100, seed, outputs), convention
    )


def linear(weights):
    """A decoder to [n, 10, 4, 1] images, linear in the codes."""
    return lambda z: (z.astype(np.float64) @ weights + 0.5).reshape(len(z), 10, 4, 1)


def principal(rank, latents, noise=0.01, seed=0):
    """Codes, log-variances and decoder of the best linear Gaussian model of data of a known rank.

    Tipping and Bishop 1999, "Probabilistic principal component analysis".
    Axes beyond the rank have collapsed: mean 0, variance 1, no slope.
    """
    rng = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(rng.normal(size=(PIXELS, rank)))
    scales = np.sqrt(np.linspace(1, 3, rank))
    points = rng.normal(size=(N, rank)) * scales @ basis.T + np.sqrt(noise) * rng.normal(
        size=(N, PIXELS)
    )
    values, vectors = np.linalg.eigh(np.cov(points.T))
    values, vectors = values[::-1][:rank], vectors[:, ::-1][:, :rank]
    weights = np.zeros((latents, PIXELS))
    weights[:rank] = (vectors * np.sqrt(values - noise)).T
    codes = np.zeros((N, latents))
    codes[:, :rank] = (points - points.mean(0)) @ weights[:rank].T / values
    log_variances = np.zeros(latents)
    log_variances[:rank] = np.log(noise / values)
    order = rng.permutation(latents)
    return codes[:, order], log_variances[order], weights[order]


@pytest.mark.parametrize("convention", ard_relevance.CONVENTIONS)
@pytest.mark.parametrize("latents", [10, 20])
@pytest.mark.parametrize("rank", [3, 5, 8])
def test_a_linear_gaussian_model_has_as_many_axes_as_its_rank(rank, latents, convention):
    codes, log_variances, weights = principal(rank, latents)
    scores = scored(codes, log_variances, linear(weights), convention)
    assert scores["relevant_axes"] == rank
    shares = np.array([scores[f"relevance_{j}"] for j in range(latents)])
    assert shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(
        shares, (weights**2).sum(1) / (weights**2).sum(), atol=0.03
    )  # of sampled second moments


def test_relevance_by_hand():
    """Slopes 3 and 1 in two pixels each, second moments 1 + 0.25 and 4 + 0.25: 22.5 and 8.5."""
    unit = np.where(np.arange(N) % 2, 1.0, -1.0)[:, None]
    weights = np.zeros((3, PIXELS))
    weights[0, :2], weights[1, 3:5] = 3, 1
    for convention, tolerance in (
        ("ard-code", 1e-5),
        ("paper", 1e-5),
        ("mean-square", 5e-3),
    ):  # the second by the draws' own mean
        scores = scored(unit * [1, 2, 0], np.log(0.25), linear(weights), convention)
        assert scores["variability"] == pytest.approx(31, rel=tolerance)
        assert scores["relevance_0"] == pytest.approx(22.5 / 31, rel=tolerance)
        assert scores["relevance_1"] == pytest.approx(8.5 / 31, rel=tolerance)
        assert scores["relevance_2"] == pytest.approx(0, abs=1e-9)
        assert scores["relevant_axes"] == 2


def test_an_origin_makes_an_axis_relevant_unless_the_variance_is_about_the_mean():
    codes = np.random.default_rng(0).normal(size=(N, 2)) * [1, 0.01] + [0, 5]
    weights = np.eye(2, PIXELS)
    assert scored(codes, -9.0, linear(weights))["relevance_1"] == pytest.approx(25 / 26, abs=0.01)
    assert scored(codes, -9.0, linear(weights), "paper")["relevance_1"] == pytest.approx(
        25 / 26, abs=0.01
    )
    assert scored(codes, -9.0, linear(weights), "mean-square")["relevance_1"] < 1e-3


def test_slopes_that_differ_between_points_count_less_in_the_released_code():
    """A pixel of slope 2 at half of the points, 0 at the others, against one of slope 1.

    Their (E|J|)² are equal, their E J² differ by a factor of two.
    """
    codes = np.random.default_rng(0).normal(size=(N, 2))

    def decoder(z):
        return np.c_[2 * np.maximum(z[:, 0], 0), z[:, 1]]

    assert scored(codes, -9.0, decoder)["relevance_0"] == pytest.approx(0.5, abs=0.1)
    assert scored(codes, -9.0, decoder, "mean-square")["relevance_0"] == pytest.approx(
        2 / 3, abs=0.08
    )


@pytest.mark.parametrize("convention", ard_relevance.CONVENTIONS)
def test_slopes_of_either_sign_do_not_cancel(convention):
    codes = np.random.default_rng(0).normal(size=(N, 2))
    scores = scored(codes, -9.0, lambda z: np.c_[np.abs(z[:, 0]), z[:, 1]], convention)
    assert scores["relevance_0"] == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("convention", ard_relevance.CONVENTIONS)
def test_slopes_of_a_curved_decoder_are_its_derivatives(convention):
    """Central differences of a decoder in float32, against the derivative of sigmoid(z W)."""
    rng = np.random.default_rng(0)
    weights, points = (
        rng.normal(size=(4, PIXELS)),
        rng.normal(size=(100, 4)).astype(np.float32).astype(np.float64),
    )

    def decoder(z):
        return (1 / (1 + np.exp(-z @ weights.astype(np.float32)))).astype(np.float32)

    p = 1 / (1 + np.exp(-points @ weights))
    slopes = (p * (1 - p))[:, None] * weights  # [n, d, pixels]
    squared = convention != "ard-code"
    exact = (slopes**2).mean(0).sum(1) if squared else (np.abs(slopes).mean(0) ** 2).sum(1)
    scores = ard_relevance.relevance(decoder, points, np.ones(4), squared)
    np.testing.assert_allclose(scores, exact, rtol=1e-4)


@pytest.mark.parametrize("convention", ard_relevance.CONVENTIONS)
def test_order_sign_and_scale_of_latents_do_not_matter_if_the_decoder_follows(convention):
    codes, log_variances, weights = principal(3, 6)
    scale, order = np.array([-1, 10, 0.1, 2, -5, 1]), [4, 0, 5, 2, 1, 3]
    one = scored(codes, log_variances, linear(weights), convention)
    moved = (codes * scale)[:, order], (log_variances + 2 * np.log(np.abs(scale)))[order]
    other = scored(*moved, linear((weights / scale[:, None])[order]), convention)
    assert other["relevant_axes"] == one["relevant_axes"]
    assert other["variability"] == pytest.approx(one["variability"], rel=1e-4)
    shares = [other[f"relevance_{place}"] for place in range(6)]
    assert shares == pytest.approx([one[f"relevance_{j}"] for j in order], abs=1e-5)


def test_a_copied_latent_adds_one_relevant_axis():
    codes, log_variances, weights = principal(3, 3)
    twice = linear(np.r_[weights, weights[:1]] * np.array([0.5, 1, 1, 0.5])[:, None])
    scores = scored(np.c_[codes, codes[:, :1]], np.r_[log_variances, log_variances[:1]], twice)
    assert scores["relevant_axes"] == 4
    assert scores["relevance_0"] == pytest.approx(scores["relevance_3"], rel=1e-3)


@pytest.mark.parametrize(
    ("shares", "axes"),
    [
        ([0.985, 0.015], 2),
        ([0.995, 0.005], 1),
        ([0.005, 0.995], 1),
        ([0.5, 0.25, 0.245, 0.005], 3),
        ([0.0, 0.0], 0),
    ],
)
def test_axes_are_counted_until_their_sum_exceeds_99_per_cent(shares, axes):
    assert ard_relevance.count(np.array(shares)) == axes


def test_exactly_99_per_cent_is_not_yet_enough(monkeypatch):
    monkeypatch.setattr(ard_relevance, "SHARE", 0.75)
    assert ard_relevance.count(np.array([0.5, 0.25, 0.25])) == 3


def test_a_constant_decoder_has_no_relevant_axis():
    scores = scored(
        np.random.default_rng(0).normal(size=(N, 2)), 0.0, lambda z: np.full((len(z), PIXELS), 0.5)
    )
    assert set(scores.values()) == {0.0}


def test_a_single_latent_is_relevant():
    assert scored(np.zeros((N, 1)), 0.0, linear(np.ones((1, PIXELS))))["relevant_axes"] == 1


def test_the_decoder_is_given_float32():
    kinds = []

    def decoder(z):
        kinds.append(z.dtype)
        return z

    scored(np.zeros((N, 2)), 0.0, decoder)
    assert set(kinds) == {np.dtype(np.float32)}


def test_codes_too_far_from_zero_for_a_step_raise():
    with pytest.raises(ValueError, match=r"code 0 is so far from zero .* centre the codes"):
        scored(np.full((N, 1), 1e6), -20.0, linear(np.ones((1, PIXELS))), "mean-square")


def test_a_decoder_that_returns_nan_raises():
    with pytest.raises(ValueError, match="not finite"):
        scored(np.zeros((N, 1)), 0.0, lambda z: np.full((len(z), 1), np.nan))


@pytest.mark.parametrize("missing", ["log_variances", "decoder"])
def test_missing_inputs_are_named(missing):
    outputs = {"log_variances": np.zeros((N, 1)), "decoder": linear(np.ones((1, PIXELS)))} | {
        missing: None
    }
    draws = base_draws.from_table(
        np.zeros((N, 1)), FACTORS, 100, 50, 0, base_draws.ModelOutputs(**outputs)
    )
    with pytest.raises(ValueError, match=f"ard_relevance needs {missing}"):
        ard_relevance.score(draws)
