"""``facsimile check`` names what is wrong with each file of a user's folder, and goes on."""

import itertools
import re

import pytest
from project import write_files
from typer.testing import CliRunner

from facsimile.__main__ import app
from facsimile.commands.contract import datasets, folders, metrics, models
from facsimile.datasets import DataFile
from facsimile.datasets.base.official_files import OfficialFiles
from facsimile.foundation import discover
from facsimile.studies import classes

FAST_METRICS = {"irs", "mig", "mcc", "modularity", "unsupervised"}
# The sequences have siblings of fewer frames, which are tested.
LARGE = {"dsprites", "color_dsprites", "noisy_dsprites", "interventional_pong", "voronoi_6"}


# Those of arrays are made in tests/datasets/test_arrays.py, and one of them here.
ARRAYS = [
    name
    for name in discover.names("datasets")
    if classes.is_dataset_of_arrays(name)
    and not issubclass(discover.load_class("datasets", name, DataFile), OfficialFiles)
]
SMALL = sorted(set(discover.names("datasets")) - LARGE - set(ARRAYS[1:]))
METRIC = '''\
"""How far codes spread."""

import numpy as np

RANGE = (0.0, float("inf"))
BETTER = "higher"
HEADLINE = "spread"
NEEDS = ("codes",)
REFERENCE = "Author 2026"
CONVENTIONS = {"dlib": "the only one"}
SCORES = {"spread": "mean standard deviation of the codes"}


def score(draws, convention="dlib"):
    """Mean standard deviation."""
    return {"spread": float(draws.train.codes.std(axis=0).mean())}
'''
MODEL = '''\
"""A VAE of my own."""

from dataclasses import dataclass

from facsimile.models.base.vae import VAE


@dataclass(frozen=True)
class Mine(VAE):
    """A VAE whose KL has a weight of its own.

    beta: weight of the KL.
    """

    beta: float

    def regularizer(self, q, step):
        return self.beta * q.kl
'''
DATASET = '''\
"""Stripes."""

import numpy as np

from facsimile.datasets.base.stored import Stored


class Bars(Stored):
    """A stripe at one of 60 places."""

    name = "bars"
    factor_names = ("width", "place")
    factor_sizes = (2, 60)
    factor_kinds = ("ordinal", "ordinal")
    image_shape = (64, 64, 1)
    licence = "MIT"
    source = "drawn here"

    @classmethod
    def blocks(cls, source):
        width, place = np.indices(cls.factor_sizes).reshape(2, -1, 1)
        column = np.arange(64)
        lit = (column >= place) & (column <= place + width)
        yield np.repeat(lit[:, None, :, None], 64, axis=1).astype(np.uint8) * 255
'''
FIGURE = '''\
"""A figure."""


def draw(scores, spec, context):
    return None


def cells(spec, context):
    return []
'''
NUMBERS = itertools.count()
FILES = {
    "metrics/reach.py": METRIC,
    "models/mine.py": MODEL,
    "datasets/bars.py": DATASET,
    "figures/dots.py": FIGURE,
}


@pytest.fixture
def papers(tmp_path, monkeypatch):
    """A folder of papers with one paper, unknown again after the test."""
    monkeypatch.setenv(discover.OUTSIDE, "")
    # A name of its own: modules of another test would be imported again.
    paper = f"mine_{next(NUMBERS)}"
    write_files(tmp_path / "papers" / paper, FILES)
    yield tmp_path / "papers"
    discover.use_papers([])


def problems(papers):
    """File -> its problems."""
    findings = folders.findings(papers)
    return {path.relative_to(paper_in(papers)).as_posix(): messages for path, messages in findings}


def paper_in(papers):
    [paper] = papers.iterdir()
    return paper


def test_right_files_have_no_problems(papers):
    assert problems(papers) == {name: [] for name in FILES}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "metrics/reach.py",
            '{"spread": float',
            '{"sprad": float',
            "no score of reach 'sprad'; did",
        ),
        ("metrics/reach.py", "float(draws", "(draws", "spread must be a finite float"),
        ("metrics/reach.py", "RANGE = (0.0, float", "LIMITS = (0.0, float", "are missing: RANGE"),
        ("metrics/reach.py", "Author 2026", "Author", "names no year"),
        (
            "metrics/reach.py",
            "float(draws",
            "float(0 * np.random.rand() + draws",
            "global generator",
        ),
        ("metrics/reach.py", "    return", "    draws.train.codes.sort(0)\n    return", "in place"),
        ("metrics/reach.py", '"codes",', '"codes", "factors"', "for the factors themselves"),
        ("metrics/reach.py", '"""How far codes spread."""', "", "begin the file with a line"),
        ("models/mine.py", "    beta: weight of the KL.\n", "", "needs a line `beta: meaning`"),
        ("models/mine.py", "self.beta * q.kl", "self.gamma * q.kl", "no attribute 'gamma'"),
        ("models/mine.py", "(VAE)", "", "must define exactly one public subclass of Model"),
        ("models/mine.py", "q.kl\n", "q.kl / 0\n", "must be one finite number, not inf"),
        ("datasets/bars.py", "* 255", "* 1", "is 1; white is 255"),
        ("datasets/bars.py", "(64, 64, 1)", "(64, 64, 2)", "images have 1 or 3 channels"),
        ("datasets/bars.py", "(2, 60)", "(2, 9)", "of 64 images differ; at least 33 must"),
        ("datasets/bars.py", '"MIT"', '""', "licence is missing"),
        ("datasets/bars.py", '"ordinal", "ordinal"', '"ordinal", "oridnal"', "oridnal; there are"),
        ("datasets/bars.py", "(Stored)", "", "exactly one public subclass of DataFile"),
        ("figures/dots.py", "def cells", "def cell", r"cells\(spec, context\) is missing"),
        (
            "figures/dots.py",
            "draw(scores, spec",
            "draw(spec, scores",
            r"must be draw\(scores, spec",
        ),
        ("figures/dots.py", "return None\n", "return (\n", "SyntaxError"),
    ],
)
def test_what_is_wrong_is_named_and_the_other_files_are_checked(papers, file, old, new, message):
    path = paper_in(papers) / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    messages = problems(papers)
    assert [name for name, texts in messages.items() if texts] == [file]
    assert any(re.search(message, text) for text in messages[file]), messages[file]


def test_the_command_prints_every_file_and_fails_if_one_is_wrong(papers):
    right = CliRunner().invoke(app, ["check", str(papers)])
    assert right.exit_code == 0, right.output
    assert right.output.count("ok ") == len(FILES)
    (paper_in(papers) / "study.yaml").write_text("id: mine\ntitel: A\n")
    wrong = CliRunner().invoke(app, ["check", str(paper_in(papers))])
    assert wrong.exit_code == 1
    assert "study.yaml:2: titel" in wrong.output


def test_a_folder_without_papers_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder there has a .* or one of the"):
        list(folders.findings(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("name", discover.names("models"))
def test_shipped_models_have_no_problems(name):
    assert list(models.problems(name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_shipped_data_sets_have_no_problems(name):
    assert list(datasets.problems(name)) == []


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name not in FAST_METRICS))
        for name in discover.names("metrics")
    ],
)
def test_shipped_metrics_have_no_problems(name):
    assert list(metrics.problems(name)) == []
