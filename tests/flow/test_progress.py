"""What Snakemake prints while it works: bars on a terminal, elsewhere a line per minute."""

import logging
import os
import pty
import re
import select
import signal
import subprocess
import sys
import types

import pytest
from project import Project
from snakemake_interface_logger_plugins.common import LogEvent

from facsimile.store import shard_progress
from snakemake_logger_plugin_facsimile import LogHandler


def settings(**changes):
    """The settings of Snakemake's output that the plugin reads."""
    defaults = {"stdout": True, "dryrun": False, "verbose": False}
    return types.SimpleNamespace(**(defaults | changes))


def record(event=None, message="", level=logging.INFO, **facts):
    record = logging.LogRecord("snakemake", level, "", 0, message, None, None)
    record.__dict__.update(facts, event=event)
    return record


@pytest.fixture
def handler(capsys, monkeypatch):
    """A handler that prints where pytest reads it, in a workflow of two jobs."""
    # A shell lets commands in the background ignore Ctrl-C, and so would the tests.
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    handler = LogHandler(settings(), None)
    handler.setFormatter(logging.Formatter("%(message)s"))
    yield handler
    handler.close()
    signal.signal(signal.SIGINT, previous)


def job(folder, jobid=1):
    outputs = [str(folder / "trained.json")]
    wildcards = {"dataset": "toy", "model": "beta_vae", "shard": "0123abcd"}
    return record(
        LogEvent.JOB_INFO, jobid=jobid, rule_name="train", output=outputs, wildcards=wildcards
    )


def test_a_line_has_the_jobs_and_how_far_each_of_them_is(handler, tmp_path):
    handler.emit(record(LogEvent.PROGRESS, done=3, total=8))
    handler.emit(job(tmp_path))
    assert re.fullmatch(r"3 of 8 jobs done, \d+ s · train toy/beta_vae", handler.line())
    with shard_progress.writing(tmp_path, "train", "steps", 100) as progress:
        progress.update(40)
        assert handler.line().endswith("· train toy/beta_vae: 40 of 100 steps")
    handler.emit(record(LogEvent.JOB_FINISHED, job_id=1))
    assert "beta_vae" not in handler.line()


def test_only_warnings_errors_and_the_end_are_printed(handler, capsys):
    handler.emit(record(message="Select jobs to execute..."))
    handler.emit(record(LogEvent.JOB_ERROR, "rule train failed", logging.ERROR, jobid=1))
    handler.emit(record(message="low on disk", level=logging.WARNING))
    handler.emit(record(message="Complete log(s): here"))
    printed = capsys.readouterr().out.splitlines()
    assert printed == ["rule train failed", "low on disk", "Complete log(s): here"]


def test_a_second_snakemake_in_a_folder_says_in_one_line_what_it_needs(handler, capsys):
    message = "LockException:\nError: Directory cannot be locked. Please make sure that …\n/folder"
    handler.emit(record(LogEvent.ERROR, message, logging.ERROR))
    [line] = capsys.readouterr().out.splitlines()
    assert "another snakemake is working in this folder" in line
    assert "snakemake --unlock" in line


def test_after_ctrl_c_the_errors_of_ended_jobs_are_no_news(handler, capsys):
    handler.emit(record(LogEvent.PROGRESS, done=3, total=8))
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    message = "Terminating processes on user request, this might take some time."
    handler.emit(record(message=message))
    handler.emit(record(LogEvent.JOB_ERROR, "Error in rule train", logging.ERROR, jobid=1))
    handler.emit(record(message="At least one job did not complete", level=logging.ERROR))
    handler.close()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Terminating processes on user request")
    assert re.fullmatch(r"Interrupted: 3 of 8 jobs done, \d+ s; the same command goes on", lines[1])
    assert len(lines) == 2
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


def test_ctrl_c_while_jobs_are_planned_is_one_line(handler, capsys):
    with pytest.raises(KeyboardInterrupt) as raised:
        signal.raise_signal(signal.SIGINT)
    # What Python does with an exception that nothing catches.
    sys.excepthook(raised.type, raised.value, raised.tb)
    handler.close()
    printed = capsys.readouterr()
    assert printed.out.startswith("Interrupted: 0 of 0 jobs done")
    assert len((printed.out + printed.err).splitlines()) == 1
    sys.excepthook(ValueError, ValueError("of another kind"), None)
    assert "of another kind" in capsys.readouterr().err


def test_an_ignored_ctrl_c_stays_ignored(capsys):
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        LogHandler(settings(), None).close()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, previous)


def test_a_dry_run_prints_everything(capsys):
    handler = LogHandler(settings(dryrun=True), None)
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.emit(record(LogEvent.RUN_INFO, "Job stats: train 1", stats={"total": 1}))
    handler.close()
    assert capsys.readouterr().out == "Job stats: train 1\n"


def test_time_left_is_that_of_this_job_alone(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(shard_progress.time, "monotonic", lambda: now[0])
    with shard_progress.writing(tmp_path, "train", "steps", 1000) as progress:
        progress.update(400)  # from a checkpoint
        now[0] += 30
        progress.update(500)
        read = shard_progress.read(tmp_path, "train")
        # 100 steps in 30 s; 500 are left.
        assert read.left == pytest.approx(150)
        assert read.text() == "500 of 1,000 steps, 2 min left"
    assert shard_progress.read(tmp_path, "train") is None


def test_a_damaged_or_old_file_of_progress_is_ignored(tmp_path):
    path = tmp_path / "progress-train.json"
    path.write_text("{")
    assert shard_progress.read(tmp_path, "train") is None
    path.write_text('{"stage":"train","unit":"steps","done":1,"total":2,"left":null}')
    assert shard_progress.read(tmp_path, "train").done == 1
    os.utime(path, (0, 0))
    assert shard_progress.read(tmp_path, "train") is None


@pytest.mark.slow
def test_a_real_workflow_prints_few_lines_and_bars_on_a_terminal(tmp_path):
    project = Project.create(tmp_path)
    printed = project.snakemake("tiny_table1").splitlines()
    assert len(printed) < 12, "\n".join(printed)
    assert re.search(r"(\d+) of \1 jobs done", printed[-1] + printed[-2])

    text = _on_terminal(project, "--forcerun", "collect", "--", "tiny_table1")
    assert "all jobs" in text
    assert "rule collect" not in text


def _on_terminal(project, *arguments):
    """Run snakemake with a terminal as its standard error; return what it printed there."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    environment = project.environment | {"TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        command,
        cwd=project.folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    parts = []
    while select.select([ours], [], [], 120)[0]:
        try:
            parts.append(os.read(ours, 65536))
        except OSError:
            break
    assert process.wait() == 0
    return b"".join(parts).decode(errors="replace")
