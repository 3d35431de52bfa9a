"""An installed Facsimile, without a checkout, runs a user's own paper from a folder of its own."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pandas as pd
import pytest
from project import ROOT, STUDY, users_environment, write_files, write_study
from test_recipes import FILES

pytestmark = pytest.mark.slow


def run(command, folder, **variables):
    """Run a command outside the checkout; return what it printed."""
    completed = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=users_environment() | variables,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert completed.returncode == 0, completed.stdout
    return completed.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of an environment with the wheel, and with the packages of this one."""
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    source.mkdir()
    for part in ("pyproject.toml", "README.md", "LICENSE", "envs", "workflow"):
        subprocess.run(["cp", "-r", ROOT / part, source], check=True)
    pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", folder]
    run([sys.executable, *pip, "wheel", *options, source], folder)
    venv.create(folder / "venv", with_pip=False)
    [wheel] = folder.glob("*.whl")
    interpreter = folder / "venv" / "bin" / "python"
    offline = ["--no-deps", "--no-index"]
    run([sys.executable, *pip, "--python", interpreter, "install", *offline, wheel], folder)
    [packages] = (folder / "venv" / "lib").glob("python*/site-packages")
    (packages / "locked.pth").write_text(sysconfig.get_path("purelib") + "\n")
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
