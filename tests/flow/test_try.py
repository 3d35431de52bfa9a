"""``facsimile try`` from a file to its place, by the real workflow; the page's own example, too."""

import re
import shlex
import shutil

import pandas as pd
import pytest
from project import ROOT, Project, write_study

pytestmark = pytest.mark.slow

STUDY = """\
id: tiny
title: A study small enough for tests
authors: nobody
year: 2026
venue: none
datasets: [dsprites]
seeds: 3
training: {steps: 100, batch_size: 8, latents: 4, network: dlib, adam: {lr: 0.0001}}
models:
  - {name: beta_vae, sweep: {beta: [1, 4]}}
  - {name: beta_tc_vae, sweep: {beta: [2, 6]}}
metrics: [mig, modularity]
evaluation: {train: 200, test: 100, seed: 0, convention: dlib}
tables:
  table1: {kind: improvement, title: Pairs, metrics: [mig.mig, modularity.modularity]}
figures:
  fig1: {kind: violin, title: Violins}
claims:
  falls:
    text: MIG falls with the strength.
    source: "none: an example"
    statistic: strength_trend
    parameters: {metric: mig.mig}
    rule: {below: 0}
    target: fig1
scales:
  smoke: {description: everything}
  miniature:
    description: two small worlds
    datasets: [mini_uneven, mini_dsprites]
    training: {steps: 20, network: mlp, adam: {lr: 0.001}}
"""
PAGE = (ROOT / "docs" / "your-method.md").read_text(encoding="utf-8")
FILE = re.compile(r"`(\w+\.py)`:\n\n```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^\$ facsimile (try .*--steps .*)$", re.MULTILINE)
[(NAME, MODEL)] = FILE.findall(PAGE)
[TYPED] = COMMAND.findall(PAGE)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the repository whose only study has a miniature, with the page's model file."""
    project = Project.create(tmp_path_factory.mktemp("try") / "project")
    write_study(project.papers, STUDY)
    (project.folder / NAME).write_text(MODEL)
    return project


@pytest.fixture(scope="module")
def printed(project):
    """What the first trial prints, with baselines that are trained beside it."""
    text = project.facsimile("try", NAME, "--sweep", "beta=1,4", "--seeds", "3")
    # A later trial may have fewer baselines beside it.
    shutil.copytree(project.folder / "results/studies/try_my_vae/baselines", baselines(project))
    return text


def baselines(project):
    """Scores of the baselines of the first trial, in the form in which they are shipped."""
    return project.folder / "baselines"


def results(project):
    return project.folder / "results" / "try" / "my_vae"


def test_it_prints_and_writes_its_place(project, printed):
    assert "My VAE over β-VAE" in printed
    assert "Its place in each claim" in printed
    assert "MIG falls with the strength." in (results(project) / "trial.md").read_text()
    assert "baselines: made here, in results" in printed
    names = {path.name for path in results(project).iterdir()}
    assert {"trial.md", "violin.png", "violin.pdf", "claims.csv", "seeds_needed.csv"} <= names
    table = pd.read_csv(results(project) / "improvement.csv")
    assert set(table["first"]) == {"my_vae"}
    assert set(table["second"]) == {"beta_vae", "beta_tc_vae"}
    # Two worlds, two values and three seeds on each side.
    assert set(table["n"]) == {24}
    assert table["probability"].between(0, 1).all()


def test_the_violins_show_all_runs_of_all_methods(project, printed):
    violin = pd.read_csv(results(project) / "violin.csv")
    counts = violin[~violin["control"]].groupby(["dataset", "model"])["run"].nunique()
    assert set(counts) == {6}
    assert len(counts) == 6


def test_a_second_trial_trains_only_what_is_new(project, printed):
    before = project.weights()
    edited = MODEL.replace("/ 100", "/ 50")
    assert edited != MODEL
    (project.folder / NAME).write_text(edited)
    project.facsimile("try", NAME, "--sweep", "beta=1,4", "--seeds", "3", "--beside", "beta_vae")
    # Baselines were there; the edited model has a store of its own beside the earlier one.
    assert project.weights() == before
    stores = [path for path in results(project).iterdir() if (path / "runs").is_dir()]
    assert len(stores) == 2


def test_shipped_baselines_are_used_and_not_trained(project, printed, tmp_path):
    copy = project.copy(tmp_path / "copy")
    shipped = copy.folder / "results/reference/tiny/miniature"
    shutil.copytree(baselines(project), shipped)
    shutil.rmtree(copy.folder / "results/runs")
    again = copy.facsimile("try", NAME, "--sweep", "beta=1,4", "--seeds", "3")
    assert "baselines: shipped, from results/reference/tiny/miniature" in again
    assert copy.weights() == {}


def test_a_wrong_file_leaves_nothing(project, printed):
    wrong = project.folder / "wrong_vae.py"
    wrong.write_text(MODEL.replace("* q.kl", "* q.kl / 0"))
    output = project.facsimile("try", wrong.name, "--sweep", "beta=1", check=False)
    assert "error: wrong_vae.py:" in output
    assert "must be one finite number" in output
    assert not (project.folder / "results/try/wrong_vae").exists()


def test_the_example_of_the_page_prints_what_the_page_shows(tmp_path):
    project = Project.create(tmp_path / "reader")
    shutil.copytree(ROOT / "workflow", project.folder / "workflow", dirs_exist_ok=True)
    (project.folder / NAME).write_text(MODEL)
    typed = TYPED
    # The same work on a third of the models and of a tenth of the steps.
    for option, shorter in {"--seeds 3": "--seeds 1", "--steps 300": "--steps 30"}.items():
        assert option in typed
        typed = typed.replace(option, shorter)
    output = project.facsimile(*shlex.split(typed))
    for text in ("My VAE over β-VAE", "Its place in each claim", "page: results/try/my_vae"):
        assert text in output
        assert text in PAGE
