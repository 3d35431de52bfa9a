"""The command line: what it prints, and how it fails."""

import subprocess
import sys

import pytest

from facsimile.commands import listing
from facsimile.commands.cli import group


@pytest.mark.slow
def test_plan_prints_the_cost_of_the_published_study(facsimile):
    result = facsimile("--scale", "paper", "plan", "locatello2019")
    assert result.returncode == 0, result.stderr
    text = " ".join(result.stdout.split())
    assert "12,600 runs and 14 controls in 266 shards" in text
    assert "3,780,000,000 steps" in text
    assert "or about 420 hours of one H200 for training" in text
    assert "have no loader" not in text


def test_settings_may_follow_the_command(facsimile):
    first, last, joined = (
        facsimile(*words).stdout
        for words in (
            ("--scale", "desk", "--set", "shard_size=2", "plan", "overlap"),
            ("plan", "overlap", "--scale", "desk", "--set", "shard_size=2"),
            ("plan", "--set=shard_size=2", "overlap", "--scale=desk"),
        )
    )
    assert first.startswith("overlap at scale desk")
    assert first == last == joined
    incomplete = facsimile("plan", "overlap", "--scale")
    assert incomplete.returncode == 2
    assert "--scale needs a value" in incomplete.stderr
    literal = facsimile("explain", "--", "--scale")  # after -- it is a name like any other
    assert "0 runs match '--scale'" in literal.stderr


def test_list_finds_runs_by_readable_parameters(facsimile):
    result = facsimile("list", "locatello2019", "--match", "beta=16")
    [line] = result.stdout.splitlines()
    assert line.startswith("dsprites/beta_vae/")
    assert "number 250" in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan", "locatelo2019"], "no study 'locatelo2019'; did you mean 'locatello2019'?"),
        (
            ["--scale", "desc", "plan", "locatello2019"],
            "no scale of locatello2019 'desc'; did you mean 'desk'?",
        ),
        (["explain", "no/such/run"], "0 runs match 'no/such/run'"),
        (["--set", "precison=bf16", "list"], "did you mean 'precision'"),
        (["table", "locatello2019", "table1", "--debug-not-an-option"], "No such option"),
        (["data", "cars3"], "no data set 'cars3'"),
        (["train", "dsprites/beta_vae/00000000"], "no study has the shard"),
    ],
)
def test_an_error_is_one_clear_line_and_no_traceback(facsimile, arguments, message):
    result = facsimile(*arguments)
    assert result.returncode != 0
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_help_is_plain_text(facsimile):
    result = facsimile("--help")
    assert result.returncode == 0
    assert "Facsimile re-makes the tables and figures" in result.stdout
    assert "``" not in result.stdout


@pytest.mark.slow
def test_debug_shows_the_traceback(root):
    """In a process of its own, as users start it."""
    command = [sys.executable, "-m", "facsimile", "--debug", "plan", "nothing"]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert result.returncode == 1
    assert "Traceback" in result.stderr


@pytest.mark.slow
def test_the_readme_example_works(root):
    code = (
        "import numpy as np, facsimile\n"
        "factors = np.stack(np.unravel_index(np.arange(60), (3, 4, 5)), 1)\n"
        "codes = factors.astype(float)\n"
        "table = facsimile.score(codes, factors, metrics=['mig', 'dci'], convention='dlib', "
        "seed=0, n_train=500, n_test=200)\n"
        "print(table[['metric', 'score', 'value', 'convention']].to_string())\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "mig" in result.stdout
    assert "dlib-sklearn020" in result.stdout


def test_ctrl_c_is_one_line_that_says_how_to_go_on(facsimile, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(listing, "show", interrupted)
    result = facsimile("list")
    assert result.returncode == 130
    assert result.stderr == f"{group.INTERRUPTED}\n"
