"""A copy of the repository with one small study, in which tests run the real Snakemake."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import warm

from facsimile.foundation import discover

ROOT = Path(__file__).parent.parent
PAPERS = ROOT / "workflow" / "facsimile" / "papers"
# Results of reference implementations.
GOLDENS = ROOT / "tests" / "goldens"
PARTS = ("Snakefile", "workflow", "config", "envs", "profiles", "slurm")

# Files that are renamed when they are complete.
UNFINISHED = shutil.ignore_patterns("*.pyc.*", "*.nb?.*", "*.part")
# Computes everything of which Numba makes machine code.
COMPILE = """
import numpy as np
import facsimile

factors = np.indices((4, 5, 20)).reshape(3, -1).T
codes = factors + np.random.default_rng(0).normal(size=factors.shape)
facsimile.score(
    codes,
    factors,
    log_variances=np.zeros(codes.shape),
    metrics=["chen_mig", "dci", "downstream", "explicitness"],
    n_train=100,
    n_test=50,
)
"""

STUDY = """\
id: tiny
title: A study small enough for tests
authors: nobody
year: 2026
venue: none
datasets: [toy]
seeds: 2
training: {steps: 12, batch_size: 8, latents: 4, network: mlp, adam: {lr: 0.0001}}
models:
  - {name: beta_vae, sweep: {beta: [1, 4]}}
metrics: [mig, modularity]
evaluation: {train: 200, test: 100, seed: 0, convention: dlib}
tables:
  table1: {kind: scores, title: Scores}
figures:
  fig1: {kind: violin, title: Violins}
scales:
  smoke: {description: everything}
"""


def write_study(papers: Path, text: str = STUDY, name: str = "tiny") -> Path:
    """Write a study into a folder of papers; return the path of its file."""
    file = papers / name / "study.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files into a folder, given their texts by path; return the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def users_environment() -> dict[str, str]:
    """Environment of a user's shell: without this package and the papers of other tests."""
    ours = ("PYTHONPATH", discover.OUTSIDE)
    inherited = {name: text for name, text in os.environ.items() if name not in ours}
    return inherited | {"OMP_NUM_THREADS": "1"}


def compile_metrics() -> None:
    """Let Numba compile the metrics in the repository, once rather than in each copy of it."""
    metrics = ROOT / "workflow" / "facsimile" / "metrics"
    cache = metrics / "__pycache__"
    cache.mkdir(exist_ok=True)
    with (cache / "compile_metrics.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sources = [path for path in metrics.glob("_*.py") if "@njit" in path.read_text()]
        if not all(_is_compiled(source, cache) for source in sources):
            environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
            command = [sys.executable, "-W", "ignore", "-c", COMPILE]
            subprocess.run(command, env=environment, check=True)


def _is_compiled(source: Path, cache: Path) -> bool:
    compiled = [path.stat().st_mtime for path in cache.glob(f"{source.stem}.*.nbi")]
    return max(compiled, default=0.0) >= source.stat().st_mtime


def copy_of_repository(folder: Path) -> Path:
    """Copy the parts of the repository that a workflow needs; return the folder.

    With the byte code and Numba's machine code, which stay valid because a copy keeps the times of
    its files; without files that other processes are writing now.
    """
    compile_metrics()
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, folder / part, ignore=UNFINISHED)
        else:
            shutil.copy2(source, folder / part, follow_symlinks=False)
    return folder


class Project:
    """A working copy in ``folder``, in which commands run as a user would run them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.papers = folder / PAPERS.relative_to(ROOT)
        self.study_file = self.papers / "tiny" / "study.yaml"
        # Further environment variables of its commands.
        self.variables: dict[str, str] = {}

    @classmethod
    def create(cls, folder: Path) -> "Project":
        """Create a copy whose only study is the tiny one."""
        project = cls(copy_of_repository(folder))
        project.remove_papers()
        write_study(project.papers)
        return project

    def remove_papers(self, *names: str) -> None:
        """Remove papers of this copy with their code; without names, remove all papers."""
        for folder in self.papers.iterdir():
            if folder.is_dir() and (folder.name in names or not names):
                shutil.rmtree(folder)

    def copy(self, folder: Path) -> "Project":
        """Copy the project to another folder, including results and modification times."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)

    def edit(
        self, old: str, new: str, path: str = "workflow/facsimile/papers/tiny/study.yaml"
    ) -> None:
        """Replace text in a file of the project; fails if the file does not contain it."""
        file = self.folder / path
        text = file.read_text()
        assert old in text, f"{path} has no {old!r}"
        file.write_text(text.replace(old, new))

    def snakemake(self, *arguments: str, check: bool = True) -> str:
        """Run snakemake; return everything it printed."""
        return self._run("-m", "snakemake", "--cores", "2", *arguments, check=check)

    def facsimile(self, *arguments: str, check: bool = True) -> str:
        """Run the package's own command line; return everything it printed."""
        return self._run("-m", "facsimile", *arguments, check=check)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a Python process in the project without waiting for it."""
        command = [sys.executable, *arguments]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    @property
    def environment(self) -> dict[str, str]:
        """Environment of a user's shell, with this copy's package and one thread per process."""
        own = {"PYTHONPATH": str(self.folder / "workflow")}
        return users_environment() | own | self.variables

    def jobs(self, *arguments: str) -> dict[str, int]:
        """Return rule -> number of jobs that snakemake would run, from a dry run."""
        counts: dict[str, int] = {}
        for line in self.snakemake("--dry-run", *arguments).splitlines():
            words = line.split()
            # Lines of the table of jobs: a rule and a number.
            if len(words) == 2 and words[1].isdigit():
                counts[words[0]] = int(words[1])
        for key in ("total", "tiny", "all", "jobid:"):
            counts.pop(key, None)
        return counts

    def weights(self) -> dict[str, int]:
        """Return run -> inode of its weights file, which changes if the run is trained again."""
        paths = self.folder.glob("results/runs/*/*/*/*/model.safetensors")
        return {"/".join(path.parts[-5:-1]): path.stat().st_ino for path in paths}

    def record(self, key: str) -> dict[str, object]:
        """Read run.json of a run."""
        path = self.folder / "results" / "runs" / key / "run.json"
        return json.loads(path.read_text())

    def _run(self, *arguments: str, check: bool) -> str:
        # A cluster's jobs must be processes of their own.
        start = _as_process if "slurm" in arguments else warm.run
        code, printed = start(arguments, self.folder, self.environment)
        assert not check or code == 0, printed
        return printed


def _as_process(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> tuple[int, str]:
    completed = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=warm.SECONDS,
    )
    return completed.returncode, completed.stdout
