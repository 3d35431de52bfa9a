"""Evidence lower bound: hand-computed, by closed form, and against PyTorch's cross entropy."""

import numpy as np
import pytest
import torch
from torch import distributions
from torch.nn import functional

from facsimile.metrics import elbo
from facsimile.metrics.base import draws as base_draws

N = 600
FACTORS = np.stack([np.arange(N) % 3, np.arange(N) % 2], axis=1)


def drawn(codes, log_variances, images, decoder, n=500, seed=0):
    codes = np.asarray(codes, np.float32)
    outputs = base_draws.ModelOutputs(
        np.broadcast_to(np.float32(log_variances), codes.shape), images, decoder
    )
    return base_draws.from_table(codes, FACTORS, n, 50, seed, outputs)


def scored(codes, log_variances, images, decoder, convention="sampled", **options):
    return elbo.score(drawn(codes, log_variances, images, decoder, **options), convention)


def constant(*means):
    return lambda z: np.tile(np.float32(means), (len(z), 1))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_by_hand():
    """Image (1, 0, 1), means (0.5, 0.25, 0.8); q = N(2, 1) and N(0, e⁻²)."""
    images, codes = np.tile([True, False, True], (N, 1)), np.tile([2.0, 0.0], (N, 1))
    scores = scored(codes, [0, -2], images, constant(0.5, 0.25, 0.8))
    loss = -np.log(0.5) - np.log(0.75) - np.log(0.8)
    assert scores["reconstruction_loss"] == pytest.approx(loss, rel=1e-6)
    assert scores["kl_0"] == pytest.approx(2)
    assert scores["kl_1"] == pytest.approx((np.exp(-2) + 1) / 2)
    assert scores["kl"] == pytest.approx(scores["kl_0"] + scores["kl_1"])
    assert scores["elbo"] == pytest.approx(-loss - scores["kl"])
    assert scores["clipped"] == 0


def test_the_divergence_is_that_of_torch():
    rng = np.random.default_rng(0)
    codes, log_variances = (
        rng.normal(size=(N, 4)).astype(np.float32),
        rng.normal(size=(N, 4)).astype(np.float32),
    )
    draws = drawn(codes, log_variances, np.zeros((N, 1)), constant(0.5))
    rows = draws.train.rows
    q = distributions.Normal(
        torch.tensor(codes[rows]), torch.tensor(log_variances[rows]).mul(0.5).exp()
    )
    expected = distributions.kl_divergence(q, distributions.Normal(0.0, 1.0)).mean(0)
    scores = elbo.score(draws)
    assert [scores[f"kl_{j}"] for j in range(4)] == pytest.approx(expected.tolist(), rel=1e-5)


def test_the_kl_of_a_linear_gaussian_model_is_the_channel_capacity():
    """Posterior of z in x = w z + noise: variance v = 1 / (1 + w²), mean of variance 1 - v.

    Hence KL = ln(1 + w²) / 2.
    """
    w = np.array([0.5, 1.0, 3.0])
    v = 1 / (1 + w**2)
    means = np.where(np.arange(N) % 2, 1.0, -1.0)[:, None] * np.sqrt(
        1 - v
    )  # of the right second moment, exactly
    scores = scored(means, np.log(v), np.zeros((N, 1)), constant(0.5))
    assert [scores[f"kl_{j}"] for j in range(3)] == pytest.approx(np.log(1 + w**2) / 2, rel=1e-5)


def test_cross_entropy_is_that_of_torch():
    rng = np.random.default_rng(0)
    images, means = (
        rng.random((N, 5, 4)).astype(np.float32),
        rng.uniform(0.001, 0.999, 20).astype(np.float32),
    )
    draws = drawn(np.zeros((N, 1)), 0.0, images, constant(*means))
    x = torch.tensor(images[draws.train.rows]).reshape(-1, 20)
    expected = functional.binary_cross_entropy(
        torch.tensor(means).expand(len(x), 20), x, reduction="sum"
    ) / len(x)
    assert elbo.score(draws)["reconstruction_loss"] == pytest.approx(expected.item(), rel=1e-6)


def test_means_of_a_sigmoid_in_float32_lose_little_of_the_logits():
    """Logits of up to 80, as in trained decoders, of the right sign: at most 2e-6 nats a pixel."""
    logits = np.linspace(-80, 80, 400, dtype=np.float32)
    images = np.tile(logits > 0, (N, 1))
    scores = scored(np.zeros((N, 1)), 0.0, images, lambda z: np.tile(sigmoid(logits), (len(z), 1)))
    exact = functional.binary_cross_entropy_with_logits(
        torch.tensor(logits).double(), torch.tensor(images[0]).double()
    )
    assert scores["reconstruction_loss"] / 400 == pytest.approx(exact.item(), abs=2e-6)
    assert 0.5 < scores["clipped"] < 0.9


@pytest.mark.parametrize(("mean", "pixel"), [(0.0, 1.0), (1.0, 0.0)])
def test_a_wrong_saturated_pixel_costs_16_nats(mean, pixel):
    """15.94 nats; torch has 100, as it clips logarithms at -100; a plain one has infinity."""
    scores = scored(np.zeros((N, 1)), 0.0, np.full((N, 2), [pixel, 0.5]), constant(mean, 0.5))
    wrong = scores["reconstruction_loss"] - np.log(2)
    assert wrong == pytest.approx(-np.log(2.0**-23), rel=1e-6)
    assert wrong == pytest.approx(15.94, abs=0.01)
    assert scores["clipped"] == 0.5
    assert (
        functional.binary_cross_entropy(torch.tensor([mean]), torch.tensor([pixel])).item() == 100
    )


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_right_saturated_pixel_costs_nothing(value):
    scores = scored(np.zeros((N, 1)), 0.0, np.full((N, 1), value), constant(value))
    assert 0 <= scores["reconstruction_loss"] < 2e-7
    assert scores["kl"] == 0
    assert scores["elbo"] == pytest.approx(0, abs=2e-7)


def test_a_sampled_code_is_decoded_or_its_mean():
    """One pixel that is 1, mean sigmoid(z), z ~ N(1, 4).

    The loss is E[ln(1 + e⁻ᶻ)] by quadrature or, for the mean, its value at 1.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    expected = np.sum(weights * np.log1p(np.exp(-(1 + 2 * nodes)))) / weights.sum()
    arguments = np.ones((N, 1)), np.log(4), np.ones((N, 1)), sigmoid
    scores = scored(*arguments, n=40_000)["reconstruction_loss"]
    assert scores == pytest.approx(
        expected, abs=0.02
    )  # five standard errors: the losses' deviation is 0.8
    assert scored(*arguments, "mean")["reconstruction_loss"] == pytest.approx(
        np.log1p(np.exp(-1)), rel=1e-6
    )


def test_a_posterior_without_noise_is_sampled_at_its_mean():
    codes = np.random.default_rng(0).normal(size=(N, 2))
    images = (codes > 0).astype(float)
    sampled, mean = (
        scored(codes, -60.0, images, sigmoid, convention) for convention in elbo.CONVENTIONS
    )
    assert sampled == pytest.approx(mean, rel=1e-6)


def test_the_sample_follows_the_seed():
    codes = np.random.default_rng(0).normal(size=(N, 2))
    arguments = codes, 0.0, (codes > 0).astype(float), sigmoid
    assert scored(*arguments) == scored(*arguments)
    assert scored(*arguments) != scored(*arguments, seed=1)


def test_order_of_latents_does_not_matter_if_the_decoder_follows():
    rng = np.random.default_rng(0)
    codes, log_variances = rng.normal(size=(N, 3)), rng.normal(size=(N, 3))
    images, order = (codes > 0).astype(float), [2, 0, 1]
    one = scored(codes, log_variances, images, sigmoid, "mean")
    other = scored(
        codes[:, order],
        log_variances[:, order],
        images,
        lambda z: sigmoid(z[:, np.argsort(order)]),
        "mean",
    )
    assert other["elbo"] == pytest.approx(one["elbo"])
    assert [other[f"kl_{place}"] for place in range(3)] == pytest.approx(
        [one[f"kl_{j}"] for j in order]
    )


def test_latents_equal_to_the_prior_have_no_kl_and_informative_codes_have_some():
    """Images of two pixels, of four kinds.

    A model without information has a loss of 2 ln 2, one that encodes them has KL instead.
    """
    bits = np.stack([np.arange(N) // 2 % 2, np.arange(N) // 4 % 2], axis=1)
    blind = scored(np.zeros((N, 2)), 0.0, bits, constant(0.5, 0.5))
    assert blind["elbo"] == pytest.approx(-2 * np.log(2), rel=1e-6)
    seeing = scored(2.0 * bits - 1, -4.0, bits, lambda z: sigmoid(20 * z))
    assert seeing["reconstruction_loss"] < 0.01
    assert seeing["kl"] == pytest.approx(4 + np.exp(-4), rel=1e-6)  # twice (1 + e⁻⁴ + 4 - 1) / 2
    assert seeing["elbo"] < blind["elbo"]  # more than the bits are worth


class Stream:
    """Images by row, which record how many are read at a time."""

    def __init__(self):
        self.batch_sizes = []

    def __getitem__(self, rows):
        self.batch_sizes.append(len(rows))
        return np.ones((len(rows), 3, 3, 1))


def test_images_are_read_in_batches_of_the_drawn_rows():
    images = Stream()
    scored(np.zeros((N, 1)), 0.0, images, lambda z: np.full((len(z), 3, 3, 1), 0.5))
    assert sum(images.batch_sizes) == 500
    assert max(images.batch_sizes) <= elbo.BATCH
    rows = np.arange(N) / N
    draws = drawn(np.zeros((N, 1)), 0.0, rows[:, None], constant(0.25))
    pixel = rows[draws.train.rows].mean()
    assert elbo.score(draws)["reconstruction_loss"] == pytest.approx(
        -pixel * np.log(0.25) - (1 - pixel) * np.log(0.75)
    )


@pytest.mark.parametrize(
    ("images", "decoder", "message"),
    [
        (
            np.full((N, 2), 255),
            constant(0.5, 0.5),
            r"images must be in \[0, 1\].* divide bytes by 255",
        ),
        (
            np.ones((N, 2)),
            constant(3.0, 0.5),
            r"decoder's means must be in \[0, 1\].* sigmoid of logits",
        ),
        (np.ones((N, 2)), constant(np.nan, 0.5), r"decoder's means must be in \[0, 1\]"),
        (
            np.ones((N, 2)),
            constant(0.5),
            r"\[256, 2\] images and pixels, the decoder gives \[256, 1\]",
        ),
    ],
)
def test_values_outside_0_to_1_and_wrong_shapes_raise(images, decoder, message):
    with pytest.raises(ValueError, match=message):
        scored(np.zeros((N, 1)), 0.0, images, decoder)


@pytest.mark.parametrize("missing", ["log_variances", "images", "decoder"])
def test_missing_inputs_are_named(missing):
    outputs = {
        "log_variances": np.zeros((N, 1)),
        "images": np.ones((N, 1)),
        "decoder": constant(0.5),
    } | {missing: None}
    draws = base_draws.from_table(
        np.zeros((N, 1)), FACTORS, 100, 50, 0, base_draws.ModelOutputs(**outputs)
    )
    with pytest.raises(ValueError, match=f"elbo needs {missing}"):
        elbo.score(draws)
