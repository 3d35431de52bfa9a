"""Runs that start from the weights of others: their bits, their records, and what can go wrong."""
# ruff: noqa: F811 (fixtures)

from dataclasses import replace

import pandas as pd
import pytest
import torch
from trained_runs import data_file, elsewhere, equal, run_of, trained, workspace  # noqa: F401

from facsimile import datasets, models
from facsimile.commands import explain, run_state
from facsimile.foundation import canonical
from facsimile.store import checkpoints, files, records
from facsimile.studies.training import Training
from facsimile.training import loop, parent_weights, weights_code

STEPS = 6


def child_of(parent, **changes):
    """A run that starts from another one; by default of the same model with another β."""
    run = run_of(**{"steps": STEPS, "beta": 1, **changes})
    statement = run.statement | {"from": parent.key.rpartition("/")[0]}
    return replace(run, statement=statement, hash=canonical.hash8(statement), generation=1)


@pytest.fixture
def parent(workspace):
    run = run_of(steps=STEPS)
    trained(workspace, run)
    return run


def test_it_trains_on_from_the_weights_of_its_parent(workspace, parent, data_file):
    child = child_of(parent)
    [weights] = trained(workspace, child)
    # By hand: the loop from these weights, with fresh moments.
    model = models.model("beta_vae", beta=1)
    training = Training.model_validate(child.statement["training"])
    data = datasets.dataset("toy", data_file)
    state = loop.start(model, training, data.image_shape, 0, "float32")
    first = records.weights(workspace.paths.run(parent.key))
    state.networks["vae"].load_state_dict(
        {name.removeprefix("vae."): value for name, value in first.items()}
    )
    for _ in loop.steps(model, training, data, 0, "float32", state):
        pass
    assert equal(weights, loop.weights(state))
    [alone] = trained(workspace, run_of(steps=STEPS, beta=1))
    assert not equal(weights, alone)


def test_its_record_says_where_it_started(workspace, parent):
    child = child_of(parent)
    trained(workspace, child)
    record = records.record(workspace.paths.run(child.key))
    of_parent = records.record(workspace.paths.run(parent.key))
    assert record["from"]["run"] == parent.key
    assert record["from"]["weights_sha256"] == of_parent["weights_sha256"]
    assert record["sessions"][0]["parent_weights"] == of_parent["weights_sha256"]
    assert run_state.state(workspace, child) == run_state.DONE


@pytest.mark.slow
def test_in_a_pack_it_starts_from_the_same_weights(workspace, parent, tmp_path):
    packed = elsewhere(workspace, tmp_path / "packed", execution="packed", device="cpu", pack=2)
    parents = [run_of(steps=STEPS), run_of(steps=STEPS, seed=1)]
    trained(packed, *parents)
    children = [child_of(run, seed=run.seed) for run in parents]
    trained(packed, *children)
    for run, child in zip(parents, children, strict=True):
        before = records.record(packed.paths.run(run.key))
        after = records.record(packed.paths.run(child.key))
        assert after["from"]["weights_sha256"] == before["weights_sha256"]
    # The same computation as one run alone, up to rounding.
    serial = trained(workspace, child_of(parent))[0]
    in_pack = records.weights(packed.paths.run(children[0].key))
    for name, value in serial.items():
        torch.testing.assert_close(in_pack[name], value, rtol=0, atol=2e-3)


def test_a_killed_run_goes_on_to_the_same_bits(workspace, parent, tmp_path, monkeypatch):
    child = child_of(parent)
    [whole] = trained(workspace, child)
    other = elsewhere(workspace, tmp_path / "killed", checkpoint_steps=2)
    trained(other, parent)

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(records, "finish", stop)
        with pytest.raises(KeyboardInterrupt):
            trained(other, child)
    assert checkpoints.load_checkpoint(other.paths.run(child.key))[1]["step"] == 4
    assert equal(trained(other, child)[0], whole)


def test_networks_of_the_parent_that_the_model_lacks_are_left_and_new_ones_are_random(
    workspace, parent
):
    child = child_of(parent, model="factor_vae", gamma=10, steps=1, lr=1e-9)
    child.statement["params"].pop("beta", None)
    lines = []
    [weights] = trained(workspace, child, log=lines.append)
    first = records.weights(workspace.paths.run(parent.key))
    for name, value in first.items():
        torch.testing.assert_close(weights[name], value, rtol=0, atol=1e-6)
    assert any(name.startswith("discriminator.") for name in weights)
    assert any("that are not in it start as usual: discriminator." in line for line in lines)


def test_a_failed_parent_fails_its_children_and_no_others(workspace):
    bad = run_of(steps=STEPS, lr=1e30)
    assert trained(workspace, bad) == [None]
    child, other = child_of(bad), run_of(steps=1)
    assert trained(workspace, child, other)[0] is None
    record = records.record(workspace.paths.run(child.key))
    assert record["reason"] == f"the run that it starts from failed: {bad.key}"


def test_a_parent_that_is_missing_is_named(workspace):
    parent = run_of(steps=STEPS)
    with pytest.raises(files.StoreError, match=f"starts from {parent.key}, which is not in"):
        trained(workspace, child_of(parent))


def test_networks_of_another_size_are_an_error_before_any_step(workspace, parent):
    child = child_of(parent)
    child.statement["training"]["latents"] = 3
    with pytest.raises(ValueError, match=r"has the shape \[4, 128\] there and \[3, 128\] here"):
        trained(workspace, child)
    assert not (workspace.paths.run(child.key) / files.CHECKPOINT).exists()


def test_a_checkpoint_that_began_with_other_weights_is_not_continued(
    workspace, parent, monkeypatch
):
    child = child_of(parent)
    folder = workspace.paths.run(child.key)
    with monkeypatch.context() as patch:
        patch.setattr(records, "finish", lambda *_: 1 / 0)
        patch.setattr(loop.Clock, "due", lambda self, step: step == 2)
        with pytest.raises(ZeroDivisionError):
            trained(workspace, child)
    assert (folder / files.CHECKPOINT).exists()
    train_again(workspace, parent)
    with pytest.raises(files.StoreError, match=f"trained again since.*forget {child.key}"):
        trained(workspace, child)


def test_a_checkpoint_without_a_step_starts_from_the_weights_that_the_parent_has_now(
    workspace, parent, tmp_path
):
    child = child_of(parent)
    assert parent_weights.begin(workspace, child, lambda _: None)
    train_again(workspace, parent)
    [weights] = trained(workspace, child)
    other = elsewhere(workspace, tmp_path / "other")
    trained(other, parent)
    train_again(other, parent)
    assert equal(weights, trained(other, child)[0])


def train_again(workspace, run):
    """Replace the weights of a run by others, as if its code had changed."""
    folder = workspace.paths.run(run.key)
    record = records.record(folder)
    weights = records.weights(folder)
    history = pd.read_parquet(folder / files.HISTORY)
    record.pop("weights_sha256")
    records.finish(folder, {name: value + 0.01 for name, value in weights.items()}, history, record)


def test_a_run_is_stale_once_its_parent_has_other_weights_or_other_code(
    workspace, parent, monkeypatch
):
    child = child_of(parent)
    trained(workspace, child)
    record = records.record(workspace.paths.run(child.key))
    changed = {name: "0" * 64 for name in record["from"]["code"]}
    record["from"]["code"] = changed
    assert set(weights_code.outdated(record)) == set(changed)
    train_again(workspace, parent)
    assert run_state.state(workspace, child) == run_state.STALE
    assert explain.stale_modules(workspace, child) == [parent.key]
