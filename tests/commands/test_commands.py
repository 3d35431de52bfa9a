"""The command line: what it prints, and how it fails."""

import subprocess
import sys
from typing import NamedTuple

import pytest

from facsimile.__main__ import main


class Done(NamedTuple):
    """What a command printed, and its exit status."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def facsimile(root, monkeypatch, capsys):
    """Run the command line at the root of the repository, in this process, which saves a second."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["facsimile", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        return Done(left.value.code or 0, *capsys.readouterr())

    monkeypatch.chdir(root)
    return run


def test_plan_says_what_the_published_study_costs(facsimile):
    done = facsimile("--scale", "paper", "plan", "locatello2019")
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "12,600 runs and 14 controls in 266 shards" in said
    assert "3,780,000,000 steps" in said
    assert "not measured" in said
    assert "have no loader" not in said


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
    lacking = facsimile("plan", "overlap", "--scale")
    assert lacking.returncode == 2
    assert "--scale lacks its value" in lacking.stderr
    literal = facsimile("explain", "--", "--scale")  # after -- it is a name like any other
    assert "0 runs match '--scale'" in literal.stderr


def test_list_finds_runs_by_readable_parameters(facsimile):
    done = facsimile("list", "locatello2019", "--match", "beta=16")
    [line] = done.stdout.splitlines()
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
    done = facsimile(*arguments)
    assert done.returncode != 0
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback(root):
    """In a process of its own, as its users start it."""
    command = [sys.executable, "-m", "facsimile", "--debug", "plan", "nothing"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_the_readme_example_works(root):
    code = (
        "import numpy as np, facsimile\n"
        "factors = np.stack(np.unravel_index(np.arange(60), (3, 4, 5)), 1)\n"
        "codes = factors.astype(float)\n"
        "table = facsimile.score(codes, factors, metrics=['mig', 'dci'], convention='dlib', seed=0, n_train=500, n_test=200)\n"
        "print(table[['metric', 'score', 'value', 'convention']].to_string())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "mig" in done.stdout
    assert "dlib-sklearn020" in done.stdout
