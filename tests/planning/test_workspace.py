"""The workspace: one broken study stops no other, and runs are found by any spelling."""

import os
from pathlib import Path

import pytest
from project import STUDY, write_study

from facsimile.foundation.discover import UnknownName
from facsimile.foundation.file_errors import FileError
from facsimile.planning import config
from facsimile.planning.workspace import Workspace


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """The workspace of a folder with the tiny study."""
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path / "papers")
    return Workspace(config.check({"papers": tmp_path / "papers"}))


def test_a_study_with_errors_stops_no_other(workspace, tmp_path):
    write_study(tmp_path / "papers", STUDY.replace("id: tiny", "id: ["), "draft")
    read, broken = workspace.read()
    assert list(read) == ["tiny"]
    assert list(broken) == ["draft"]
    assert [study.id for study in workspace.studies()] == ["tiny"]
    [shard, *_] = workspace.shards(workspace.study("tiny"))
    assert workspace.shard(shard.key)[1] == shard
    assert workspace.find_run(shard.runs[0].key) == shard.runs[0]
    with pytest.raises(FileError):
        workspace.study("draft")


def test_a_study_file_that_cannot_be_read_stops_no_other(workspace, tmp_path):
    (tmp_path / "papers" / "odd" / "study.yaml").mkdir(parents=True)
    read, broken = workspace.read()
    assert list(read) == ["tiny"]
    assert "cannot be read" in str(broken["odd"])


def test_what_is_not_found_may_be_in_a_study_with_errors(workspace, tmp_path):
    draft = write_study(tmp_path / "papers", "id: [", "draft")
    for look in (workspace.shard, workspace.find_run):
        with pytest.raises(LookupError, match="not searched: ") as raised:
            look("toy/beta_vae/00000000")
        assert f"{draft}:1:" in str(raised.value)


@pytest.mark.parametrize("name", ["study.yml", "Study.yaml", "study.yaml.txt"])
def test_a_study_under_another_file_name_is_not_overlooked(workspace, tmp_path, name):
    folder = tmp_path / "papers/other"
    folder.mkdir(parents=True)
    (folder / name).write_text("id: other\n")
    folders = Workspace(workspace.config.model_copy(update={"papers": [folder.parent]}))
    with pytest.raises(ValueError, match=f"{name}: call it study.yaml"):
        folders.study_ids()


def test_a_scale_that_no_study_has_is_an_error(workspace):
    other = Workspace(workspace.config.model_copy(update={"scale": "smke"}))
    with pytest.raises(UnknownName, match="no scale 'smke'; did you mean 'smoke'"):
        other.studies()


@pytest.mark.parametrize("key", ["x", "a/b", "", "/", "toy/beta_vae"])
def test_what_is_no_shard_is_an_error(workspace, key):
    with pytest.raises(LookupError, match="no study has the shard"):
        workspace.shard(key)


def test_a_run_is_found_by_any_spelling_of_its_folder(workspace, tmp_path):
    run = workspace.runs(workspace.study("tiny"))[0]
    folder = workspace.paths.run(run.key)
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    os.symlink(folder, tmp_path / "link")
    spellings = [
        run.key,
        f"./{run.key}",
        f"{run.key}/",
        str(folder),
        f"./{folder}",
        f"{folder}/",
        f"{folder}//",
        str(folder.absolute()),
        f"{folder.absolute()}/",
        str(folder / "run.json"),
        str(folder / ".." / run.key.rpartition("/")[2]),
        f"{tmp_path.name}/../{folder}".replace(f"{tmp_path.name}/../", "results/../"),
        "link",
        f"/elsewhere/results/runs/{run.key}",
        f"runs/{run.key}/",
        f" {run.key}\n",
        f'"{folder}"',
        f"{run.key}/run.json",
    ]
    for spelling in spellings:
        assert workspace.find_run(spelling) == run, spelling


def test_a_run_is_found_from_within_the_results(workspace, monkeypatch):
    run = workspace.runs(workspace.study("tiny"))[0]
    folder = workspace.paths.run(run.key)
    folder.mkdir(parents=True)
    inside = Workspace(workspace.config.model_copy(update={"results": Path("results").absolute()}))
    monkeypatch.chdir(folder)
    assert inside.find_run(".") == run


def test_a_folder_of_several_runs_is_not_one_run(workspace):
    run = workspace.runs(workspace.study("tiny"))[0]
    with pytest.raises(LookupError, match="2 runs match"):
        workspace.find_run(str(workspace.paths.run(run.key).parent))
    with pytest.raises(LookupError, match="0 runs match 'betavae'"):
        workspace.find_run("betavae")
