"""Models that start from the trained weights of others: their runs, their shards and mistakes."""

from types import SimpleNamespace

import pytest
from project import STUDY, write_study

from facsimile.foundation.file_errors import FileError
from facsimile.planning import config
from facsimile.planning.studies_at_scale import StudiesAtScale
from facsimile.planning.targets import Targets
from facsimile.planning.workspace import Workspace
from facsimile.studies import reading, runs

BASE = "  - {name: beta_vae, sweep: {beta: [1, 4]}}\n"
# A chain of three: two models of one name, and one of another.
CHAIN = """\
  - {name: beta_vae, label: First, sweep: {beta: [1, 4]}}
  - {name: beta_vae, label: Second, from: First, sweep: {beta: [1, 4]}, training: {steps: 20}}
  - {name: ada_gvae, label: Third, from: Second, sweep: {beta: [1, 4]}}
"""
LINE = 1 + STUDY.splitlines().index(BASE.rstrip())


def study(folder, models=CHAIN, text=STUDY):
    return reading.load(write_study(folder, text.replace(BASE, models)))


def by_label(members):
    table = {}
    for run in members:
        table.setdefault(run.label, []).append(run)
    return table


def test_a_run_states_the_cell_from_which_it_starts(tmp_path):
    members = by_label(runs.expand(study(tmp_path), "smoke"))
    for parents, children in (("First", "Second"), ("Second", "Third")):
        for parent, child in zip(members[parents], members[children], strict=True):
            # The one with the same value of what is swept over, and the same seed.
            assert child.parent == parent.key
            assert child.statement["from"] == parent.key.rpartition("/")[0]
            assert child.params["beta"] == parent.params["beta"]
    assert all("from" not in run.statement for run in members["First"])
    assert [run.generation for run in members["Third"]] == [2] * 4


def test_another_parent_is_another_run_and_models_without_one_stay_the_same(tmp_path):
    plain = runs.expand(study(tmp_path, BASE), "smoke")
    chained = by_label(runs.expand(study(tmp_path), "smoke"))
    assert [run.key for run in chained["First"]] == [run.key for run in plain if not run.control]
    changed = CHAIN.replace("label: First,", "label: First, training: {steps: 11},")
    others = by_label(runs.expand(study(tmp_path, changed), "smoke"))
    for label in ("First", "Second", "Third"):
        keys = {run.key for run in chained[label]}
        assert keys.isdisjoint(run.key for run in others[label])


def test_snapshots_start_from_the_same_run(tmp_path):
    chain = CHAIN.replace("{steps: 20}", "{steps: 20, snapshots: {every: 10}}")
    [run, *_] = by_label(runs.expand(study(tmp_path, chain), "smoke"))["Second"]
    [snapshot] = run.snapshot_runs
    assert snapshot.parent == run.parent


def test_no_shard_holds_a_run_and_one_that_it_descends_from(tmp_path):
    members = runs.expand(study(tmp_path), "smoke")
    shards = runs.shards(members, 100)
    trained = [shard for shard in shards if not shard.runs[0].control]
    assert [len(shard.runs) for shard in trained] == [4, 4, 4]
    for shard in trained:
        assert {run.parent for run in shard.runs}.isdisjoint(shard.keys)


def test_the_job_of_a_shard_needs_those_of_its_parents(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study(tmp_path / "papers")
    targets = Targets(StudiesAtScale({"papers": "papers", "scale": "smoke", "shard_size": 2}))
    inputs = {}
    for shard in targets.studies.shards("tiny"):
        inputs[shard.id] = (shard, targets.parents(shard_wildcards(shard)))
    for shard, indexes in inputs.values():
        # Two seeds of a cell per shard, as of their parents.
        parents = {other.key for other, _ in inputs.values() if is_parent(other, shard)}
        assert indexes == [f"results/shards/{key}/trained.json" for key in parents]
        assert len(indexes) == (shard.runs[0].generation > 0)


def shard_wildcards(shard):
    return SimpleNamespace(dataset=shard.dataset, model=shard.model, shard=shard.id)


def is_parent(other, shard):
    return not set(other.keys).isdisjoint(run.parent for run in shard.runs)


def test_the_runs_that_follow_from_one(tmp_path):
    loaded = study(tmp_path / "papers")
    workspace = Workspace(config.check({"papers": str(tmp_path / "papers"), "scale": "smoke"}))
    members = by_label(runs.expand(loaded, "smoke"))
    first, second, third = (members[label][0] for label in ("First", "Second", "Third"))
    assert [run.key for run in workspace.descendants(first)] == [second.key, third.key]
    assert [run.key for run in workspace.descendants(second)] == [third.key]
    assert workspace.descendants(third) == []


MISTAKES = [
    ("from: First", "from: Frist", 1, "'Frist' is no model above this one (above: First)"),
    ("label: First,", "label: First, from: Second,", 0, "'Second' is no model above this one"),
    (
        "from: First, sweep: {beta: [1, 4]}",
        "from: First, sweep: {beta: [1, 2]}",
        1,
        'Second ({"beta":2}) on toy starts from First, which has no such cell there',
    ),
    (
        "training: {steps: 20}",
        "training: {steps: 20, latents: 5}",
        1,
        "Second has latents 5 and starts from First, which has 4: give both the same latents",
    ),
    ("label: First,", "label: First, seeds: 1,", 1, "a model needs at least as many seeds as"),
    (
        "{name: beta_vae, label: First, sweep: {beta: [1, 4]}}",
        "{name: no_model, label: First}",
        1,
        "First has no networks, and so no weights",
    ),
]


@pytest.mark.parametrize(("old", "new", "model", "message"), MISTAKES)
def test_a_mistake_is_reported_with_its_line(tmp_path, old, new, model, message):
    assert old in CHAIN
    with pytest.raises(FileError) as raised:
        study(tmp_path, CHAIN.replace(old, new))
    assert f"study.yaml:{LINE + model}: " in str(raised.value)
    assert message in str(raised.value)


def test_a_scale_that_leaves_out_the_parent_is_an_error(tmp_path):
    text = STUDY.replace("{description: everything}", "{description: less, without: [First]}")
    with pytest.raises(FileError, match=r"keep First at this scale .* \(at scale smoke\)"):
        study(tmp_path, text=text)
