"""A file that is no model is an error with file and line before anything is trained or written."""

import itertools
import re

import pytest
from project import write_study

from facsimile.commands.trial import run
from facsimile.foundation import discover
from facsimile.foundation.yamlfile import FileError
from facsimile.planning import workspace as workspaces
from facsimile.studies import reading, runs

MODEL = '''\
"""A VAE of my own."""

from dataclasses import dataclass

import torch

from facsimile.models.base.vae import VAE


@dataclass(frozen=True)
class Mine(VAE):
    """A VAE whose KL has a weight of its own (an example).

    beta: weight of the KL, no unit.
    """

    beta: float

    def regularizer(self, q, step):
        return self.beta * q.kl
'''
SECOND = '''

@dataclass(frozen=True)
class Other(VAE):
    """Another one, of which the file may have only one."""
'''
SMALL = """\
id: tiny
title: A study small enough for tests
authors: nobody
year: 2026
venue: none
datasets: [dsprites]
seeds: 2
training: {steps: 100, batch_size: 8, latents: 4, network: dlib, adam: {lr: 0.0001}}
models:
  - {name: beta_vae, sweep: {beta: [1, 4]}}
  - {name: beta_tc_vae, sweep: {beta: [2, 6]}, label: total, training: {batch_size: 16}}
metrics: [mig, modularity]
evaluation: {train: 200, test: 100, seed: 0, convention: dlib}
tables:
  table1: {kind: improvement, title: Pairs, metrics: [mig.mig]}
figures:
  fig1: {kind: violin, title: Violins}
scales:
  smoke: {description: everything}
  miniature:
    description: two small worlds
    datasets: [mini_uneven, mini_dsprites, mini_noisy_dsprites]
    training: {steps: 20, network: mlp, adam: {lr: 0.001}}
    models: {beta_vae: {sweep: {beta: [1, 9]}}}
"""
NUMBERS = itertools.count()


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A workspace whose only study has a miniature."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(discover.OUTSIDE, "")
    write_study(tmp_path / "papers", SMALL)
    yield workspaces.load(papers=["papers"], scale="miniature")
    discover.use_papers([])


def write(tmp_path, text, name=""):
    """Write a model file; each has a name of its own, as modules stay imported."""
    path = tmp_path / f"{name or f'mine_{next(NUMBERS)}'}.py"
    path.write_text(text)
    return path


def prepared(workspace, path, sweep=("beta=1,2",), **choices):
    return run.prepared(workspace, run.Request(path, sweep, **choices))


def line_of(text, part):
    """The line, from 1, that contains ``part``."""
    [number] = [i for i, line in enumerate(text.splitlines(), 1) if part in line]
    return number


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('"""A VAE of my own."""', "", 1, "begin the file with a line that describes it"),
        ("        return self.beta * q.kl\n", "        return (\n", 20, "not valid Python"),
        ("(VAE):\n", "(VAE:\n", 11, "not valid Python"),
        ("import torch\n", "import torhc\n", 5, "ModuleNotFoundError: No module named 'torhc'"),
        ("class Mine(VAE)", "class Mine", 1, "no model here: define one public subclass"),
        (
            '    """A VAE whose KL has a weight of its own (an example).\n\n'
            '    beta: weight of the KL, no unit.\n    """\n\n',
            "",
            11,
            "the class Mine needs a docstring",
        ),
        ("    beta: weight of the KL, no unit.\n", "", 11, "needs a line `beta: meaning`"),
        ("self.beta * q.kl", "self.beta * q.kl / 0", 19, "must be one finite number, not inf"),
        ("self.beta * q.kl", "self.gamma * q.kl", 20, "no attribute 'gamma'"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(workspace, tmp_path, old, new, line, message):
    assert old in MODEL
    path = write(tmp_path, MODEL.replace(old, new))
    with pytest.raises(FileError, match=re.escape(message)) as error:
        prepared(workspace, path)
    assert str(error.value).startswith(f"{path}:{line}: ")
    assert not (tmp_path / "results").exists()


def test_of_two_models_the_second_is_named(workspace, tmp_path):
    path = write(tmp_path, MODEL + SECOND)
    with pytest.raises(FileError, match="a second model, Other, after Mine in line 11") as error:
        prepared(workspace, path)
    assert str(error.value).startswith(f"{path}:{line_of(MODEL + SECOND, 'class Other')}: ")
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_a_loss_that_is_nan_at_step_3_is_named_with_the_line_of_the_loss(workspace, tmp_path):
    nan = "torch.where(torch.as_tensor(step) >= 3, torch.nan, 1.0)"
    path = write(tmp_path, MODEL.replace("self.beta * q.kl", f"self.beta * q.kl * {nan}"))
    with pytest.raises(FileError) as error:
        prepared(workspace, path)
    line = line_of(MODEL, "def regularizer")
    assert str(error.value) == (
        f'{path}:{line}: the loss is not finite at step 3, with {{"beta":1}}'
    )
    assert not (tmp_path / "results").exists()


def test_noise_in_the_loss_is_named_with_the_line_that_draws_it(workspace, tmp_path):
    noisy = "self.beta * q.kl\\\n            * (1 + 1e6 * torch.rand(()))"
    text = MODEL.replace("self.beta * q.kl", noisy)
    path = write(tmp_path, text)
    with pytest.raises(FileError, match="differs for the same batch: declare its noise") as error:
        prepared(workspace, path)
    assert str(error.value).startswith(f"{path}:{line_of(text, 'torch.rand')}: ")
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_what_fails_only_in_the_execution_that_trains_is_found_before_it(workspace, tmp_path):
    branching = "q.kl if step == 7 else self.beta * q.kl"
    text = MODEL.replace("self.beta * q.kl", branching)
    path = write(tmp_path, text)
    with pytest.raises(FileError) as error:
        prepared(workspace, path)
    assert str(error.value).startswith(f"{path}:{line_of(text, 'step == 7')}: ")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["beta_vae", "mpi3d", "toy"])
def test_a_name_that_another_model_has_is_taken(workspace, tmp_path, name):
    path = write(tmp_path, MODEL, name)
    if name != "beta_vae":
        assert prepared(workspace, path).file.name == name
        return
    with pytest.raises(FileError, match=r"beta_vae.py:1: the name beta_vae is taken by .*/models/"):
        prepared(workspace, path)


@pytest.mark.parametrize("name", ["My_VAE", "_mine", "my-vae", "1st"])
def test_a_file_is_called_by_a_name(workspace, tmp_path, name):
    with pytest.raises(FileError, match=r"as in my_vae\.py"):
        prepared(workspace, write(tmp_path, MODEL, name))


def test_a_missing_file_is_an_error(workspace, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere.py: no such file"):
        prepared(workspace, tmp_path / "nowhere.py")


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"sweep": ["bta=1"]}, "no hyper-parameter of mine_[0-9]+ 'bta'; did you mean 'beta'"),
        ({"sweep": ["beta"]}, "write hyper-parameter=values, as in beta=1,2,4,8"),
        ({"sweep": ["beta=1,x"]}, "'x' is not a number"),
        ({"sweep": ["beta=nan"]}, "'nan' is not a finite number"),
        ({"sweep": []}, "needs a value of beta: --sweep beta=1,2,4"),
        ({"sweep": [], "fixed": ["beta=1,2"]}, "several values are a --sweep"),
        ({"worlds": ["mini_unevn"]}, "did you mean 'mini_uneven'"),
        ({"beside": ["beta_ve"]}, "no method of tiny at this scale 'beta_ve'; did you mean"),
        ({"study": "tny"}, "no study 'tny'; did you mean 'tiny'"),
    ],
)
def test_what_is_typed_beside_the_file_is_checked(workspace, tmp_path, choices, message):
    path = write(tmp_path, MODEL)
    with pytest.raises(ValueError, match=message):
        prepared(workspace, path, **choices)
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_the_study_has_the_model_first_and_the_runs_of_the_baselines(workspace, tmp_path):
    path = write(tmp_path, MODEL)
    trial = prepared(workspace, path, seeds=3)
    assert trial.study.datasets == ["mini_uneven", "mini_dsprites"]
    assert [model.method for model in trial.study.models] == [path.stem, "beta_vae", "total"]
    # Nothing is computed that is neither shown nor part of a claim.
    assert trial.study.metrics == ["mig"]
    discover.use_papers([*workspace.config.paper_folders, trial.papers])
    assert reading.load(trial.papers / trial.file.paper / "study.yaml") == trial.study
    copy = trial.papers / trial.file.paper / "models" / path.name
    assert copy.read_text() == MODEL
    # The same runs as those of the study, so that its scores can be used.
    of_study = {run.key for run in runs.expand(workspace.study("tiny"), "miniature")}
    baselines = [run for run in runs.expand(trial.study, "baselines") if run.seed < 2]
    assert {run.key for run in baselines} <= of_study
    assert len([run for run in baselines if not run.control]) == 2 * 2 * 2 * 2
    own = [run for run in runs.expand(trial.study, "own_model") if not run.control]
    assert {run.model for run in own} == {path.stem}
    assert len(own) == 2 * 2 * 3


def test_a_file_in_a_folder_of_papers_is_found_there(workspace, tmp_path):
    folder = tmp_path / "papers" / "tiny" / "models"
    folder.mkdir()
    path = write(folder, MODEL)
    discover.places.cache_clear()
    trial = prepared(workspace, path)
    assert trial.file.is_known
    assert not list((trial.papers / trial.file.paper / "models").iterdir())


@pytest.mark.slow
def test_an_edited_model_has_another_store(workspace, tmp_path):
    path = write(tmp_path, MODEL)
    first = prepared(workspace, path)
    discover.use_papers([*workspace.config.paper_folders, first.papers])
    before = run.own_workspace(workspace, first).config.results
    assert before.parent == first.folder
    assert re.fullmatch(r"[0-9a-f]{8}", before.name)
