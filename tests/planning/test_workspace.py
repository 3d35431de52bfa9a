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
def at(tmp_path, monkeypatch):
    """The workspace of a folder with the tiny study."""
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path / "papers")
    return Workspace(config.check({"papers": tmp_path / "papers"}))


def test_a_study_with_errors_stops_no_other(at, tmp_path):
    write_study(tmp_path / "papers", STUDY.replace("id: tiny", "id: ["), "draft")
    read, broken = at.read()
    assert list(read) == ["tiny"]
    assert list(broken) == ["draft"]
    assert [study.id for study in at.studies()] == ["tiny"]
    [shard, *_] = at.shards(at.study("tiny"))
    assert at.shard(shard.key)[1] == shard
    assert at.find_run(shard.runs[0].key) == shard.runs[0]
    with pytest.raises(FileError):
        at.study("draft")


def test_a_study_file_that_cannot_be_read_stops_no_other(at, tmp_path):
    (tmp_path / "papers" / "odd" / "study.yaml").mkdir(parents=True)
    read, broken = at.read()
    assert list(read) == ["tiny"]
    assert "cannot be read" in str(broken["odd"])


def test_what_is_not_found_may_be_in_a_study_with_errors(at, tmp_path):
    draft = write_study(tmp_path / "papers", "id: [", "draft")
    for look in (at.shard, at.find_run):
        with pytest.raises(LookupError, match="not searched: ") as raised:
            look("toy/beta_vae/00000000")
        assert f"{draft}:1:" in str(raised.value)


@pytest.mark.parametrize("name", ["study.yml", "Study.yaml", "study.yaml.txt"])
def test_a_study_under_another_file_name_is_not_overlooked(at, tmp_path, name):
    folder = tmp_path / "papers/other"
    folder.mkdir(parents=True)
    (folder / name).write_text("id: other\n")
    folders = Workspace(at.config.model_copy(update={"papers": [folder.parent]}))
    with pytest.raises(ValueError, match=f"{name}: call it study.yaml"):
        folders.study_ids()


def test_a_scale_that_no_study_has_is_an_error(at):
    other = Workspace(at.config.model_copy(update={"scale": "smke"}))
    with pytest.raises(UnknownName, match="no scale 'smke'; did you mean 'smoke'"):
        other.studies()


@pytest.mark.parametrize("key", ["x", "a/b", "", "/", "toy/beta_vae"])
def test_what_is_no_shard_is_an_error(at, key):
    with pytest.raises(LookupError, match="no study has the shard"):
        at.shard(key)


def test_a_run_is_found_by_any_spelling_of_its_folder(at, tmp_path):
    run = at.runs(at.study("tiny"))[0]
    folder = at.paths.run(run.key)
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
        assert at.find_run(spelling) == run, spelling


def test_a_run_is_found_from_within_the_results(at, monkeypatch):
    run = at.runs(at.study("tiny"))[0]
    folder = at.paths.run(run.key)
    folder.mkdir(parents=True)
    inside = Workspace(at.config.model_copy(update={"results": Path("results").absolute()}))
    monkeypatch.chdir(folder)
    assert inside.find_run(".") == run


def test_a_folder_of_several_runs_is_not_one_run(at):
    run = at.runs(at.study("tiny"))[0]
    with pytest.raises(LookupError, match="2 runs match"):
        at.find_run(str(at.paths.run(run.key).parent))
    with pytest.raises(LookupError, match="0 runs match 'betavae'"):
        at.find_run("betavae")
