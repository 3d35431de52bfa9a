"""Training is a function of the run alone: the same bits in any company, after any interruption."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest
import torch
from workers import train_slowly, train_until_told

from facsimile import canonical, config, datasets, encode, jobs, latents, models, runs, store, studyfile, train_shard, workspace
from facsimile.encode_shard import encode_shard
from facsimile.runs import Shard
from facsimile.workspace import Workspace

STEPS = 80  # past the first block of 64 whose random numbers are drawn at once


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "toy.h5"
    datasets.dataset("toy", path)
    return path


@pytest.fixture
def at(tmp_path, data_file):
    """A workspace whose results are in tmp_path."""
    made = Workspace(config.check({"results": tmp_path / "results", "precision": "float32"}))
    made.paths.dataset("toy").parent.mkdir(parents=True)
    made.paths.dataset("toy").symlink_to(data_file)
    return made


def run_of(model="beta_vae", seed=0, steps=STEPS, lr=0.001, **params):
    training = {"steps": steps, "batch_size": 8, "latents": 4, "network": "dlib", "adam": {"lr": lr}}
    statement = {"model": model, "params": params or {"beta": 4}, "training": training}
    return runs.Run("toy", model, seed, statement, canonical.hash8(statement), None, None, None, control=False)


def made(at, *members):
    shard = Shard("toy", members[0].model, members)
    train_shard.train_shard(at, shard, lambda _: None)
    return [store.weights(at.paths.run(run.key)) for run in members]


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_run_has_the_same_bits_alone_and_in_another_shard(at, tmp_path, data_file):
    [alone] = made(at, run_of(seed=1))
    other = Workspace(at.config.model_copy(update={"results": tmp_path / "other"}))
    other.paths.dataset("toy").parent.mkdir(parents=True)
    other.paths.dataset("toy").symlink_to(data_file)
    first, among, last = made(other, run_of(seed=0), run_of(seed=1), run_of(seed=2))
    assert equal(alone, among)
    assert not equal(alone, first)
    assert not equal(alone, last)


@pytest.mark.parametrize("params", [{"model": "beta_vae", "beta": 4}, {"model": "factor_vae", "gamma": 10}])
def test_a_killed_and_resumed_run_has_the_bits_of_an_uninterrupted_one(at, tmp_path, data_file, params):
    run = run_of(steps=300 if params["model"] == "beta_vae" else 120, **params)
    killed_at = kill_after_checkpoint(at, run)
    assert 0 < killed_at < run.steps
    [resumed] = made(at, run)
    record = store.record(at.paths.run(run.key))
    fresh = Workspace(at.config.model_copy(update={"results": tmp_path / "fresh"}))
    fresh.paths.dataset("toy").parent.mkdir(parents=True)
    fresh.paths.dataset("toy").symlink_to(data_file)
    [whole] = made(fresh, run)
    assert equal(resumed, whole)
    assert record["final"] == store.record(fresh.paths.run(run.key))["final"]
    assert not (at.paths.run(run.key) / store.CHECKPOINT).exists()


def kill_after_checkpoint(at, run):
    """SIGKILL a training process once it has written a checkpoint; answers the checkpoint's step."""
    process = multiprocessing.get_context("spawn").Process(target=train_slowly, args=(at, run))
    process.start()
    folder = at.paths.run(run.key)
    end = time.monotonic() + 60
    while not (folder / store.CHECKPOINT).exists() and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert store.record(folder) is None
    return store.load_checkpoint(folder)[1]["step"]


def test_a_non_finite_loss_fails_the_run_and_its_neighbours_finish(at):
    bad = run_of(lr=1e30, steps=40)
    good = run_of(seed=5, steps=40)
    shard = Shard("toy", "beta_vae", (bad, good))
    said = []
    train_shard.train_shard(at, shard, said.append)
    record = store.record(at.paths.run(bad.key))
    assert record["state"] == "failed"
    assert f"non-finite loss at step {record['steps']}" in record["reason"]
    assert any("FAILED" in line for line in said)
    assert store.record(at.paths.run(good.key))["state"] == "done"
    encode_shard(at, shard, said.append)
    assert not (at.paths.run(bad.key) / store.LATENTS).exists()
    assert (at.paths.run(good.key) / store.LATENTS).exists()


def test_sigterm_writes_a_checkpoint_and_asks_to_be_run_again(at):
    run = run_of(steps=100_000)
    process = multiprocessing.get_context("spawn").Process(target=train_until_told, args=(at, run))
    process.start()
    folder = at.paths.run(run.key)
    end = time.monotonic() + 60
    while not (folder / "claim.json").exists() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(1)
    process.terminate()
    process.join(30)
    assert process.exitcode == 77
    assert store.load_checkpoint(folder)[1]["step"] > 0
    assert not (folder / "claim.json").exists()


def test_an_unreadable_checkpoint_is_named_with_the_remedy(at):
    run = run_of()
    folder = at.paths.run(run.key)
    folder.mkdir(parents=True)
    (folder / store.CHECKPOINT).write_bytes(b"half a checkpoint")
    with pytest.raises(store.StoreError, match=rf"{store.CHECKPOINT}: unreadable.*facsimile forget {run.key}"):
        made(at, run)


def test_altered_weights_and_latents_are_refused_by_name(at):
    run = run_of(steps=4)
    made(at, run)
    shard = Shard("toy", "beta_vae", (run,))
    encode_shard(at, shard, lambda _: None)
    path = at.paths.run(run.key) / store.LATENTS
    mean = latents.read(path)
    assert mean.shape == (384, 4)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(store.StoreError, match=r"latents\.h5: truncated"):
        latents.read(path)
    place = whole.find(mean[:4].tobytes())
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    with pytest.raises(store.StoreError, match=r"latents\.h5: altered"):
        latents.read(path)
    weights = at.paths.run(run.key) / store.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(store.StoreError, match=r"model\.safetensors: truncated or altered"):
        store.weights(weights.parent)


def test_latents_are_those_of_the_model_in_the_order_of_the_data(at):
    run = run_of(steps=4)
    [weights] = made(at, run)
    encode_shard(at, Shard("toy", "beta_vae", (run,)), lambda _: None)
    data = train_shard.open_data(at, run)
    model = models.model("beta_vae", beta=4)
    networks = encode.networks(model, studyfile.Training.model_validate(run.statement["training"]), data.image_shape, weights)
    images = torch.from_numpy(data.images([7, 300])).permute(0, 3, 1, 2).float() / 255
    mean, log_variance = model.infer(networks, images)
    path = at.paths.run(run.key) / store.LATENTS
    torch.testing.assert_close(torch.from_numpy(latents.read(path)[[7, 300]]), mean.detach(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        torch.from_numpy(latents.read(path, "log_variance")[[7, 300]]), log_variance.detach(), rtol=1e-4, atol=1e-5
    )


def test_a_shard_skips_what_is_there_and_waits_for_nothing(at):
    run = run_of(steps=4)
    made(at, run)
    before = (at.paths.run(run.key) / store.WEIGHTS).stat().st_ino
    said = []
    train_shard.train_shard(at, Shard("toy", "beta_vae", (run,)), said.append)
    assert (at.paths.run(run.key) / store.WEIGHTS).stat().st_ino == before
    assert "1 of 1 runs are there, 0 to make" in said[0]


def test_the_index_of_a_shard_names_its_runs(at):
    run = run_of(steps=4)
    made(at, run)
    shard = Shard("toy", "beta_vae", (run,))
    assert jobs.trained(at.paths, run)
    index = Path(at.paths.shard(shard.key) / "trained.json").read_text()
    assert f'"{run.key}": "done"' in index


def test_a_workspace_finds_a_run_by_part_of_its_name(root, monkeypatch):
    monkeypatch.chdir(root)
    found = workspace.load()
    run = found.runs(found.study("locatello2019"))[0]
    assert found.find(run.key) == run
    with pytest.raises(LookupError, match="runs match 'beta_vae'"):
        found.find("beta_vae")
