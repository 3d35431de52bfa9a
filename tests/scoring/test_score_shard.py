"""Scoring a shard: several processes return the same as one, and an error names its run."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from project import STUDY, write_study

from facsimile import metrics
from facsimile.datasets import grid
from facsimile.foundation import atomic
from facsimile.planning import config
from facsimile.planning.workspace import Workspace
from facsimile.scoring import score_inputs, score_shard
from facsimile.store import files, latents
from facsimile.studies import panels, study

ROWS = len(grid("toy"))


class Encoded:
    """A store that holds one encoded shard of four runs."""

    def __init__(self, folder: Path, metrics: str = "[mig]") -> None:
        write_study(folder / "papers", STUDY.replace("[mig, modularity]", metrics))
        self.at = Workspace(
            config.check({"papers": folder / "papers", "results": folder / "results"})
        )
        self.study = self.at.study("tiny")
        self.shard = next(
            shard for shard in self.at.shards(self.study) if shard.model == "beta_vae"
        )
        self.log: list[str] = []
        for i in range(len(self.shard.runs)):
            self.encode(i, np.random.default_rng(i).standard_normal((ROWS, 4)))
            self.record(i, "done")

    def encode(self, i, codes):
        codes = codes.astype(np.float32)
        latents.write(self._folder(i) / files.LATENTS, codes.shape, iter([(codes, codes)]), {})

    def record(self, i, state):
        atomic.write_json(self._folder(i) / files.RECORD, {"state": state})

    def score(self, processes, fresh="none", parts=None):
        """The shard's table, without the column that differs each time."""
        chosen = set(panels.parts(self.study)) if parts is None else parts
        panel = panels.name(self.study, "smoke", chosen)
        log = self.log.append
        score_shard.score_shard(self.at, self.study, self.shard, fresh, log, processes, panel)
        path = self.at.paths.shard_scores(self.shard.key, panel)
        return pd.read_parquet(path).drop(columns="seconds", errors="ignore")

    def _folder(self, i):
        return self.at.paths.run(self.shard.runs[i].key)


@pytest.fixture
def encoded(tmp_path):
    return Encoded(tmp_path)


@pytest.fixture
def varied(encoded):
    """A shard whose study has two variations of its metric."""
    variations = {
        "sampled": {"representation": "sampled", "metrics": ["mig"]},
        "few": {"train": 50, "metrics": ["mig"]},
    }
    content = encoded.study.model_dump(exclude_unset=True) | {"variations": variations}
    encoded.study = study.Study.model_validate(content)
    return encoded


def test_a_metric_is_computed_in_every_variation(varied):
    encoded = varied
    table = encoded.score(1).set_index(["run", "variation"])
    assert len(table) == 12
    assert set(table.loc[(slice(None), "few"), "n_train"]) == {50}
    assert set(table.loc[(slice(None), "sampled"), "representation"]) == {"sampled"}
    run = encoded.shard.runs[2]
    codes = score_inputs.codes(encoded.at.paths.run(run.key), "sampled", run.seed)
    direct = metrics.score(
        codes, grid("toy").factors(np.arange(ROWS)), ["mig"], n_train=200, n_test=100
    )
    assert table.loc[(run.key, "sampled"), "result"] == direct["value"].item()


@pytest.mark.slow
def test_a_part_of_the_scores_is_computed_first_and_only_the_rest_later(varied, monkeypatch):
    computed, score = [], score_shard._score_codes

    def counted(task, setting):
        computed.append(setting.variation)
        return score(task, setting)

    monkeypatch.setattr(score_shard, "_score_codes", counted)
    runs = len(varied.shard.runs)
    part = varied.score(1, parts={("mig", ""), ("mig", "few")})
    assert sorted(computed) == sorted(["", "few"] * runs)
    computed.clear()
    whole = varied.score(1)
    assert computed == ["sampled"] * runs
    assert list(whole["variation"]) == ["", "sampled", "few"] * runs
    # A part of what is in the store is only read.
    computed.clear()
    again = varied.score(1, parts={("mig", ""), ("mig", "few")})
    assert computed == []
    pd.testing.assert_frame_equal(again, part)
    in_part = whole[whole["variation"] != "sampled"].reset_index(drop=True)
    pd.testing.assert_frame_equal(in_part, part)
    # What is computed in one go is the same.
    pd.testing.assert_frame_equal(varied.score(1, fresh="every"), whole)


def test_scores_that_are_computed_again_leave_the_others_in_the_store(varied):
    whole = varied.score(1)
    varied.score(1, fresh="every", parts={("mig", "")})
    before = len(varied.log)
    pd.testing.assert_frame_equal(varied.score(1), whole)
    assert ", 0 computed now" in varied.log[before]


def test_a_sampled_code_is_a_draw_from_its_posterior(tmp_path):
    mean, log_variance = (
        np.array([[1.0, -2.0]] * 20_000, np.float32),
        np.array([[0.0, np.log(0.25)]] * 20_000, np.float32),
    )
    latents.write(tmp_path / "latents.h5", mean.shape, iter([(mean, log_variance)]), {})
    first, again, other = (score_inputs.codes(tmp_path, "sampled", seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).all(axis=None)
    np.testing.assert_allclose(first.mean(axis=0), [1, -2], atol=0.03)
    np.testing.assert_allclose(first.std(axis=0), [1, 0.5], atol=0.02)
    assert abs(np.corrcoef(first.T)[0, 1]) < 0.03
    np.testing.assert_array_equal(score_inputs.codes(tmp_path, "mean", 3), mean)


@pytest.mark.slow
def test_two_processes_return_the_same_as_one(encoded):
    one, two = encoded.score(1), encoded.score(2, fresh="every")
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert list(two["run"]) == [run.key for run in encoded.shard.runs]
    assert two["result"].nunique() == len(two)
    assert "4 computed now" in encoded.log[1]


@pytest.mark.slow
def test_the_latents_of_a_run_are_read_once_for_all_its_metrics(tmp_path, monkeypatch):
    encoded, read, both = Encoded(tmp_path, "[mig, modularity, sap]"), [], latents.posteriors
    monkeypatch.setattr(latents, "posteriors", lambda path: [read.append(path), both(path)][1])
    encoded.score(1)
    assert len(read) == len(set(read)) == len(encoded.shard.runs)
    encoded.encode(3, np.zeros((ROWS, 4)))
    encoded.score(1, fresh="every")
    assert len(read) == 2 * len(encoded.shard.runs)


def test_unreadable_latents_are_an_error_whatever_the_metrics_need(encoded):
    path = encoded.at.paths.run(encoded.shard.runs[2].key) / files.LATENTS
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(
        files.StoreError,
        match=f"{path}: missing or unreadable; encode it again: facsimile forget --latents",
    ):
        encoded.score(1)


def test_stored_scores_are_not_computed_again(encoded):
    first = encoded.score(1)
    encoded.encode(1, np.random.default_rng(9).standard_normal((ROWS, 4)))
    second = encoded.score(2)
    assert "1 computed now, 3 from the store" in encoded.log[1]
    assert list(first["result"] == second["result"]) == [True, False, True, True]


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_names_its_run_and_other_scores_are_kept(encoded, processes):
    encoded.encode(1, np.full((ROWS, 4), np.nan))
    with pytest.raises(
        score_shard.ScoreError,
        match=f"{encoded.shard.runs[1].key}: mig could not be computed: codes: .* not finite",
    ):
        encoded.score(processes)
    encoded.encode(1, np.zeros((ROWS, 4)))
    encoded.score(1)
    computed = int(encoded.log[-1].split("tasks, ")[1].split()[0])
    assert 1 <= computed <= 3


def test_a_killed_process_is_an_error_that_names_a_run(encoded, monkeypatch):
    monkeypatch.setattr(score_shard, "_end_with_parent", _die)
    with pytest.raises(
        score_shard.ScoreError,
        match=f"{encoded.shard.runs[0].key}, or a run scored at the same time: "
        "a process was killed",
    ):
        encoded.score(2)


def _die():
    os._exit(9)


def test_a_shard_of_failed_runs_has_an_empty_table(encoded):
    for i in range(len(encoded.shard.runs)):
        encoded.record(i, "failed")
    assert encoded.score(2).empty


@pytest.mark.slow
def test_one_metric_is_computed_again_and_the_others_come_from_the_store(tmp_path):
    encoded = Encoded(tmp_path, "[mig, modularity, sap]")
    first = encoded.score(1)
    assert list(dict.fromkeys(first["metric"])) == ["mig", "modularity", "sap"]
    before = score_times(encoded)
    encoded.score(1, fresh="modularity")
    changed = {path.name for path, when in score_times(encoded).items() if when != before[path]}
    assert len(changed) == 1
    assert changed.pop().startswith("modularity-")
    assert "12 tasks, 4 computed now, 8 from the store" in encoded.log[1]
    with pytest.raises(ValueError, match="did you mean 'modularity'"):
        encoded.score(1, fresh="modularty")


def score_times(encoded):
    return {
        path: path.stat().st_mtime_ns
        for path in encoded.at.config.results.glob("runs/**/scores/*.json")
    }


def test_a_metric_that_fails_does_not_prevent_others(tmp_path, monkeypatch):
    encoded = Encoded(tmp_path, "[mig, modularity]")
    compute_rows = score_shard._rows

    def broken(task):
        if task.metric == "mig":
            raise FloatingPointError("as if")
        return compute_rows(task)

    monkeypatch.setattr(score_shard, "_rows", broken)
    with pytest.raises(
        score_shard.ScoreError, match=r"mig could not be computed: as if \(and 3 more, see above\)"
    ):
        encoded.score(1)
    assert {path.name.split("-")[0] for path in score_times(encoded)} == {"modularity"}
    monkeypatch.undo()
    encoded.score(1)
    assert "8 tasks, 4 computed now, 4 from the store" in encoded.log[-1]
