"""LSBD-VAE: pairs and their transformations, circles, both equivariance losses, known codes."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import integrate, stats

from facsimile import models
from facsimile.claims.mean_score import MeanScore
from facsimile.foundation import discover
from facsimile.metrics import d_lsbd
from facsimile.metrics.base import draws
from facsimile.models import ArraysModel
from facsimile.papers.lsbd.datasets._pairs import Pairs
from facsimile.papers.lsbd.models import _torus

LATENTS = 4


def generated(name):
    return discover.load_class("datasets", name, Pairs).generate(None)


@pytest.fixture(scope="module")
def square():
    return generated("square_16")


@pytest.fixture(scope="module")
def arrow():
    return generated("arrow_16")


def on_torus(angles):
    """Points [..., 2, 2] at angles [..., 2]."""
    angles = torch.as_tensor(angles)
    return torch.stack((angles.cos(), angles.sin()), -1)


def random_angles(*shape, seed=0):
    random = np.random.default_rng(seed)
    return torch.from_numpy(random.uniform(-math.pi, math.pi, shape))


def score(codes, factors):
    return d_lsbd.score(draws.from_table(codes, factors, 60, 60, 0))


def test_every_picture_is_in_one_pair_and_the_pairs_are_ranked(square):
    images, rank = square["images"], square["rank"]
    values, counts = np.unique(rank, return_counts=True)
    np.testing.assert_array_equal(values, (1 + np.arange(128)) / 128)
    assert set(counts) == {2}
    for value in values[::16]:
        first, second = np.flatnonzero(rank == value)
        np.testing.assert_array_equal(square["partner_images"][first], images[second])
        np.testing.assert_array_equal(square["partner_images"][second], images[first])
        np.testing.assert_array_equal(square["partner_angles"][first], square["angles"][second])


def test_the_known_transformation_takes_a_square_to_its_partner(square):
    steps = square["partner_angles"] - square["angles"]
    shifts = np.round(16 * steps / (2 * np.pi)).astype(int)
    for image, partner, shift in zip(
        square["images"], square["partner_images"], shifts, strict=True
    ):
        np.testing.assert_array_equal(np.roll(image, shift, axis=(0, 1)), partner)
    assert (square["images"].sum(axis=(1, 2, 3)) == 16 * 255).all()


def test_a_fourier_encoder_of_squares_is_linearly_symmetric(square):
    """A shift multiplies the first coefficients of rows and columns by a phase."""
    images = square["images"][..., 0] / 255.0
    spectrum = np.fft.fft2(images)
    coefficients = np.stack([spectrum[:, 1, 0], spectrum[:, 0, 1]], axis=1)
    codes = coefficients.view(np.float64)
    assert score(codes, square["factors"])["d_lsbd"] == pytest.approx(0, abs=1e-6)


def test_arrows_turn_anticlockwise_and_change_their_hue(arrow):
    images = arrow["images"].reshape(16, 16, 16, 16, 3)
    quarter_turn = np.rot90(images[0], axes=(1, 2))
    np.testing.assert_array_equal(images[4], quarter_turn)
    # The arrow points to the right: more of it is lit there, where its head is.
    grey = images[0, 0].max(axis=2).astype(int)
    assert grey[:, 8:].sum() > grey[:, :8].sum()
    # Hue 0 is red; a third of 16 values between is not a value, so the first and the ninth, cyan.
    lit = images[0, :, 8, 8]
    np.testing.assert_array_equal(lit[[0, 8]], [[255, 0, 0], [0, 255, 255]])
    assert len(np.unique(arrow["images"].reshape(256, -1), axis=0)) == 256


def test_the_kl_of_a_circle_is_the_integral():
    for log_time in (-10.0, -7.5, -5.0):
        deviation = math.exp(log_time / 2)
        density = stats.norm(0, deviation).pdf
        # Wrapped copies are 2π away, hundreds of deviations.
        expected, _ = integrate.quad(
            lambda angle, p=density: p(angle) * math.log(2 * math.pi * p(angle)),
            -8 * deviation,
            8 * deviation,
        )
        ours = _torus.circle_kl(torch.tensor(log_time, dtype=torch.float64))
        assert ours.item() == pytest.approx(expected, rel=1e-9)


def test_samples_are_on_the_circle_and_spread_by_the_time():
    log_time = torch.full((4_000, 2), -5.0)
    noise = torch.randn(4_000, _torus.STEPS, 2, 2, generator=torch.Generator().manual_seed(0))
    locations = on_torus(torch.zeros(4_000, 2))
    samples = _torus.sampled(locations, log_time, noise)
    torch.testing.assert_close(samples.norm(dim=-1), torch.ones(4_000, 2))
    angles = torch.atan2(samples[..., 1], samples[..., 0])
    assert angles.var().item() == pytest.approx(math.exp(-5), rel=0.07)
    assert _torus.log_times(torch.tensor([-50.0, 0, 50])).tolist() == [-10, -7.5, -5]


def test_equivariant_codes_are_aligned_already_and_have_no_loss():
    angles = random_angles(7, 2, 2)
    codes = on_torus(angles + random_angles(7, 1, 2, seed=1))
    aligned = _torus.aligned(codes, angles)
    torch.testing.assert_close(aligned, codes)
    for distance in (_torus.distance, _torus.clipped_distance):
        assert distance(codes, aligned).abs().max() < 1e-12


def test_alignment_turns_with_the_data_and_its_result_is_equivariant():
    angles, codes = random_angles(7, 2, 2), on_torus(random_angles(7, 2, 2, seed=1))
    aligned = _torus.aligned(codes, angles)
    # The first image as the identity and the difference as transformation, as released.
    torch.testing.assert_close(_torus.aligned(codes, angles - angles[:, :1]), aligned)
    turned = _torus.rotated(aligned[:, 0], angles[:, 1] - angles[:, 0])
    torch.testing.assert_close(turned, aligned[:, 1])


@pytest.mark.parametrize(
    ("errors", "text", "code"),
    [
        ((0.0, 0.0), 0.0, 0.0),
        # Cosines of 0.5 and 0.5 sum up to 1: the released distance sees no error.
        ((math.pi / 3, math.pi / 3), 2.0, 0.0),
        ((math.pi / 2, 0.0), 2.0, 0.0),
        ((math.pi / 2, math.pi / 2), 4.0, 4.0),
        ((math.pi, 0.0), 4.0, 4.0),
        ((math.pi, math.pi), 8.0, 8.0),
    ],
)
def test_distances_of_text_and_code_by_hand(errors, text, code):
    exact = on_torus(torch.zeros(2, dtype=torch.float64))
    wrong = on_torus(torch.tensor(errors, dtype=torch.float64))
    assert _torus.distance(exact, wrong).item() == pytest.approx(text, abs=1e-12)
    assert _torus.clipped_distance(exact, wrong).item() == pytest.approx(code, abs=1e-12)


def test_the_released_distance_is_blind_to_most_errors_of_pairs():
    """Cosines of two random angles sum up to 1 or more with a probability that is an integral.

    Each image of a pair is half of the pair's error away from the average, which is at most a
    quarter turn; there, the probability is four times as high.
    """
    integral, _ = integrate.quad(lambda angle: math.acos(1 - math.cos(angle)), 0, math.pi / 2)
    share = integral / math.pi**2
    assert share == pytest.approx(0.185, abs=5e-4)
    errors = random_angles(40_000, 2)
    exact = on_torus(torch.zeros(2, dtype=torch.float64))
    for size, expected_blind, expected_flat in ((1, share, 2 * share), (2, 4 * share, 4 * share)):
        angles = (errors / size).requires_grad_()
        loss = _torus.clipped_distance(on_torus(angles), exact)
        [gradient] = torch.autograd.grad(loss.sum(), angles)
        blind = (loss == 0).double().mean().item()
        # Without gradient are also sums of -1 or less.
        flat = (gradient == 0).all(1).double().mean().item()
        assert blind == pytest.approx(expected_blind, abs=0.01)
        assert flat == pytest.approx(expected_flat, abs=0.01)


class Exact(torch.nn.Module):
    """An encoder that is given angles in the place of images, and a decoder of nothing."""

    def encode(self, images):
        angles = images[:, 0, 0, :2]
        return on_torus(angles).flatten(1), torch.zeros(len(angles), 2)

    def decode(self, codes):
        return codes[:, None, None, :]


def losses_of(model, offset=0.0, rank=0.5):
    """Terms of the loss for images that are the angles, those of partners off by ``offset``."""
    angles = random_angles(6, 2, 2).float()
    shown = torch.nn.functional.pad(angles, (0, 2))
    batch = {
        "images": shown[:, 0, None, None],
        "partner_images": (shown[:, 1] + offset)[:, None, None],
        "angles": angles[:, 0],
        "partner_angles": angles[:, 1],
        "rank": torch.full((6,), rank),
    }
    noise = {"walk": torch.zeros(6, 2, _torus.STEPS, 2, 2)}
    return model.losses({"vae": Exact()}, batch, noise, 0).terms


@pytest.mark.parametrize("clipped", [0, 1])
def test_an_equivariant_encoder_has_no_equivariance_loss_and_others_do(clipped):
    model = models.model("lsbd_vae", clipped=clipped)
    assert losses_of(model)["equivariance"].item() == pytest.approx(0, abs=1e-5)
    # Both images are half of the offset away from their average, on both circles.
    wrong = losses_of(model, offset=torch.tensor([2.4, 2.4, 0, 0]))["equivariance"].item()
    per_circle = 2 * (1 - math.cos(1.2))
    released = 2 * 2 * (1 - 2 * math.cos(1.2))
    assert wrong == pytest.approx(2 * (released if clipped else 2 * per_circle), rel=1e-4)


def test_pairs_without_labels_have_no_equivariance_loss_and_decode_their_own_samples():
    offset = torch.tensor([2.4, 2.4, 0, 0])
    labelled, unlabelled = (
        losses_of(models.model("lsbd_vae", labelled=share), offset) for share in (0.5, 0.25)
    )
    assert unlabelled["equivariance"] == 0
    assert unlabelled["reconstruction"] != labelled["reconstruction"]
    none = losses_of(models.model("lsbd_vae", labelled=0), offset)
    assert none["reconstruction"] == unlabelled["reconstruction"]


def test_codes_are_locations_on_circles_and_posteriors_begin_in_the_middle(arrow):
    model = models.model("lsbd_vae")
    shapes = {"images": (16, 16, 3), "angles": (2,)}
    networks = model.networks(shapes, LATENTS, "own")
    model.initialise(networks, 0)
    images = torch.from_numpy(arrow["images"][:5]).movedim(-1, 1) / 255
    inferred = model.infer(networks, {"images": images})
    assert inferred["mean"].shape == inferred["log_variance"].shape == (5, LATENTS)
    lengths = inferred["mean"].unflatten(1, (2, 2)).norm(dim=-1)
    torch.testing.assert_close(lengths, torch.ones(5, 2))
    assert (inferred["log_variance"] == -7.5).all()
    assert model.decode(networks, inferred["mean"]).shape == (5, 3, 16, 16)
    with pytest.raises(ValueError, match="set latents to 4, not 6"):
        model.networks(shapes, 6, "own")


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("lsbd_vae", {"labelled": 1.5}, "from 0 to 1, not 1.5"),
        ("lsbd_vae", {"clipped": 2}, "must be 0 or 1, not 2"),
        ("known_codes", {"turns": 11}, "whole number from 0 to 10, not 11"),
    ],
)
def test_impossible_hyper_parameters_are_refused(name, wrong, message):
    with pytest.raises(ValueError, match=message):
        models.model(name, **wrong)


def test_models_without_labels_are_those_of_images():
    shapes = {"images": (16, 16, 1)}
    images = torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    ours = models.model("unlabelled_beta_vae", beta=3)
    assert isinstance(ours, ArraysModel)
    networks = ours.networks(shapes, LATENTS, "own")
    ours.initialise(networks, 0)
    noise = {"z": torch.zeros(6, LATENTS)}
    batch = {"images": images}
    theirs = models.model("beta_vae", beta=3).losses(networks, images, noise, 0)
    assert ours.losses(networks, batch, noise, 0).minimise == theirs.minimise


@pytest.mark.parametrize("n", [16, 64])
def test_known_codes_have_the_closed_form(n):
    factors = np.indices((n, n)).reshape(2, -1).T
    line = models.model("known_codes", turns=0).codes(factors, 0)[0]
    expected = 1 - 3 / (2 * (n**2 - 1) * math.sin(math.pi / n) ** 2)
    assert score(line, factors)["d_lsbd"] == pytest.approx(expected, abs=1e-6)
    assert expected == pytest.approx(0.84802, abs=0.003)
    for turns in (1, 3):
        circles = models.model("known_codes", turns=turns).codes(factors, 0)[0]
        scores = score(circles, factors)
        assert scores["d_lsbd"] == pytest.approx(0, abs=1e-6)
        assert scores["turns_0"] == turns


def test_the_mean_score_is_that_of_one_share_of_labels():
    rows = []
    for dataset, values in {"square": {0.125: [1, 3], 1: [10]}, "arrow": {0.125: [4]}}.items():
        for value, results in values.items():
            for result in results:
                rows.append((f"{dataset}{value}{result}", dataset, value, result))
    scores = pd.DataFrame(rows, columns=["run", "dataset", "value", "result"])
    scores = scores.assign(name="m.s", model="lsbd_vae", label="A")
    both = ["square", "arrow"]
    result = MeanScore("m.s", ("A",), 0.125).compute(scores, both)
    assert (result.estimate.value, result.estimate.n) == (3.0, 3)
    assert not result.missing
    assert MeanScore("m.s", ("A",), 1).compute(scores, both).missing
    assert MeanScore("m.s", ("A",)).compute(scores, ["square"]).estimate.value == 14 / 3
