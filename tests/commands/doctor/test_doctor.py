"""`facsimile doctor`: each check finds its problem, on a real file system and real programs."""

import io
import os
import shutil
import stat
import sys
import time
from pathlib import Path

import pytest
from project import ROOT, STUDY, write_study
from rich.console import Console

from facsimile.commands.doctor import check_cluster, check_disk, check_machine
from facsimile.commands.doctor import checks as doctor_checks
from facsimile.commands.doctor.check import Check
from facsimile.planning import workspace as workspaces


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A copy of the files that doctor checks, as the working directory."""
    for part in ("profiles", "envs", "config"):
        shutil.copytree(ROOT / part, tmp_path / part)
    (tmp_path / "slurm").symlink_to("profiles/slurm")
    write_study(tmp_path / "papers")
    (tmp_path / "config" / "config.yaml").write_text("papers: [papers]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def programs(site, monkeypatch):
    """A folder of programs that comes first in PATH; returns a function that adds a script."""
    folder = site / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def put(name, script):
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    for name in ("sbatch", "squeue", "scancel", "sinfo"):
        put(name, "exit 0")
    return put


def by_name(checks):
    return {check.name: check for check in checks}


def test_a_good_site_has_no_problem(site):
    console = Console(file=io.StringIO(), width=200)
    assert doctor_checks.doctor(workspaces.load(), "tiny", None, console)
    printed = console.file.getvalue()
    assert not [line for line in printed.splitlines() if line.startswith("problem")]
    for name in (
        "configuration",
        "versions",
        "profile",
        "results",
        "hard links",
        "file locks",
        "HDF5",
        "clock",
        "room",
    ):
        assert f"{name}: " in printed
    assert not list(Path("results").iterdir()), "no file is left behind"


def test_a_broken_study_is_named_and_the_other_checks_go_on(site):
    write_study(site / "papers", STUDY.replace("seeds: 2", "seeds: two"))
    checks = by_name(doctor_checks.examine(workspaces.load()))
    assert checks["configuration"].verdict == "problem"
    assert "tiny/study.yaml:" in checks["configuration"].message
    assert checks["hard links"].verdict == "ok"


def test_keys_that_hide_each_other_are_named(site):
    with Path("profiles/slurm/profile.yaml").open("a") as file:
        file.write("keep-going: false\n")
    [check] = check_cluster.profiles(Path("."), None)
    assert (check.verdict, "keep-going" in check.message) == ("problem", True)


def test_a_missing_profile_and_an_invalid_one(site):
    Path("slurm").unlink()
    assert [check.verdict for check in check_cluster.profiles(Path("."), None)] == ["warning"]
    [check] = check_cluster.profiles(Path("."), "slurm")
    assert (check.verdict, check.remedy) == (
        "problem",
        "run this at the root; ln -s profiles/slurm slurm",
    )
    Path("slurm").mkdir()
    Path("slurm/profile.yaml").write_text("- a list\n")
    checks = by_name(doctor_checks.examine(workspaces.load()))
    assert checks["profile"].verdict == "problem"


def test_without_slurms_programs_the_login_node_is_named(site, monkeypatch):
    monkeypatch.setenv("PATH", str(site))
    assert by_name(check_cluster.profiles(Path("."), "slurm"))["SLURM"].verdict == "problem"
    assert "SLURM" not in by_name(check_cluster.profiles(Path("."), None)), (
        "without a profile, no cluster is needed"
    )


def test_a_controller_that_does_not_respond_is_a_problem(programs, monkeypatch):
    monkeypatch.setattr(check_cluster, "PATIENCE", 0.3)
    programs("squeue", "exec sleep 100")
    began = time.monotonic()
    check = by_name(check_cluster.profiles(Path("."), "slurm"))["SLURM"]
    assert (check.verdict, check.message) == ("problem", "squeue: no response in 0 s")
    assert time.monotonic() - began < 60
    programs("squeue", "echo 'slurm_load_jobs error: Unable to contact controller' >&2; exit 1")
    assert (
        "Unable to contact controller"
        in by_name(check_cluster.profiles(Path("."), "slurm"))["SLURM"].message
    )


def test_a_partition_must_exist(programs):
    programs("sinfo", "echo gpu; echo cpu")
    assert by_name(check_cluster.profiles(Path("."), "slurm"))["partition"].verdict == "ok"
    rules = {"train": {"slurm_partition": "'gpu'"}, "score": {"slurm_partition": "cpus"}}
    check = by_name(
        check_cluster.cluster({"slurm-status-command": "squeue", "set-resources": rules})
    )["partition"]
    assert (check.verdict, check.message) == ("problem", "no partition cpus; there are: cpu, gpu")
    assert by_name(check_cluster.cluster({"set-resources": rules}))["SLURM"].message.startswith(
        "slurm-status-command is not squeue"
    )


def test_a_configured_gpu_must_be_there():
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        assert by_name(check_machine.gpu("cuda", False, cluster=False))["GPU"].verdict == "ok"
        return
    assert [c.verdict for c in check_machine.gpu("cuda", True, cluster=False)] == ["problem"]
    assert [c.verdict for c in check_machine.gpu("auto", True, cluster=False)] == ["warning"]
    assert [c.verdict for c in check_machine.gpu("cuda", True, cluster=True)] == ["ok"]


def test_a_file_system_without_hard_links_is_a_problem(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    assert check_disk._links(tmp_path) == Check(
        "hard links",
        "problem",
        "refused (Operation not supported)",
        "two jobs may make the same run at the same time there; "
        "set results to a folder on another file system",
    )
    monkeypatch.setattr(os, "link", lambda *_: None)
    (tmp_path / "claim").unlink()
    assert check_disk._links(tmp_path).message == "a link replaced an existing file"


def test_a_file_system_with_another_clock_is_reported(tmp_path, monkeypatch):
    assert check_disk._clock(tmp_path).verdict == "ok"
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 90)
    check = check_disk._clock(tmp_path)
    assert (check.verdict, "90 s away" in check.message) == ("warning", True)


def test_results_that_cannot_be_written_are_a_problem(site):
    Path("taken").write_text("a file")
    checks = by_name(doctor_checks.examine(workspaces.load(results=Path("taken/results"))))
    assert checks["results"].verdict == "problem"
    assert "taken" in checks["results"].message


def test_a_study_that_does_not_fit_is_a_problem(site, monkeypatch):
    Path("results").mkdir()
    assert [check.verdict for check in doctor_checks.room(workspaces.load(), "tiny")] == ["ok"]
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 10**6)
    )
    [check] = doctor_checks.room(workspaces.load(), "tiny")
    assert (check.verdict, check.message.startswith("1.0 MB free, about 21.")) == ("problem", True)


def test_versions_that_are_not_in_the_lock_are_reported(site):
    lock = Path("envs/requirements.lock")
    assert by_name(check_machine.versions(Path("envs")))["versions"].verdict == "ok"
    lock.write_text(lock.read_text().replace("numpy==", "numpy==0.0.1+"))
    check = by_name(check_machine.versions(Path("envs")))["versions"]
    assert (check.verdict, "numpy" in check.message, "0.0.1" in check.message) == (
        "warning",
        True,
        True,
    )
    lock.unlink()
    assert [c.verdict for c in check_machine.versions(Path("envs"))] == ["warning"]


def test_a_folder_locked_by_snakemake_is_reported(site):
    assert [check.verdict for check in doctor_checks.unlocked(Path("."))] == ["ok"]
    Path(".snakemake/locks").mkdir(parents=True)
    Path(".snakemake/locks/0.input.lock").touch()
    [check] = doctor_checks.unlocked(Path("."))
    assert (check.verdict, check.remedy) == ("warning", "if none is running: snakemake --unlock")


def test_the_exit_status_is_1_only_for_a_problem(site, monkeypatch, capsys):
    from facsimile import __main__ as command

    monkeypatch.setattr(sys, "argv", ["facsimile", "doctor"])
    for expected in (0, 1):
        with pytest.raises(SystemExit) as left:
            command.main()
        assert left.value.code == expected, capsys.readouterr().out
        Path("papers/tiny/study.yaml").unlink(missing_ok=True)
