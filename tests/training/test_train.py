"""Training depends on nothing but the run: same bits in any shard, after any interruption."""
# ruff: noqa: F811 (fixtures)

import dataclasses
import multiprocessing
import os
import signal
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from trained_runs import STEPS, data_file, elsewhere, equal, run_of, trained, workspace  # noqa: F401
from workers import train_slowly, train_until_sigterm

from facsimile import datasets, models
from facsimile.datasets import Dataset
from facsimile.planning import workspace as workspaces
from facsimile.planning.workspace import Workspace
from facsimile.store import checkpoints, files, latents, records, shard_jobs
from facsimile.studies import training as studies_training
from facsimile.studies.runs import Shard
from facsimile.training import encode, run_records, train_shard
from facsimile.training.encode_shard import encode_shard


@pytest.mark.slow
@pytest.mark.parametrize("network", ["mlp", "dlib"])
def test_a_run_has_the_same_bits_alone_and_in_another_shard(workspace, tmp_path, network):
    runs = [run_of(seed=seed, steps=20, network=network) for seed in range(3)]
    [alone] = trained(workspace, runs[1])
    first, among, last = trained(elsewhere(workspace, tmp_path / "other"), *runs)
    assert equal(alone, among)
    assert not equal(alone, first)
    assert not equal(alone, last)


@pytest.mark.slow
@pytest.mark.parametrize(
    "params", [{"model": "beta_vae", "beta": 4}, {"model": "factor_vae", "gamma": 10}]
)
def test_a_killed_and_resumed_run_has_the_bits_of_an_uninterrupted_one(workspace, tmp_path, params):
    run = run_of(steps=100, **params)
    killed_at = kill_after_checkpoint(workspace, run)
    assert 0 < killed_at < run.steps
    [resumed] = trained(workspace, run)
    record = records.record(workspace.paths.run(run.key))
    fresh = elsewhere(workspace, tmp_path / "fresh")
    [whole] = trained(fresh, run)
    assert equal(resumed, whole)
    assert record["final"] == records.record(fresh.paths.run(run.key))["final"]
    assert not (workspace.paths.run(run.key) / files.CHECKPOINT).exists()


def kill_after_checkpoint(workspace, run):
    """SIGKILL a training process once it has a checkpoint; returns the step of the checkpoint."""
    process = multiprocessing.get_context("spawn").Process(
        target=train_slowly, args=(workspace, run)
    )
    process.start()
    folder = workspace.paths.run(run.key)
    end = time.monotonic() + 300
    while not (folder / files.CHECKPOINT).exists() and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert records.record(folder) is None
    return checkpoints.load_checkpoint(folder)[1]["step"]


@pytest.mark.slow
def test_a_non_finite_loss_fails_the_run_and_other_runs_finish(workspace):
    bad = run_of(lr=1e30, steps=40)
    good = run_of(seed=5, steps=40)
    shard = Shard("toy", "beta_vae", (bad, good))
    messages = []
    train_shard.train_shard(workspace, shard, messages.append)
    record = records.record(workspace.paths.run(bad.key))
    assert record["state"] == "failed"
    assert f"non-finite loss at step {record['steps']}" in record["reason"]
    assert any("FAILED" in line for line in messages)
    assert records.record(workspace.paths.run(good.key))["state"] == "done"
    encode_shard(workspace, shard, messages.append)
    assert not (workspace.paths.run(bad.key) / files.LATENTS).exists()
    assert (workspace.paths.run(good.key) / files.LATENTS).exists()


@pytest.mark.parametrize("execution", ["serial", "packed"])
def test_a_batch_larger_than_the_data_set_is_refused_before_the_first_step(workspace, execution):
    run = run_of()
    training = run.statement["training"] | {"batch_size": 4096}
    large = dataclasses.replace(run, statement=run.statement | {"training": training})
    large_workspace = Workspace(
        workspace.config.model_copy(update={"execution": execution, "device": "cpu"})
    )
    rows = len(datasets.grid("toy"))
    message = f"batches of 4,096 images are larger than toy here, which has {rows:,}; set a smaller"
    with pytest.raises(ValueError, match=message):
        trained(large_workspace, large)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_job_writes_a_checkpoint_and_the_exit_status_says_so(workspace, how):
    run = run_of(steps=100_000)
    process = multiprocessing.get_context("spawn").Process(
        target=train_until_sigterm, args=(workspace, run)
    )
    process.start()
    folder = workspace.paths.run(run.key)
    end = time.monotonic() + 300
    while not (folder / "claim.json").exists() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(1)
    os.kill(process.pid, how)
    process.join(30)
    assert process.exitcode == 77
    assert checkpoints.load_checkpoint(folder)[1]["step"] > 0
    assert not (folder / "claim.json").exists()


def test_altered_weights_and_latents_are_refused_by_name(workspace):
    run = run_of(steps=4)
    trained(workspace, run)
    shard = Shard("toy", "beta_vae", (run,))
    encode_shard(workspace, shard, lambda _: None)
    path = workspace.paths.run(run.key) / files.LATENTS
    mean = latents.read(path)
    assert mean.shape == (384, 4)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(files.StoreError, match=r"latents\.h5: truncated"):
        latents.read(path)
    place = whole.find(mean[:4].tobytes())
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    with pytest.raises(files.StoreError, match=r"latents\.h5: altered"):
        latents.read(path)
    weights = workspace.paths.run(run.key) / files.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(files.StoreError, match=r"model\.safetensors: truncated or altered"):
        records.weights(weights.parent)


def test_latents_stored_in_float16_say_so_and_are_read_as_float32(workspace, tmp_path):
    run = run_of(steps=4)
    half = Workspace(workspace.config.model_copy(update={"stored_latents": "float16"}))
    trained(half, run)
    path, read = workspace.paths.run(run.key) / files.LATENTS, {}
    for where in (half, workspace):
        path.unlink(missing_ok=True)
        encode_shard(where, Shard("toy", "beta_vae", (run,)), lambda _: None)
        stored = where.config.stored_latents
        assert latents.attributes(path)["stored"] == stored
        read[stored] = latents.read(path)
        assert read[stored].dtype == np.float32
    assert np.array_equal(read["float16"], read["float32"].astype(np.float16).astype(np.float32))
    assert not np.array_equal(read["float16"], read["float32"])


def test_latents_that_float16_cannot_hold_are_refused(tmp_path):
    block = (np.zeros((2, 3), np.float32), np.full((2, 3), -1e5, np.float32))
    with pytest.raises(
        ValueError,
        match=r"log_variance reaches 100000, float16 holds 65504; set stored_latents: float32",
    ):
        latents.write(tmp_path / "latents.h5", (2, 3), iter([block]), {}, "float16")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_memory_of_encoding_does_not_grow_with_the_data_set(workspace):
    """The peak of traced memory is compared after each block."""
    data = Long(datasets.dataset("toy", workspace.paths.dataset("toy")), 3 * encode.ROWS)
    model = models.model("beta_vae", beta=4)
    training = studies_training.Training.model_validate(run_of().statement["training"])
    nets = model.networks(data.image_shape, training.latents, training.network)
    # Some pixels instead of what an encoder would infer, which saves its time.
    nets["vae"].encode = lambda images: (images[:, 0, 0, :4], images[:, 0, 1, :4])
    tracemalloc.start()
    try:
        peaks = []
        for block in encode.encode(model, nets, data, 0, "float32"):
            assert block[0].shape == (encode.ROWS, 4)
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert len(peaks) == 3
    assert peaks[-1] < 1.1 * peaks[0]


class Long(Dataset):
    """A data set repeated to any length."""

    def __init__(self, data, length):
        self.name, self.image_shape, self.factor_sizes = "long", data.image_shape, (length,)
        self._data = data

    def _images(self, indices, rng):
        return self._data.images(indices % len(self._data))


@pytest.mark.slow
def test_latents_are_those_of_the_model_in_the_order_of_the_data(workspace):
    run = run_of(steps=4)
    [weights] = trained(workspace, run)
    encode_shard(workspace, Shard("toy", "beta_vae", (run,)), lambda _: None)
    data = run_records.open_data(workspace, run)
    model = models.model("beta_vae", beta=4)
    networks = encode.networks(
        model,
        studies_training.Training.model_validate(run.statement["training"]),
        data.image_shape,
        weights,
    )
    images = torch.from_numpy(data.images([7, 300])).permute(0, 3, 1, 2).float() / 255
    mean, log_variance = model.infer(networks, images)
    path = workspace.paths.run(run.key) / files.LATENTS
    torch.testing.assert_close(
        torch.from_numpy(latents.read(path)[[7, 300]]), mean.detach(), rtol=1e-4, atol=1e-5
    )
    torch.testing.assert_close(
        torch.from_numpy(latents.read(path, "log_variance")[[7, 300]]),
        log_variance.detach(),
        rtol=1e-4,
        atol=1e-5,
    )


def test_a_shard_skips_runs_that_are_in_the_store_and_waits_for_nothing(workspace):
    run = run_of(steps=4)
    trained(workspace, run)
    before = (workspace.paths.run(run.key) / files.WEIGHTS).stat().st_ino
    messages = []
    train_shard.train_shard(workspace, Shard("toy", "beta_vae", (run,)), messages.append)
    assert (workspace.paths.run(run.key) / files.WEIGHTS).stat().st_ino == before
    assert "1 of 1 runs are there, 0 to make" in messages[0]


def test_the_index_of_a_shard_names_its_runs(workspace):
    run = run_of(steps=4)
    trained(workspace, run)
    shard = Shard("toy", "beta_vae", (run,))
    assert shard_jobs.trained(workspace.paths, run)
    index = Path(workspace.paths.shard(shard.key) / "trained.json").read_text()
    assert f'"{run.key}": "done"' in index


@pytest.mark.slow
def test_a_workspace_finds_a_run_by_part_of_its_name(root, monkeypatch):
    monkeypatch.chdir(root)
    repository = workspaces.load()
    run = repository.runs(repository.study("locatello2019"))[0]
    assert repository.find_run(run.key) == run
    with pytest.raises(LookupError, match="runs match 'beta_vae'"):
        repository.find_run("beta_vae")
