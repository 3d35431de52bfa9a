"""A paper in a folder of its own, outside the repository: nothing of Facsimile is edited for it."""

import pandas as pd
import pytest
import yaml
from project import Project, write_files

pytestmark = pytest.mark.slow

FILES = {
    "study.yaml": """\
id: stripes_paper
title: A paper of my own
authors: nobody
year: 2026
venue: none
datasets: [stripes]
seeds: 2
control_seeds: 1
training: {steps: 12, batch_size: 8, latents: 3, network: mlp, adam: {lr: 0.0001}}
models:
  - {name: shifted_vae, sweep: {beta: [1, 4]}}
metrics: [mig, spread]
evaluation: {train: 100, test: 50, seed: 0, convention: dlib}
tables:
  table1: {kind: scores, title: Scores, metrics: [mig.mig, spread.spread]}
figures:
  fig1: {kind: dots, title: Dots, metrics: [spread.spread]}
scales:
  smoke: {description: everything}
""",
    "published.csv": (
        "artefact,dataset,model,params,metric,statistic,value,spread,source,how\n"
        "table1,stripes,shifted_vae,,spread.spread,mean,0.5,,Table 1,printed\n"
    ),
    "models/shifted_vae.py": '''\
"""beta-VAE with a constant added."""

from dataclasses import dataclass

from torch import Tensor

from facsimile.models.base.vae import VAE, Posterior

LABEL = "Shifted VAE"


@dataclass(frozen=True)
class ShiftedVAE(VAE):
    """Nobody (2026). beta: weight of the KL."""

    beta: float

    def regularizer(self, q: Posterior, step: Tensor | int) -> Tensor:
        return self.beta * q.kl + 1.0
''',
    "datasets/stripes.py": '''\
"""A white stripe on black."""

import numpy as np

from facsimile.datasets.base.stored import Stored

LABEL = "Stripes"


class Stripes(Stored):
    """A stripe of 1 to 4 pixels at one of 60 places."""

    name = "stripes"
    factor_names = ("width", "place")
    factor_sizes = (4, 60)
    factor_kinds = ("ordinal", "ordinal")
    image_shape = (64, 64, 1)
    licence = "MIT"
    source = "our own"

    @classmethod
    def blocks(cls, source):
        width, place = np.indices(cls.factor_sizes).reshape(2, -1, 1)
        column = np.arange(64)
        lit = (column >= place) & (column < place + width + 1)
        yield np.repeat(lit[:, None, :, None], 64, axis=1).astype(np.uint8) * 255
''',
    "metrics/spread.py": '''\
"""How far codes spread."""

RANGE = (0.0, float("inf"))
BETTER = "higher"
HEADLINE = "spread"
NEEDS = ("codes", "factors")
REFERENCE = "our own"
CONVENTIONS = {"dlib": "the only one"}
LABELS = {"spread": "Spread of codes"}
SCORES = {"spread": "mean standard deviation of the codes"}


def score(draws, convention="dlib"):
    """Mean standard deviation of the training codes [n, d].

    Formula: $\\\\frac{1}{d} \\\\sum_j \\\\sigma_j$.

    Traps: none.
    """
    return {"spread": float(draws.train.codes.std(axis=0).mean())}
''',
    "figures/dots.py": '''\
"""One dot per run."""

from matplotlib.figure import Figure

from facsimile.figures import Drawn
from facsimile.presentation.select import select


def draw(scores, spec, context):
    """Scores against the number of the run."""
    table, _ = select(scores, spec, context)
    figure = Figure()
    figure.subplots().plot(range(len(table)), table["result"], "o")
    return Drawn(figure, table[["run", "name", "result"]])


def cells(spec, context):
    """It states no numbers."""
    return []
''',
}


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    """A folder of papers outside the repository, with one paper."""
    folder = tmp_path_factory.mktemp("mine")
    write_files(folder / "stripes_paper", FILES)
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory, papers):
    project = Project.create(tmp_path_factory.mktemp("own") / "project")
    settings = {"scale": "smoke", "papers": ["shipped", str(papers)]}
    (project.folder / "config" / "config.yaml").write_text(yaml.safe_dump(settings))
    project.snakemake("stripes_paper")
    return project


def test_its_models_are_trained_scored_and_compared(project):
    folder = project.folder / "results/studies/stripes_paper/smoke"
    runs, scores = (pd.read_parquet(folder / f"{name}.parquet") for name in ("runs", "scores"))
    assert set(runs["state"]) == {"done"}
    assert len(runs) == 2 * 2 + 2, "two values of two seeds, and two controls"
    spread = scores[scores["metric"] == "spread"]
    assert set(spread["run"]) == set(runs["run"])
    assert (spread["result"] > 0).all()
    compared = pd.read_csv(folder / "comparison.csv").set_index(["model", "metric"])
    number = compared.loc["shifted_vae", "spread.spread"]
    assert number["value"] == 0.5
    trained = spread[spread["run"].str.contains("shifted_vae")]
    assert number["ours"] == pytest.approx(trained["result"].mean())
    assert number["verdict"] in ("reproduced", "differs", "not comparable")
    assert (folder / "figures" / "fig1.png").stat().st_size > 1000
    assert "Shifted VAE" in (folder / "tables" / "table1.md").read_text()


def test_its_runs_are_stale_once_its_model_is_edited(project, papers):
    run = next(key for key in project.weights() if "shifted_vae" in key)
    assert "its code is unchanged" in project.facsimile("explain", run)
    model = papers / "stripes_paper" / "models" / "shifted_vae.py"
    before = model.read_text()
    model.write_text(before.replace("+ 1.0", "+ 2.0"))
    try:
        assert "stale: models/shifted_vae changed" in project.facsimile("explain", run)
    finally:
        model.write_text(before)


def test_it_stands_beside_the_other_papers_and_nothing_is_left_to_do(project):
    listed = project.facsimile("list")
    assert "stripes_paper" in listed
    assert "tiny" in listed
    assert project.jobs("stripes_paper") == {}


def test_another_paper_of_the_same_name_is_refused(project, papers, tmp_path):
    (tmp_path / "stripes_paper").mkdir()
    (tmp_path / "stripes_paper" / "study.yaml").write_text(FILES["study.yaml"])
    both = f"papers=[{papers},{tmp_path}]"
    output = project.snakemake("--dry-run", "stripes_paper", "--config", both, check=False)
    assert "two papers are called stripes_paper" in output
