"""Files that anybody may have written: a bad one is a clear error that names it.

It causes no crash, no hang and no huge allocation.
"""

import json
import re
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mutants import memory_limit, mutants, read_or_refuse
from project import PAPERS, STUDY, Project, write_study

from facsimile.foundation.file_errors import FileError
from facsimile.planning import config
from facsimile.store import files, records, stored_scores
from facsimile.store.files import StoreError
from facsimile.studies import reading, runs

MANY = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=120,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
pytestmark = pytest.mark.slow

KEY = "toy/beta_vae/01234567/0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run's folder, as the store names it."""
    path = tmp_path_factory.mktemp("untrusted") / "runs" / KEY
    path.mkdir(parents=True)
    return path


# Study files and configuration


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=12) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


# Each list holds the one before nine times: 9**9 values in nine lines.
LAUGHS = "a: &a [x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{one}'] * 9)}]\n"
    for one, name in zip("abcdefghi", "bcdefghij", strict=True)
)


def study_error(folder, text):
    path = write_study(folder, "")
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return in_one_line(lambda: reading.load(path), path)


def in_one_line(read, path):
    """Read a YAML file; None if it is refused, in one plain line with file and line per mistake."""
    try:
        return read()
    except FileError as error:
        message = str(error)
    for line in message.split("\n"):
        assert re.match(rf"{re.escape(str(path))}:\d+: |and [\d,]+ more errors$", line)
        assert line.isprintable()
    return None


@MANY
@given(st.text(max_size=300))
def test_any_text_as_a_study(folder, text):
    assert study_error(folder, text) is None


@MANY
@given(PLAIN, st.sampled_from(sorted(yaml.safe_load(STUDY))), st.booleans())
def test_any_value_in_a_study(folder, value, key, inside):
    values = yaml.safe_load(STUDY)
    if inside and isinstance(values[key], dict):
        values[key][next(iter(values[key]))] = value
    else:
        values[key] = value
    study = study_error(folder, yaml.safe_dump(values, allow_unicode=True))
    if study is not None and study.scales and small(study):
        assert all(
            re.fullmatch(r"[\w/]+", run.key) for run in runs.expand(study, next(iter(study.scales)))
        )


def small(study):
    cells = sum(int(np.prod([len(v) for v in model.sweep.values()])) for model in study.models)
    return study.seeds * cells * len(study.datasets) < 1000 and study.control_seeds < 1000


@pytest.mark.parametrize("name", ["tiny", "locatello2019"])
def test_damaged_studies(folder, root, name):
    text = STUDY if name == "tiny" else (PAPERS / "locatello2019" / "study.yaml").read_text()
    for data in mutants(text.encode(), 300 if name == "tiny" else 20):
        study_error(folder, data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAUGHS, "values"),
        ("[" * 5000, "nested"),
        ("{a: " * 3000, "nested"),
        (f"id: {'9' * 5000}", "not valid YAML"),
        ("id: 2026-13-45", "not valid YAML"),
        ("id: !!python/name:os.system", "tag"),
        ("id: !!python/object/new:os.system [ls]", "tag"),
        ("!!set {a, b}", "tag"),
        ("id: !!binary aGk=", "tag"),
        ("id: !local x", "tag"),
        ('"a\\e[2Jb": 1', "\\x1b"),
        ("id: x\n" + "#" * 2**22, "bytes"),
    ],
    ids=[
        "laughs",
        "lists",
        "mappings",
        "number",
        "date",
        "name",
        "object",
        "set",
        "binary",
        "local",
        "escape",
        "large",
    ],
)
def test_yaml_that_is_more_than_data_is_refused(folder, text, message):
    path = write_study(folder, text)
    with memory_limit(500), pytest.raises(FileError) as error:
        reading.load(path)
    assert message in str(error.value)
    assert all(line.isprintable() for line in str(error.value).split("\n"))
    assert len(str(error.value)) < 3000


@MANY
@given(
    st.dictionaries(
        st.sampled_from(list(config.Config.model_fields)) | st.text(max_size=8), PLAIN, max_size=3
    )
)
def test_any_configuration(folder, values):
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(values, allow_unicode=True))
    in_one_line(lambda: config.load(path), path)


# Records, scores, tables


RECORD = {
    **{
        "run": KEY,
        "dataset": "toy",
        "model": "beta_vae",
        "seed": 0,
        "statement": {"model": "beta_vae"},
        "state": "done",
    },
    **{
        "code": {"facsimile.training.loop": "01234567"},
        "seconds": 1.5,
        "steps": 12,
        "weights_sha256": "0" * 64,
    },
}


@MANY
@example(None, "code")
@given(PLAIN, st.sampled_from([*RECORD, "reason", "", "started"]))
def test_any_value_in_a_record(folder, value, key):
    try:
        text = json.dumps(RECORD | {key: value} if key else value, default=str)
    except ValueError:
        return
    (folder / files.RECORD).write_text(text)
    record = read_or_refuse(lambda: records.record(folder), folder / files.RECORD)
    if record is not None:
        assert record["state"] in ("done", "failed")
        assert all(isinstance(code, str) for code in record["code"].values())


@pytest.mark.parametrize(
    "data", [b"", b"[" * 10**5, b"9" * 5000, b"\xff", b"null", b'{"state": "done", "seconds": NaN}']
)
def test_invalid_records_are_refused(folder, data):
    (folder / files.RECORD).write_bytes(data)
    with pytest.raises(StoreError, match=r"run\.json.*facsimile forget"):
        records.record(folder)


def test_damaged_records_and_scores(folder):
    row = {"metric": "mig", "score": "mig", "result": 0.5, "convention": "dlib"}
    stored = json.dumps(
        {"run": KEY, "stamp": {"latents": "0", "code": "1"}, "scores": [row]}
    ).encode()
    for data in mutants(json.dumps(RECORD).encode(), 400):
        (folder / files.RECORD).write_bytes(data)
        read_or_refuse(lambda: records.record(folder), folder / files.RECORD)
    path = folder / "mig-01234567.json"
    for data in mutants(stored, 400):
        path.write_bytes(data)
        scores = stored_scores.read(path)
        assert scores is None or all(isinstance(row["score"], str) for row in scores.scores)


def test_damaged_tables_of_scores(folder):
    path = folder / "mig-01234567.parquet"
    rows = [{"metric": "mig", "score": "mig", "result": i / 7} for i in range(20)]
    stored_scores.write_table(path, [(KEY, stored_scores.StoredScores({"code": "1"}, rows))])
    whole = path.read_bytes()
    with memory_limit(3000):
        for data in mutants(whole, 200):
            path.write_bytes(data)
            read_or_refuse(lambda: stored_scores.read_table(path), path)


def test_a_table_of_a_trillion_rows_is_refused_by_its_size(folder):
    path = folder / "mig-01234567.parquet"
    pd.DataFrame(
        {"run": pd.Categorical(["x"]).repeat(stored_scores.ROWS + 1), "metric": 1.0}
    ).to_parquet(path, index=False)
    with pytest.raises(StoreError, match="too many for a shard's scores"):
        stored_scores.read_table(path)


# Names and the command line


@pytest.mark.parametrize(
    "arguments",
    [
        ["data", "a; touch pwned"],
        ["data", "../../x"],
        ["train", "abc"],
        ["train", "a; touch pwned/b/c"],
        ["--set", "papers=[", "list"],
        ["--set", "scale=$(touch pwned)", "plan", "locatello2019"],
        ["--set", "shard_size=" + "9" * 5000, "list"],
        ["plan", "../../etc/passwd"],
        ["table", "locatello2019", "../../x"],
        ["figure", "locatello2019", "$(touch pwned)"],
        ["score", "nothing.npz"],
        ["adopt", "nothing.tar"],
        ["adopt", "pyproject.toml"],
        ["export", "locatello2019", "--to", "x.zip"],
        ["explain-metric", "../store"],
    ],
)
def test_no_argument_shows_a_traceback(root, arguments, capsys, monkeypatch, tmp_path):
    from facsimile import __main__ as command

    monkeypatch.chdir(tmp_path)
    shutil.copytree(root / "config", "config")
    shutil.copy(root / "pyproject.toml", ".")
    monkeypatch.setattr(sys, "argv", ["facsimile", *arguments])
    with pytest.raises(SystemExit) as exit_info:
        command.main()
    assert exit_info.value.code not in (0, None)
    output = capsys.readouterr().err
    assert "Traceback" not in output
    assert "rror" in output
    assert "--debug shows more" not in output, "an error that nobody foresaw"
    assert not list(tmp_path.glob("pwned*"))


@pytest.mark.parametrize("name", ["a; touch pwned", "$(touch pwned)", "a' && touch pwned '", "-x"])
def test_a_study_or_data_set_with_such_a_name_is_refused_and_runs_nothing(tmp_path, name):
    project = Project.create(tmp_path / "project")
    study = write_study(project.papers, STUDY.replace("id: tiny", f"id: {json.dumps(name)}"), name)
    assert "is not a name" in project.snakemake("--dry-run", check=False)
    study.unlink()
    project.edit("datasets: [toy]", f"datasets: [{json.dumps(name)}]")
    assert "is not a name" in project.snakemake("--dry-run", check=False)
    assert not list(project.folder.glob("**/pwned*"))


def test_a_results_folder_with_such_a_name_is_a_folder(tmp_path):
    project = Project.create(tmp_path / "project")
    results = "a; touch pwned; $(touch pwned) 'b"
    output = project.snakemake(f"{results}/data/toy.h5", "--config", f"results={results}")
    assert (project.folder / results / "data" / "toy.h5").is_file(), output
    assert not list(project.folder.glob("**/pwned*"))


# Reads checkpoints of authors, which are known by their checksums, and refuses whatever is no
# tensor (tests/papers/lfa/test_data.py).
UNPICKLES = "papers/lfa/datasets/_checkpoints.py"


def test_no_module_unpickles_or_loads_tags(root):
    for path in (root / "workflow").rglob("*.py"):
        if str(path).endswith(UNPICKLES):
            continue
        text = path.read_text()
        for word in (
            "import pickle",
            "allow_pickle=True",
            "yaml.load(",
            "unsafe_load",
            "torch.load(",
            "shell=True",
            "os.system",
        ):
            assert word not in text, f"{path}: {word}"
