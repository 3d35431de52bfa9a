"""A run that is an algorithm through the store: trained, interrupted, resumed, encoded."""

import dataclasses
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from project import PAPERS

from facsimile import datasets, models
from facsimile.foundation import canonical
from facsimile.models.base import algorithm
from facsimile.models.base.algorithm import AlgorithmModel
from facsimile.planning import config, cost
from facsimile.planning.workspace import Workspace
from facsimile.store import checkpoints, files, inferred_arrays, records
from facsimile.studies import problems, reading, runs
from facsimile.studies.runs import Shard
from facsimile.studies.study import Study
from facsimile.training import encode_shard, loop, run_records, train_shard, weights_code

STEPS = 30


@dataclasses.dataclass(frozen=True)
class RandomWalk(AlgorithmModel):
    """A walk of two numbers, whose work grows by 10 a step; it diverges at a step if asked to.

    Args:
        budget: work after which it ends.
        diverges: step from which the walk is no number; 0 for never.
    """

    budget: float
    diverges: float = 0
    takes: ClassVar = {"z": ()}

    def start(self, problem, random):
        return {"place": problem["z"][0] + random.normal(size=2), "work": np.array(0)}

    def step(self, problem, state, random):
        work = state["work"] + 10
        place = state["place"] + random.normal(size=2)
        if self.diverges and work >= 10 * self.diverges:
            place = place * np.inf
        return {"place": place, "work": work}

    def record(self, problem, state):
        return {"work": int(state["work"]), "height": float(state["place"][0])}

    def is_finished(self, problem, state):
        return bool(state["work"] >= self.budget)


@pytest.fixture
def walks(monkeypatch):
    """The random walk in the place of the model ``extragradient``."""
    monkeypatch.setattr(models, "model", lambda name, **params: RandomWalk(**params))


def run_of(budget=10_000, steps=STEPS, **params):
    statement = {
        "model": "extragradient",
        "params": {"budget": budget, **params},
        "training": {"steps": steps},
    }
    hash8 = canonical.hash8(statement)
    return runs.Run("cone", "extragradient", 0, statement, hash8, None, None, None, control=False)


def workspace_of(folder, **settings):
    workspace = Workspace(config.check({"results": folder, **settings}))
    datasets.make("cone", workspace.paths.dataset("cone"))
    return workspace


def trained(workspace, run):
    shard = Shard("cone", run.model, (run,))
    train_shard.train_shard(workspace, shard, lambda _: None)
    folder = workspace.paths.run(run.key)
    return records.record(folder), pd.read_parquet(folder / files.HISTORY)


def test_a_run_is_interrupted_resumed_and_encoded_with_the_same_bits(tmp_path, walks, monkeypatch):
    run = run_of()
    whole = workspace_of(tmp_path / "whole")
    record, history = trained(whole, run)
    assert (record["state"], record["steps"], record["precision"]) == ("done", STEPS, "float64")
    assert list(history) == ["step", "work", "height"]
    assert history["work"].tolist() == [10 * step for step in range(STEPS + 1)]
    assert record["code"]["models/base/algorithm"]

    broken = workspace_of(tmp_path / "broken", checkpoint_steps=7)
    with monkeypatch.context() as patch:
        patch.setattr(loop.Clock, "saved", stop)
        with pytest.raises(KeyboardInterrupt):
            trained(broken, run)
    again, resumed = trained(broken, run)
    assert [session["from"] for session in again["sessions"]] == [0, 7]
    pd.testing.assert_frame_equal(history, resumed, check_exact=True)
    assert again["weights_sha256"] == record["weights_sha256"]

    encode_shard.encode_run(broken, run, lambda _: None)
    inferred = inferred_arrays.read(broken.paths.run(run.key) / files.LATENTS)
    assert (inferred["work"], inferred["place"].dtype) == (10 * STEPS, np.float64)
    assert inferred["place"][0] == history["height"].iloc[-1]


def stop(_):
    raise KeyboardInterrupt


def test_a_run_ends_with_its_budget_and_fails_with_a_number_that_is_not_finite(tmp_path, walks):
    workspace = workspace_of(tmp_path)
    record, history = trained(workspace, run_of(budget=95))
    assert (record["steps"], history["work"].iloc[-1]) == (10, 100)
    record, history = trained(workspace, run_of(diverges=5))
    assert record["state"] == "failed"
    assert record["reason"].startswith("height is not finite after step 5; it was ")
    assert len(history) == 5


def test_a_checkpoint_of_another_state_is_refused(tmp_path, walks):
    run, workspace = run_of(), workspace_of(tmp_path)
    folder = workspace.paths.run(run.key)
    other = {"place": np.zeros(3), "work": np.array(0)}
    tensors = train_shard.algorithm_runs.tensors(algorithm.Progress(other))
    checkpoints.save_checkpoint(folder, tensors, {"step": 2})
    with pytest.raises(files.StoreError, match=r"of another state: .*facsimile forget cone"):
        trained(workspace, run)


def test_a_step_that_changes_the_shape_of_the_state_is_refused():
    class Grows(RandomWalk):
        def step(self, problem, state, random):
            return {**state, "place": np.zeros(3)}

    model = Grows(budget=100)
    progress = algorithm.begin(model, {"z": np.zeros(1)}, 0)
    with pytest.raises(ValueError, match=r"Grows: the state was .* after step 1; keep names"):
        next(algorithm.advance(model, {"z": np.zeros(1)}, 0, 2, progress))


def test_a_study_of_algorithms_states_steps_alone_and_others_must_state_more():
    text = reading.load(PAPERS / "masha" / "study.yaml").model_dump(exclude_unset=True)
    study = Study.model_validate(text)
    assert study.training.model_dump(exclude_unset=True).keys() == {"steps"}
    assert not list(problems.of(study))
    added = {"name": "cone_mean_field", "datasets": ["cone"]}
    mixed = text | {"models": [*text["models"], added], "datasets": [*text["datasets"], "cone"]}
    [problem] = [message for _, message in problems.of(Study.model_validate(mixed))]
    assert problem == (
        "cone_mean_field is trained on losses; state batch_size, latents, an optimiser, "
        "adam: {lr: …} or sgd: {lr: …}"
    )


def test_a_run_is_planned_by_the_steps_of_its_study_and_its_models_own_cost(tmp_path):
    run = run_of(steps=1000)
    assert cost.train_seconds(run) == pytest.approx(1000 * cost.step_seconds(run))
    assert run_records.plain_execution("extragradient").precision == "float64"
    assert run_records.plain_execution("cone_mean_field").precision == "float32"
    assert "models/base/algorithm" in weights_code.hashes(run)


def test_modules_of_a_paper_and_statistics_that_a_model_imports_are_part_of_its_code():
    run = dataclasses.replace(run_of(), dataset="inverse_a1_20", model="red_diff")
    hashes = weights_code.hashes(run)
    assert {"inverse", "schedules", "statistics/diffusion/gaussian_mixture"} <= hashes.keys()
    assert not any(name.startswith(("foundation/", "store/", "studies/")) for name in hashes)
