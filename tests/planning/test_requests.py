"""What Snakemake is asked to make: a wrong name is answered with the nearest right ones."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from project import ROOT, STUDY, write_study

from facsimile.foundation.file_errors import FileError
from facsimile.planning import environment, requests
from facsimile.planning.studies_at_scale import StudiesAtScale
from facsimile.planning.targets import Targets


@pytest.fixture
def targets(tmp_path, monkeypatch):
    """The targets of a valid study, of one with errors, and of one without the scale."""
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path / "papers")
    write_study(tmp_path / "papers", STUDY.replace("id: tiny", "id: draft ["), "draft")
    large = STUDY.replace("id: tiny", "id: large").replace("smoke:", "paper:")
    write_study(tmp_path / "papers", large, "large")
    return Targets(StudiesAtScale({"papers": str(tmp_path / "papers")}))


def errors(targets, *names, forcerun=None, threads=None, resources=None):
    dag = SimpleNamespace(targets=names, forcerun=forcerun, until=None, omit_from=frozenset())
    rules = SimpleNamespace(overwrite_threads=threads or {}, overwrite_resources=resources or {})
    return requests.errors(targets, SimpleNamespace(dag_settings=dag, resource_settings=rules))


@pytest.mark.parametrize(
    "name",
    [
        "all",
        "all_papers",
        "tiny",
        "tiny_report",
        "tiny_table1",
        "tiny_comparison",
        "score",
        "results/data/toy.h5",
        "results/studies/tiny/smoke/tables/table1.md",
        "./results/studies/tiny/smoke/report",
        "results/shards/toy/beta_vae/01234567/trained.json",
    ],
)
def test_what_exists_is_no_error(targets, name):
    assert errors(targets, name) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tny", "no target 'tny'; did you mean tiny"),
        ("tiny_table11", "did you mean tiny_table1? After tiny_ may follow: report, table1, fig1"),
        ("tiny_claims", "no target 'tiny_claims'"),
        ("xyz", "There are, at scale smoke: all, tiny"),
        ("draft", "papers/draft/study.yaml:1: "),
        ("draft_table1", "papers/draft/study.yaml:1: "),
        ("large", "no scale of large 'smoke'; There are: paper"),
        ("large_fig1", "no scale of large 'smoke'"),
        ("results/data/toyy.h5", "no data set 'toyy'; did you mean 'toy'?"),
        ("results/studies/tinny/smoke/comparison.csv", "no study 'tinny'; did you mean 'tiny'?"),
        ("results/studies/tiny/smke/comparison.csv", "no scale of tiny 'smke'"),
        ("results/studies/large/paper/comparison.csv", "add --config scale=paper"),
        (
            "results/studies/tiny/smoke/tables/table2.md",
            "did you mean results/studies/tiny/smoke/tables/table1.md?",
        ),
        ("result/studies/tiny/smoke/comparison.csv", "is not in the results folder results"),
    ],
)
def test_a_wrong_target_is_answered_with_the_nearest(targets, name, message):
    [text] = errors(targets, name)
    assert message in text


def test_all_wrong_names_are_reported_at_once(targets):
    messages = errors(
        targets,
        "tny",
        "xyz",
        forcerun={"scor"},
        threads={"trian": 2},
        resources={"score": {"fresh": "migg"}, "encod": {}},
    )
    assert len(messages) == 6
    text = "\n".join(messages)
    for message in ("'tny'", "'xyz'", "did you mean score", "'train'", "'encode'", "'mig'"):
        assert message in text


def test_a_study_with_errors_fails_only_its_own_target(targets):
    assert targets.studies.names == ["tiny"]
    assert list(targets.studies.broken) == ["draft"]
    files = targets.everything(None)
    assert targets.broken_file("draft") in files
    assert any("/tiny/" in file for file in files)
    assert "papers/draft/study.yaml:1: " in targets.broken_command("draft")


def test_a_check_of_other_files_of_a_study_counts(targets, tmp_path):
    def check(paper, study):
        raise FileError(paper / "published.csv", 3, "wrong")

    other = StudiesAtScale({"papers": str(tmp_path / "papers")}, check=check)
    assert other.names == []
    assert "published.csv:3: wrong" in str(other.broken["tiny"])


@pytest.mark.parametrize(
    ("id", "taken"),
    [("tiny_table1", "tiny_table1"), ("tiny_report", "tiny_report")],
)
def test_a_study_cannot_have_a_target_of_another(targets, tmp_path, id, taken):
    write_study(tmp_path / "papers", STUDY.replace("id: tiny", f"id: {id}"), id)
    messages = Targets(StudiesAtScale({"papers": str(tmp_path / "papers")}))
    messages.leave_out_taken_names()
    assert messages.studies.names == ["tiny"]
    assert f"the target {taken} is also one of tiny" in str(messages.studies.broken[id])


def test_snakemake_checks_before_it_plans(targets, capsys):
    called = []
    workflow = SimpleNamespace(
        _prepare_dag=lambda **keywords: called.append(keywords),
        dag_settings=SimpleNamespace(
            targets=["tiny"], forcerun=["score"], until=["results/data/toy.h5"], omit_from=None
        ),
        resource_settings=SimpleNamespace(overwrite_threads={}, overwrite_resources={}),
        scheduling_settings=SimpleNamespace(prioritytargets={"tiny_fig1"}),
        is_rule=lambda name: name in ("score", "tiny", "tiny_fig1"),
        executor_plugin=SimpleNamespace(name="local"),
        main_snakefile=str(environment.snakefile()),
    )
    requests.check_before_planning(targets, workflow, lambda: "no SLURM here")
    workflow._prepare_dag(forceall=True)
    assert called == [{"forceall": True}]
    assert "Leaving out the targets of draft" in capsys.readouterr().err
    # It makes the files that other options name, too, but rules are no files.
    assert (
        requests.requested_targets(workflow) == targets.requested == {"tiny", "results/data/toy.h5"}
    )
    # A workflow that uses this one as a module has targets of its own.
    workflow.dag_settings.targets = ["tny"]
    with pytest.raises(SystemExit, match=r"no target 'tny'; did you mean tiny"):
        workflow._prepare_dag(forceall=True)
    workflow.main_snakefile = "/elsewhere/Snakefile"
    workflow._prepare_dag(forceall=False)
    assert called[1:] == [{"forceall": False}]
    workflow.executor_plugin.name = "slurm"
    with pytest.raises(SystemExit, match=r"^error: no SLURM here$"):
        workflow._prepare_dag(forceall=True)


def test_a_folder_that_cannot_be_written_to_is_named_with_a_command_for_elsewhere(
    targets, monkeypatch, tmp_path
):
    assert requests.read_only(targets) == ""
    results = Path(targets.results)
    results.mkdir()
    # Root may write everywhere, so that modes would not do.
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != results and access(path, mode))
    message = requests.read_only(targets)
    assert message.startswith(f"{tmp_path}/results cannot be written to; run it in a folder of")
    assert f"snakemake -s {ROOT}/Snakefile --cores all TARGET" in message
