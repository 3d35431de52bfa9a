"""The wheel, without a checkout: runs a user's own paper; its core alone scores tables."""

import json
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pandas as pd
import pytest
from packaging.requirements import Requirement
from project import ROOT, STUDY, users_environment, write_files, write_study
from test_recipes import FILES

from facsimile.foundation import extras

pytestmark = pytest.mark.slow

PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
# A perfect code of a full grid, so that its MIG is 1.
SCORE = """
import facsimile
import numpy as np

factors = np.indices((3, 4, 5)).reshape(3, -1).T
table = facsimile.score(factors.astype("f"), factors, metrics="mig", n_train=5000)
print(table["value"][0].round(2))

# What metrics="all" imports needs no extra, either.
from facsimile.metrics.base import selection

assert len(selection.select("all", "dlib", {"codes", "factors", "table"})) > 9
"""
# What needs a library of an extra -> the extra.
NEEDS_EXTRA = {
    "facsimile.dataset": "workflow",
    "facsimile.study": "workflow",
    "discover.module('models', 'beta_vae')": "torch",
    # Studies are read by pydantic; what draws is imported later, and named then.
    "discover.module('figures', 'violin')": "workflow",
}


def attempt(command, folder, **variables):
    """Run a command outside the checkout, in the environment of a user."""
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=users_environment() | variables,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def run(command, folder, **variables):
    """Run a command outside the checkout; return what it printed."""
    completed = attempt(command, folder, **variables)
    assert completed.returncode == 0, completed.stdout
    return completed.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    source.mkdir()
    for part in ("pyproject.toml", "README.md", "LICENSE", "envs", "workflow"):
        subprocess.run(["cp", "-r", ROOT / part, source], check=True)
    shutil.copytree(ROOT / "results" / "reference", source / "results" / "reference")
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", folder]
    run([*PIP, "wheel", *options, source], folder)
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """The interpreter of an environment with the wheel, and with the packages of this one."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=False)
    interpreter = folder / "venv" / "bin" / "python"
    offline = ["--no-deps", "--no-index"]
    run([*PIP, "--python", interpreter, "install", *offline, wheel], folder)
    [packages] = (folder / "venv" / "lib").glob("python*/site-packages")
    (packages / "locked.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return interpreter


@pytest.fixture(scope="module")
def core(wheel, tmp_path_factory):
    """The interpreter of an environment with the wheel and only what its core requires."""
    folder = tmp_path_factory.mktemp("core")
    index = attempt([*PIP, "index", "versions", "numba"], folder)
    if index.returncode:
        pytest.skip(f"the core cannot be installed, because pip reaches no index: {index.stdout}")
    venv.create(folder / "venv", with_pip=False)
    interpreter = folder / "venv" / "bin" / "python"
    # Byte code is made of what is imported, which is less than everything.
    run([*PIP, "--python", interpreter, "install", "--no-compile", wheel], folder)
    return interpreter


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a user's papers, and nothing of Facsimile."""
    folder = tmp_path_factory.mktemp("home")
    write_files(folder / "mine", FILES)
    write_study(folder / "mine", STUDY)
    (folder / "config.yaml").write_text("papers: [mine]\n")
    return folder


def test_it_is_the_installed_package_that_runs(python, home):
    printed = run([python, "-c", "import facsimile; print(facsimile.__file__)"], home)
    assert Path(printed.strip()).is_relative_to(python.parent.parent)


def test_the_users_files_are_checked(python, home):
    printed = run([python, "-m", "facsimile", "check", "mine"], home)
    # published.csv is checked with its study; the other study is the tiny one.
    assert printed.count("ok ") == len(FILES)
    assert "problem" not in printed


def test_the_users_paper_is_run_from_another_folder(python, home):
    snakefile = run([python, "-m", "facsimile", "snakefile"], home).strip()
    assert Path(snakefile).is_relative_to(python.parent.parent)
    options = ["--cores", "2", "--configfile", "config.yaml"]
    run([python, "-m", "snakemake", "-s", snakefile, "stripes", *options], home)
    scores = pd.read_parquet(home / "results/studies/stripes/smoke/scores.parquet")
    assert "shifted_vae" in set(scores["model"])
    assert scores.loc[scores["metric"] == "spread", "code"].str.len().min() >= 8
    records = list(home.glob("results/runs/stripes/shifted_vae/*/*/run.json"))
    assert "models/shifted_vae" in records[0].read_text()


def test_shipped_results_are_shown_in_another_folder(python, home):
    printed = run([python, "-m", "facsimile", "show", "prog_vi", "--reference"], home)
    assert "all of it: facsimile show prog_vi --scale desk --reference --all" in printed
    code = "from facsimile.planning import shipped; print(shipped.folder('prog_vi', 'desk'))"
    folder = run([python, "-c", code], home).strip()
    assert folder.endswith("venv/share/facsimile/reference/prog_vi/desk")
    scores = "facsimile.scoring.baselines.shipped('dsprites')"
    code = f"import facsimile.scoring.baselines; print(len({scores}))"
    assert int(run([python, "-c", code], home)) > 100


def test_the_core_is_light(core, home):
    """It has no package that only an extra requires, and so neither torch nor Snakemake."""
    command = [sys.executable, "-m", "pip", "--python", core, "list", "--format", "json"]
    listed = json.loads(run(command, home, PIP_DISABLE_PIP_VERSION_CHECK="1"))
    installed = {package["name"] for package in listed}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = set()
    for extra in extras.LIBRARIES:
        optional |= {Requirement(line).name for line in project["optional-dependencies"][extra]}
    # scikit-learn requires it, too.
    assert installed & optional <= {"threadpoolctl"}
    assert not [name for name in installed if name.startswith("nvidia")]


def test_the_core_scores_a_table(core, home):
    printed = run([core, "-W", "ignore", "-c", SCORE], home)
    assert printed.splitlines() == ["1.0"]


@pytest.mark.parametrize("code", NEEDS_EXTRA)
def test_what_needs_an_extra_names_it_in_one_line(code, core, home):
    script = f"import facsimile\nfrom facsimile.foundation import discover\n{code}"
    ended = attempt([core, "-c", script], home)
    assert ended.returncode == 1
    last = ended.stdout.splitlines()[-1]
    assert last.endswith(f"pip install '{extras.DISTRIBUTION}[{NEEDS_EXTRA[code]}]'")


def test_the_command_line_of_the_core_names_its_extra(core, home):
    ended = attempt([core.parent / "facsimile"], home)
    assert ended.returncode == 1
    [line] = ended.stdout.splitlines()
    assert line.endswith(f"pip install '{extras.DISTRIBUTION}[workflow]'")
