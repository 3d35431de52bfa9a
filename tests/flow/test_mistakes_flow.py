"""Mistakes of a user, as the real Snakemake answers them; tests/planning has every case."""

import shutil

import pytest
import yaml
from project import STUDY, Project, write_study

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project.create(tmp_path_factory.mktemp("mistakes") / "project")


def refused(output):
    """Return the error lines of a command that planned nothing."""
    assert "Building DAG" not in output
    assert "input functions" not in output
    assert "Traceback" not in output
    return [line for line in output.splitlines() if line.startswith("error: ")]


def test_snakemake_alone_makes_all_studies(project):
    assert project.jobs() == project.jobs("tiny")
    assert project.jobs()["train"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tyny"], "did you mean tiny"),
        (["tiny_fig11"], "did you mean tiny_fig1?"),
        (["tiny", "--config", "scale=smke"], "no scale 'smke'; did you mean 'smoke'?"),
        (["--forcerun", "scor", "--", "tiny"], "did you mean score?"),
        (["--set-resources", "score:fresh=migg", "--", "tiny"], "no metric 'migg'"),
        (["--set-threads", "scor=2", "--", "tiny"], "no rule 'scor'; did you mean 'score'?"),
        (["--config", "sources={tooy: /x}", "--", "tiny"], "did you mean 'toy'?"),
        (["--config", "papers=nowhere", "--", "tiny"], "no folder "),
    ],
)
def test_a_wrong_name_is_one_line_with_the_nearest(project, arguments, message):
    [line] = refused(project.snakemake("--dry-run", *arguments, check=False))
    assert message in line


def test_a_profile_for_slurm_without_slurm_is_one_line(project, tmp_path, monkeypatch):
    # Another test may be running a cluster, so the PATH has only what Snakemake itself calls.
    (tmp_path / "which").symlink_to(shutil.which("which"))
    monkeypatch.setitem(project.variables, "PATH", str(tmp_path))
    [line] = refused(project.snakemake("--profile", "slurm", "tiny", check=False))
    assert line.startswith("error: --profile slurm needs SLURM: ")
    assert not (project.folder / "results").exists(), "no job was started"


def test_a_draft_stops_only_its_own_targets(project):
    text = STUDY.replace("id: tiny", "id: draft").replace("convention: dlib", "convention: dlibb")
    draft = write_study(project.papers, text, "draft")
    try:
        [line] = refused(project.snakemake("--dry-run", "draft_table1", check=False))
        assert line.startswith(f"error: {draft}:12: evaluation.convention: ")
        others = project.snakemake("--dry-run", "tiny")
        assert f"error: {draft}:12: " in others
        assert "Leaving out the targets of draft." in others
        # The target of all studies makes the others, and fails.
        everything = project.jobs()
        assert everything.pop("draft") == 1
        assert everything == project.jobs("tiny")
        listed = project.facsimile("list", check=False)
        assert "│ tiny" in listed
        assert f"error: {draft}:12: " in listed
    finally:
        draft.unlink()


def test_numbers_that_a_paper_did_not_print_like_this_are_reported_first(project):
    path = project.study_file.with_name("published.csv")
    header = "artefact,dataset,model,params,metric,statistic,value,spread,source,how"
    path.write_text(f"{header}\ntable1,toy,beta_vae,beta=1,mig.mig,mean,0.1,,p. 1,printed\n")
    try:
        [line] = refused(project.snakemake("--dry-run", "tiny", check=False))
        assert line.startswith(f"error: {path}:2: ")
        assert f"error: {path}:2: " in project.facsimile("plan", "tiny", check=False)
    finally:
        path.unlink()


@pytest.mark.parametrize("name", ["results #2", "2024-11-28", "null", "it's [x]"])
def test_a_job_writes_into_the_folder_that_the_configuration_names(project, name):
    settings = project.folder / "config" / "config.yaml"
    before = settings.read_text()
    settings.write_text(yaml.safe_dump({"scale": "smoke", "results": name, "data_dir": None}))
    try:
        project.snakemake(f"{name}/data/toy.h5")
    finally:
        settings.write_text(before)
    assert (project.folder / name / "data" / "toy.h5").stat().st_size > 0


def test_so_does_a_job_of_a_folder_on_the_command_line(project):
    project.snakemake("--config", "results=my results #3", "--", "my results #3/data/toy.h5")
    assert (project.folder / "my results #3" / "data" / "toy.h5").stat().st_size > 0


def test_elsewhere_commands_say_where_they_look(project, tmp_path):
    elsewhere = Project(project.folder)
    elsewhere.folder = tmp_path
    output = elsewhere.facsimile("list", check=False)
    assert f"No config/config.yaml in {tmp_path}: the defaults are used." in output
    assert f"results: {tmp_path / 'results'} (does not exist yet)" in output
    assert "papers: " in output
    missing = elsewhere.facsimile("--config", "no/such.yaml", "list", check=False)
    assert missing.startswith("error: no configuration file no/such.yaml in ")
