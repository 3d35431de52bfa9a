"""The configuration: what it names must exist, and errors have file, line and remedy."""

import pytest
from project import write_study

from facsimile.foundation.file_errors import FileError
from facsimile.foundation.yamlfile import Document
from facsimile.planning import config
from facsimile.planning import workspace as workspaces


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "config").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text):
    config.DEFAULT.write_text(text)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("sources:\n  tooy: /x", 2, "sources.tooy: no data set 'tooy'; did you mean 'toy'?"),
        ("unverified: [toy, tooy]", 1, "unverified.1: no data set 'tooy'; did you mean 'toy'?"),
        ("scale: smoke\npapers: [nowhere]", 2, "papers.0: no folder "),
        ("papers: [shipped, empty]", 1, "has a study.yaml"),
        ("papers: [mine/tiny]", 1, "is one paper; list the folder that holds it"),
        ("precison: bf16", 1, "did you mean 'precision'?"),
        ("results: 2024", 1, "must be text, not the int 2024; in a file, put it in quotes"),
        ("results: 2024-11-28", 1, "must be text, not the date 2024-11-28"),
        ("results: ''", 1, "an empty path"),
        ("results: 'a{b}'", 1, "is a pattern to Snakemake"),
        ('results: "a\\nb"', 1, "has a control character"),
        ("data_dir: 'null'", 1, "for none, leave out the key or its value"),
        ("sources: {toy: 5}", 1, "must be text, not the int 5"),
        ("shard_size: 020", 1, "the octal number 16: write 20"),
        ("checkpoint_minutes: 1e1", 1, "write 1.0e+1"),
        ("scale: yes", 1, "must be text, not the bool True"),
        ("shard_size: yes", 1, "shard_size: must be a number, not yes"),
        ("checkpoint_minutes: .nan", 1, "greater than 0"),
        ("sources: [toy.npz]", 1, "must be data set: file"),
        ("papers: []", 1, "no folder of papers; leave out the key"),
        ("papers: ['a:b']", 1, "':' separates folders; choose another name"),
        ("results: config/config.yaml", 1, "is a file; name a folder"),
        ("data_dir: config/config.yaml", 1, "is a file; name a folder"),
        ("- results", 1, "must be keys and values, such as scale: smoke"),
    ],
)
def test_an_error_has_its_line_and_a_remedy(folder, text, line, message):
    (folder / "empty").mkdir()
    write_study(folder / "mine")
    write(text)
    with pytest.raises(FileError) as raised:
        workspaces.load()
    assert str(raised.value).startswith(f"{config.DEFAULT}:{line}: ")
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("results: é".encode("cp1252"), "0xe9 .'é' in Windows' cp1252.; save it as UTF-8"),
        ("results: x".encode("utf-16"), "UTF-16 or not text; save it as UTF-8"),
        (b"<html>", "this is a web page"),
    ],
)
def test_a_file_that_is_no_text_in_utf_8(data, message):
    config.DEFAULT.write_bytes(data)
    with pytest.raises(FileError, match=message):
        workspaces.load()


def test_a_key_without_entries_is_left_at_its_default():
    write("sources:\n  # toy: toy.npz\nunverified:\n")
    loaded = workspaces.load().config
    assert (loaded.sources, loaded.unverified) == ({}, [])


def test_the_home_folder_may_be_abbreviated(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    write("results: ~/results\nsources: {toy: ~/toy.npz}\n")
    loaded = workspaces.load().config
    assert loaded.results == folder / "results"
    assert loaded.sources == {"toy": folder / "toy.npz"}


def test_an_official_file_that_is_not_there_is_reported(folder):
    write("sources: {toy: gone.npz}\n")
    workspace = workspaces.load()
    assert workspace.missing_sources() == [
        f"sources.toy: there is no file or folder {folder}/gone.npz"
    ]
    workspace.paths.dataset("toy").parent.mkdir(parents=True)
    workspace.paths.dataset("toy").touch()  # the data set is made: its source is no longer read
    assert workspace.missing_sources() == []


def test_a_folder_is_no_configuration_file(folder):
    with pytest.raises(FileNotFoundError, match=r"is a folder; name the file"):
        workspaces.load(folder / "config")


def test_all_errors_are_reported_at_once():
    write("precison: bf16\nshard_size: 020\nresults: 2024\n")
    with pytest.raises(FileError) as raised:
        workspaces.load()
    lines = sorted(int(text.split(":")[1]) for text in str(raised.value).splitlines())
    assert lines == [1, 2, 3]


def test_keys_of_another_workflow_in_the_same_file_are_not_checked():
    write("threshold: 1e3\nscale: smoke\n")
    document = Document(config.DEFAULT)
    assert config.check({"scale": "smoke"}, config.DEFAULT, document).scale == "smoke"


def test_an_error_of_the_command_line_does_not_name_a_line_of_the_file():
    write("scale: smoke\nresults: results\n")
    with pytest.raises(ValueError, match=r"or --config: shard_size: .*greater than 0"):
        workspaces.load(shard_size=-1)
    with pytest.raises(ValueError, match=r"or --config: sources\.tooy: no data set"):
        workspaces.load(sources={"tooy": "/x"})


def test_a_file_that_does_not_exist_is_an_error_with_the_nearest_name(folder):
    (folder / "config" / "cluster.yaml").write_text("scale: desk\n")
    with pytest.raises(FileNotFoundError, match=r"did you mean config/cluster\.yaml\?"):
        workspaces.load(folder.relative_to(folder) / "config" / "clusters.yaml")
    with pytest.raises(FileNotFoundError, match=r"no configuration file no/such\.yaml in "):
        workspaces.load(folder.relative_to(folder) / "no" / "such.yaml")


def test_without_a_file_the_defaults_are_used():
    assert workspaces.load().config == config.Config()


def test_null_replaces_the_value_of_the_file():
    write("checkpoint_steps: 7\ndata_dir: /x\n")
    loaded = workspaces.load(checkpoint_steps=None, data_dir=None).config
    assert (loaded.checkpoint_steps, loaded.data_dir) == (None, None)
