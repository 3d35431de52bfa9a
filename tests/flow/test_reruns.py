"""What reruns jobs and what does not: every case of the contract, on a study made by snakemake."""

import os
import signal
import time

import pytest
from project import Project

pytestmark = pytest.mark.slow

DONE: dict[str, int] = {}  # nothing to do


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The tiny study, made once."""
    project = Project.create(tmp_path_factory.mktemp("finished") / "project")
    project.snakemake("tiny")
    return project


@pytest.fixture
def project(finished, tmp_path):
    """A copy of the finished study for one test to change."""
    return finished.copy(tmp_path / "project")


def test_a_complete_study_has_everything(finished):
    folder = finished.folder / "results/studies/tiny/smoke"
    for name in (
        "runs.parquet",
        "scores.parquet",
        "comparison.csv",
        "tables/table1.md",
        "figures/fig1.pdf",
        "figures/fig1.csv",
    ):
        assert (folder / name).stat().st_size > 0
    assert len(finished.weights()) == 4 + 2  # 2 values x 2 seeds, and the controls
    assert finished.jobs("tiny") == DONE


def test_touching_every_source_file_reruns_nothing(project):
    for path in [*project.folder.glob("workflow/**/*.*"), *project.folder.glob("config/**/*.*")]:
        os.utime(path)
    assert project.jobs("tiny") == DONE


def test_a_comment_in_code_reruns_nothing(project):
    project.edit("def score(", "# a comment\ndef score(", "workflow/facsimile/metrics/mig.py")
    project.edit("rule train:", "# a comment\nrule train:", "workflow/rules/train.smk")
    assert project.jobs("tiny") == DONE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("id: tiny", "# a comment\nid: tiny"),
        ("venue: none", "venue: none\nnote: an unrelated key"),
        ("beta: [1, 4]", "beta: [1.0, 4.0]"),
        ("steps: 12", "steps: 12.0"),
    ],
)
def test_what_a_study_does_not_state_differently_reruns_nothing(project, old, new):
    project.edit(old, new)
    assert project.jobs("tiny") == DONE


@pytest.mark.parametrize(
    ("old", "new", "added"), [("seeds: 2", "seeds: 3", 2), ("beta: [1, 4]", "beta: [1, 2, 4]", 2)]
)
def test_a_larger_grid_makes_only_the_missing_runs(project, old, new, added):
    before = project.weights()
    scored = scores(project)
    project.edit(old, new)
    project.snakemake("tiny")
    after = project.weights()
    assert len(after) == len(before) + added
    assert before.items() <= after.items()
    assert scored.items() <= scores(project).items()
    assert project.jobs("tiny") == DONE


def test_another_shard_size_makes_no_run(project):
    before, scored = project.weights(), scores(project)
    planned = project.jobs("tiny", "--config", "shard_size=1")
    assert planned["train"] == 4  # the shards of the controls have one run already
    project.snakemake("tiny", "--config", "shard_size=1")
    assert project.weights() == before
    assert scores(project) == scored


def test_forgetting_a_run_makes_only_that_run_again(project):
    before = project.weights()
    run = next(key for key in before if "/beta_vae/" in key)
    project.facsimile("forget", run)
    assert set(before) - set(project.weights()) == {run}
    assert project.jobs("tiny")["train"] == 1
    project.snakemake("tiny")
    after = project.weights()
    assert {key for key in before if before[key] != after[key]} == {run}
    assert project.jobs("tiny") == DONE


def test_an_edited_metric_reruns_its_scores_and_what_shows_them(project):
    before, scored = project.weights(), scores(project)
    project.edit("HEADLINE", "EDITED = 1\nHEADLINE", "workflow/facsimile/metrics/mig.py")
    assert project.jobs("tiny") == {
        "score": 3,
        "collect": 1,
        "table": 1,
        "figure": 1,
        "compare": 1,
        "summary": 1,
    }
    project.snakemake("tiny")
    changed = {path for path, identity in scores(project).items() if scored[path] != identity}
    assert project.weights() == before
    assert changed == {path for path in scored if path.name.startswith("mig-")}


def test_forcing_the_scores_of_one_metric_recomputes_them(project):
    scored = scores(project)
    project.snakemake("--forcerun", "score", "--set-resources", "score:fresh=mig", "--", "tiny")
    changed = {path for path, identity in scores(project).items() if scored[path] != identity}
    assert changed == {path for path in scored if path.name.startswith("mig-")}


def test_a_deleted_scores_file_is_gathered_again(project):
    (project.folder / "results/studies/tiny/smoke/scores.parquet").unlink()
    assert project.jobs("tiny") == {
        "collect": 1,
        "table": 1,
        "figure": 1,
        "compare": 1,
        "summary": 1,
    }
    (next(project.folder.glob("results/shards/*/*/*/scores-*.parquet"))).unlink()
    assert project.jobs("tiny")["score"] == 1


def test_an_edited_model_retrains_nothing_and_is_explained(project):
    run = next(key for key in project.weights() if "/beta_vae/" in key)
    assert "would not be trained again" in project.facsimile("explain", run)
    project.edit(
        "    beta: float\n",
        "    beta: float\n    EDITED = 1\n",
        "workflow/facsimile/models/beta_vae.py",
    )
    assert project.jobs("tiny") == DONE
    output = project.facsimile("explain", run)
    assert "stale: models/beta_vae changed" in output
    assert f"facsimile forget {run}" in output


def test_an_interrupted_study_resumes(finished, tmp_path):
    project = Project.create(tmp_path / "project")
    project.edit("steps: 12", "steps: 100")
    # Slow enough to be interrupted.
    project.edit("network: mlp", "network: dlib")
    head = project.start(
        "-m", "snakemake", "--cores", "2", "tiny", "--config", "checkpoint_steps=10"
    )
    checkpoint = wait_for(project, "results/runs/toy/beta_vae/*/*/checkpoint.safetensors")
    kill_tree(head.pid)
    head.communicate()
    assert checkpoint.exists()
    project.snakemake("tiny", "--unlock")
    project.snakemake("tiny", "--config", "checkpoint_steps=10")
    logs = "\n".join(
        path.read_text() for path in project.folder.glob("results/logs/train/**/*.log")
    )
    assert "going on from its checkpoint" in logs
    assert all(project.record(key)["state"] == "done" for key in project.weights())
    assert not list(project.folder.glob("results/runs/**/checkpoint.safetensors"))


def scores(project):
    paths = project.folder.glob("results/runs/*/*/*/*/scores/*.json")
    return {path.relative_to(project.folder): path.stat().st_ino for path in paths}


def wait_for(project, pattern, seconds=300):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for path in project.folder.glob(pattern):
            return path
        time.sleep(0.05)
    raise AssertionError(f"no {pattern} after {seconds} s")


def kill_tree(pid):
    import psutil

    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for process in processes:
        process.send_signal(signal.SIGKILL)
