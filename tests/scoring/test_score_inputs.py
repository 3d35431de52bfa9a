"""The inputs of a metric for a run: its decoder, and the images its latents were computed from."""
# ruff: noqa: F811 (fixtures)

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional
from trained_runs import data_file, run_of, trained, workspace  # noqa: F401

from facsimile import metrics, models
from facsimile.metrics.base import draws as base_draws
from facsimile.scoring import score_inputs
from facsimile.store import files, latents, records
from facsimile.training import encode
from facsimile.training.encode_shard import encode_run
from facsimile.training.run_records import open_data


@pytest.fixture
def run(workspace):
    """A trained and encoded run."""
    run = run_of(steps=4)
    trained(workspace, run)
    encode_run(workspace, run, print)
    return run


@pytest.mark.slow
def test_the_bound_is_that_of_the_model_that_was_trained(workspace, run):
    folder, data = workspace.paths.run(run.key), open_data(workspace, run)
    codes, log_variances = (
        latents.read(folder / files.LATENTS, name) for name in ("mean", "log_variance")
    )
    inputs = score_inputs.inputs("elbo", run, folder, workspace.paths.dataset(run.dataset))
    factors = score_inputs.factors(run.dataset, ())
    table = metrics.score(codes, factors, ["elbo"], "mean", n_train=400, n_test=10, **inputs)
    scores = table.set_index("score")["value"]

    rows = base_draws.from_table(codes, factors, 400, 10, 0).train.rows
    images = torch.from_numpy(data.images(rows)).permute(0, 3, 1, 2) / 255
    vae = models.model(run.model, **run.params).networks(data.image_shape, codes.shape[1], "mlp")[
        "vae"
    ]
    vae.load_state_dict(
        {name.removeprefix("vae."): value for name, value in records.weights(folder).items()}
    )
    with torch.inference_mode():
        logits = vae.decode(torch.from_numpy(codes[rows]))
    loss = functional.binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(rows)
    mean, log_variance = codes[rows], log_variances[rows]
    kl = 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1).sum(axis=1).mean()
    assert scores["reconstruction_loss"] == pytest.approx(loss.item(), rel=1e-5)
    assert scores["kl"] == pytest.approx(kl, rel=1e-5)


class Redrawn:
    """300 images that are drawn at every read."""

    stochastic, image_shape = True, (4, 4, 1)

    def __len__(self):
        return 300

    def images(self, indices, rng):
        return (
            indices[:, None, None, None] % 7 + rng.integers(0, 200, (len(indices), 4, 4, 1))
        ).astype(np.uint8)


def test_redrawn_images_are_those_that_were_encoded():
    data, rows = Redrawn(), np.array([191, 0, 299, 127, 128])
    whole = encode.read(data, range(300), seed=3)
    np.testing.assert_array_equal(
        score_inputs.Images(data, 3)[rows], whole[rows].astype(np.float32) / np.float32(255)
    )


def test_a_control_has_no_decoder_and_no_run_has_peers(run):
    assert score_inputs.applicable("elbo", run)
    assert not score_inputs.applicable("elbo", run_of(model="oracle", steps=0))
    assert score_inputs.applicable("mig", run_of(model="oracle", steps=0))
    with pytest.raises(ValueError, match=r"udr needs peers, .* take it out of the study's metrics"):
        score_inputs.applicable("udr", run)


def test_pictures_are_read_by_the_nearest_one_of_a_data_set_that_has_few():
    def has_reader(dataset, model="beta_vae"):
        run = replace(run_of(model), dataset=dataset)
        return score_inputs.applicable("counterfactual_generativeness", run)

    assert has_reader("mini_uneven")
    assert has_reader("confounded_sprites_16", "s2_beta_vae")
    # Its pictures have no factors.
    assert not has_reader("mnist")
    with pytest.raises(ValueError, match=r"nearest one of dsprites, whose 3,019,898,880 values"):
        has_reader("dsprites")


@pytest.mark.slow
def test_a_reader_reads_the_factors_of_the_data_set(workspace, run):
    folder, path = workspace.paths.run(run.key), workspace.paths.dataset(run.dataset)
    inputs = score_inputs.inputs("counterfactual_generativeness", run, folder, path)
    data = open_data(workspace, run)
    rows = np.arange(0, len(data), 999)
    read = [part.argmax(axis=1) for part in inputs["classifier"](data.images(rows))]
    np.testing.assert_array_equal(np.stack(read, axis=1), data.factors(rows))
    assert inputs["decoder"](np.zeros((2, 4), np.float32)).shape == (2, *data.image_shape)
