"""Cost of scale: planning, Snakemake's main process, the start of a job, and disk space.

    python benchmarks/scale.py plan          # dry runs of the published study and of 100,800 runs
    python benchmarks/scale.py start         # CPU seconds of each process that a job starts
    python benchmarks/scale.py jobs 200      # trivial jobs through a virtual cluster
    python benchmarks/scale.py disk RESULTS  # files and bytes of the runs of a results folder

``jobs`` must be run as root and needs Debian's slurm packages; ``disk`` extrapolates to 12,600
runs. Prints rows of the tables in benchmarks/results/scale.md. Wall seconds
depend on the load of the machine, CPU seconds less so.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "workflow"), str(ROOT / "tests" / "slurm"), str(ROOT / "tests")]

from project import PAPERS, Project, copy_of_repository, write_study  # noqa: E402

PUBLISHED = "locatello2019"
SEEDS = 400  # 7 data sets x 36 cells x 400 seeds = 100,800 runs
TRIVIAL = """\
from facsimile.planning import snakemake_timer

snakemake_timer.one_timer()

rule all:
    localrule: True
    input: expand("out/{{n}}", n=range({jobs}))

rule shard:
    output: "out/{{n}}"
    resources: mem_mb=1000, runtime=5
    shell: "touch {{output}}"
"""


def main(arguments: Sequence[str]) -> None:
    """Run one of the measurements."""
    commands = {"plan": plan, "start": start, "jobs": jobs, "disk": disk}
    if not arguments or arguments[0] not in commands:
        sys.exit(__doc__)
    commands[arguments[0]](*arguments[1:])


def plan() -> None:
    """CPU seconds, wall seconds and memory of `snakemake -n` at paper scale."""
    with tempfile.TemporaryDirectory() as name:
        folder = copy_of_repository(Path(name))
        study = yaml.safe_load((PAPERS / PUBLISHED / "study.yaml").read_text())
        large = {**study, "id": "large", "seeds": SEEDS}
        write_study(Project(folder).papers, yaml.safe_dump(large), "large")
        print("| study | CPU s | wall s | MB |\n|---|---|---|---|")
        for target in (PUBLISHED, "large"):
            row(
                target,
                [*snakemake(), "-n", "--quiet", "all", "--config", "scale=paper", "--", target],
                folder,
            )


def start() -> None:
    """The processes of a job: two of Snakemake (SLURM's and the node's), then a command of ours."""
    with tempfile.TemporaryDirectory() as name:
        folder = copy_of_repository(Path(name))
        (folder / "empty").write_text('rule a:\n    output: "x"\n    shell: "touch x"\n')
        target = ["-n", "--quiet", "all", "--", "results/data/toy.h5"]
        commands = {
            "import of snakemake": [sys.executable, "-c", "import snakemake.cli"],
            "snakemake, a Snakefile of one rule": [
                *snakemake(),
                "-s",
                "empty",
                "-n",
                "--quiet",
                "all",
                "--",
                "x",
            ],
            "snakemake, this workflow": [*snakemake(), *target],
            "the same at paper scale": [*snakemake(), "--config", "scale=paper", *target],
            "facsimile list": [sys.executable, "-m", "facsimile", "list"],
            "import of torch": [sys.executable, "-c", "import torch"],
        }
        print("| process | CPU s | wall s | MB |\n|---|---|---|---|")
        for label, command in commands.items():
            row(label, command, folder)


def jobs(count: str, width: str = "8") -> None:
    """Trivial jobs through a virtual cluster: overhead per job, queue, cost of the main process."""
    import cluster as slurm

    with (
        tempfile.TemporaryDirectory() as name,
        slurm.cluster(Path(name), nodes=2, cpus=int(width) // 2) as running,
    ):
        folder = copy_of_repository(Path(name) / "project")
        (folder / "Snakefile").write_text(TRIVIAL.format(jobs=count))
        command = [
            *snakemake(),
            "--profile",
            "slurm",
            *slurm.HURRY,
            "--quiet",
            "all",
            "--jobs",
            "200",
        ]
        head = psutil.Popen(
            command,
            cwd=folder,
            env=environment(folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        began, observations = time.monotonic(), []
        while head.poll() is None:
            done = sum(1 for _ in (folder / "out").glob("*")) if (folder / "out").exists() else 0
            spent = head.cpu_times()
            queued = len(running.jobs("RUNNING,PENDING"))
            observations.append(
                (done, spent.user + spent.system, head.memory_info().rss / 1e6, queued)
            )
            if len(observations) % 30 == 0:
                print(
                    f"{time.monotonic() - began:.0f} s: {done} jobs, {queued} in the queue",
                    file=sys.stderr,
                    flush=True,
                )
            time.sleep(2)
        seconds = time.monotonic() - began
    report(int(count), seconds, int(width), observations)


def report(
    count: int, seconds: float, width: int, observations: list[tuple[int, float, float, int]]
) -> None:
    """Print the observations of ``count`` jobs, ``width`` of which ran at a time."""
    slot_seconds = seconds * width / count
    print(f"{count} jobs, {width} at a time: {seconds:.0f} s, {slot_seconds:.1f} s of a slot each")
    print("| jobs done | head's CPU s | head's MB | in the queue |\n|---|---|---|---|")
    for part in range(9):
        done, spent, megabytes, queued = next(
            (s for s in observations if s[0] >= part * count // 8), observations[-1]
        )
        print(f"| {done} | {spent:.1f} | {megabytes:.0f} | {queued} |")


def disk(results: str, runs: str = "12600") -> None:
    """Files and bytes of a results folder's runs by kind, extrapolated to ``runs`` runs."""
    from facsimile.commands.status import usage

    measured = usage.measure(Path(results))
    here = len(list(Path(results).glob("runs/*/*/*/*/run.json")))
    print(f"{here} runs\n| kind | files a run | bytes a run | files | GB |\n|---|---|---|---|---|")
    for kind in ("weights", "latents", "scores", "records", "logs"):
        files, size = measured.files[kind] / here, measured.bytes[kind] / here
        all_files, gigabytes = files * int(runs), size * int(runs) / 1e9
        print(f"| {kind} | {files:.1f} | {size:,.0f} | {all_files:,.0f} | {gigabytes:.1f} |")


def row(label: str, command: list[str], folder: Path) -> None:
    """Run a command and print its CPU and wall seconds and its memory."""
    began = time.monotonic()
    pid = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ).pid
    _, status, used = os.wait4(pid, 0)
    assert status == 0, f"{' '.join(command)} failed"
    wall, cpu, memory = (
        time.monotonic() - began,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / 1e3,
    )
    print(f"| {label} | {cpu:.1f} | {wall:.1f} | {memory:.0f} |")


def snakemake() -> list[str]:
    """The command that starts Snakemake."""
    return [sys.executable, "-m", "snakemake"]


def environment(repository: Path) -> dict[str, str]:
    """One thread per process, and the package of a copy of the repository."""
    package = str(repository / "workflow")
    return os.environ | {"PYTHONPATH": package, "OMP_NUM_THREADS": "1"}


if __name__ == "__main__":
    main(sys.argv[1:])
